// Log in and register, with a second step and single sign-on where there are such.
import "./door.css";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent, type ReactNode } from "react";
import { Link, useLocation } from "react-router";

import { ApiError, http, rememberCsrfToken, unwrap, type Session } from "../api/client";
import { sessionQuery } from "../api/queries";
import { problemWords, tokenOfAddress, waysQuery } from "../door/queries";
import { SingleSignOnButton } from "../door/SingleSignOn";
import { Button, TextField } from "../ui/controls";
import { FailureLine } from "../ui/states";

const SHORTEST_PASSWORD = 10;
const NEEDS_CODE = new Set(["second_step_required", "wrong_code"]);

/** The frame of every page that stands before the log-in. */
export function DoorFrame({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className="door">
      <div className="door-box">
        <p className="door-brand">
          <Link to="/">AI4K8s</Link>
        </p>
        <p className="muted">Knows what your clusters are about to need, and scales before demand arrives.</p>
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  );
}

export function useEnter(enter: () => Promise<Session>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: enter,
    onSuccess: (session) => {
      rememberCsrfToken(session.csrf_token);
      queries.setQueryData(sessionQuery.queryKey, session);
    },
  });
}

export const fieldProblem = (error: Error | null, field: string): string | undefined =>
  error instanceof ApiError ? error.fields.find((item) => item.field === `body.${field}`)?.message : undefined;

export function Door({ kind }: { kind: "login" | "register" | "join" }) {
  return kind === "login" ? <LogIn /> : <Register byLink={kind === "join"} />;
}

function LogIn() {
  const location = useLocation();
  const state = location.state as { wanted?: string; told?: string } | null;
  const ways = useQuery(waysQuery).data;
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState<string | null>(null);
  const enter = useEnter(() =>
    unwrap(http.POST("/api/v1/auth/login", { body: { username, password, ...(code ? { code } : {}) } })),
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    enter.mutate(undefined, {
      onError: (error) => {
        if (!(error instanceof ApiError)) return;
        if (NEEDS_CODE.has(error.code)) setCode("");
        else if (error.code === "wrong_credentials") setCode(null);
      },
    });
  };
  const isFirstAsk = enter.error instanceof ApiError && enter.error.code === "second_step_required";
  const problem = problemWords(new URLSearchParams(location.search).get("problem"));
  return (
    <DoorFrame title={code === null ? "Log in" : "Second step"}>
      {state?.told && <p role="status">{state.told}</p>}
      {problem && !enter.error && (
        <p className="failure-line" role="alert">
          <span aria-hidden="true">■</span> {problem}
        </p>
      )}
      <form onSubmit={submit}>
        {code === null ? (
          <>
            <TextField label="Username" autoComplete="username" autoCapitalize="none" required value={username} onChange={(event) => setUsername(event.target.value)} />
            <TextField label="Password" type="password" autoComplete="current-password" required value={password} onChange={(event) => setPassword(event.target.value)} />
          </>
        ) : (
          <TextField
            key="code"
            label="Code of your app"
            hint="Six digits. Without the phone: one of your recovery codes."
            autoComplete="one-time-code"
            autoCapitalize="none"
            autoFocus
            required
            value={code}
            onChange={(event) => setCode(event.target.value)}
          />
        )}
        {!isFirstAsk && <FailureLine error={enter.error} />}
        <Button type="submit" weight="primary" disabled={enter.isPending}>
          {enter.isPending ? "One moment …" : "Log in"}
        </Button>
        {code !== null && <Button onClick={() => { setCode(null); enter.reset(); }}>Back</Button>}
      </form>
      {code === null && ways?.single_sign_on && (
        <SingleSignOnButton label={ways.single_sign_on.label} returnTo={state?.wanted ?? "/"} />
      )}
      {ways && (
        <p className="door-other">
          {ways.registration === "open" && (
            <>
              No account? <Link to="/register" state={location.state}>Register</Link>.{" "}
            </>
          )}
          {ways.registration === "invitation" && "No account? Ask an administrator for an invitation. "}
          {ways.resets_by_mail ? <Link to="/forgot">Forgot the password?</Link> : "Forgot the password? An administrator makes a link for a new one."}
        </p>
      )}
    </DoorFrame>
  );
}

function Register({ byLink }: { byLink: boolean }) {
  const location = useLocation();
  const [token] = useState(() => (byLink ? tokenOfAddress() : ""));
  const ways = useQuery(waysQuery).data;
  const invitation = useQuery({
    queryKey: ["invitation", token],
    queryFn: () => unwrap(http.POST("/api/v1/auth/invitation", { body: { token } })),
    enabled: byLink,
    retry: false,
    staleTime: Infinity,
  });
  const [typedEmail, setEmail] = useState<string | null>(null);
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const email = typedEmail ?? invitation.data?.email ?? "";
  const enter = useEnter(() =>
    unwrap(http.POST("/api/v1/auth/register", { body: { username, email, password, ...(token ? { invitation_token: token } : {}) } })),
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    enter.mutate();
  };
  const title = byLink ? "Accept the invitation" : "Register";
  const closed = !byLink && ways && ways.registration !== "open";
  const logIn = (
    <p className="door-other">
      Have an account? <Link to="/login" state={location.state}>Log in</Link>
    </p>
  );
  if (closed || invitation.isError) {
    return (
      <DoorFrame title={title}>
        {invitation.isError ? <FailureLine error={invitation.error} /> : <p>New accounts are by invitation here. Ask an administrator for a link.</p>}
        {logIn}
      </DoorFrame>
    );
  }
  return (
    <DoorFrame title={title}>
      {invitation.data && <p>You are invited as {invitation.data.role}. The link serves once.</p>}
      <form onSubmit={submit}>
        <TextField label="Username" autoComplete="username" autoCapitalize="none" required value={username} error={fieldProblem(enter.error, "username")} onChange={(event) => setUsername(event.target.value)} />
        <TextField label="Email" type="email" autoComplete="email" required readOnly={Boolean(invitation.data?.email)} value={email} error={fieldProblem(enter.error, "email")} onChange={(event) => setEmail(event.target.value)} />
        <NewPasswordField value={password} error={fieldProblem(enter.error, "password")} onChange={setPassword} />
        <FailureLine error={enter.error} />
        <Button type="submit" weight="primary" disabled={enter.isPending || (byLink && !invitation.data)}>
          {enter.isPending ? "One moment …" : byLink ? "Make the account" : "Register"}
        </Button>
      </form>
      {ways?.single_sign_on && <SingleSignOnButton label={ways.single_sign_on.label} returnTo="/" {...(token ? { invitation: token } : {})} />}
      {logIn}
    </DoorFrame>
  );
}

export function NewPasswordField({ value, error, onChange, label = "Password" }: { value: string; error?: string | undefined; onChange: (value: string) => void; label?: string }) {
  return (
    <TextField
      label={label}
      type="password"
      autoComplete="new-password"
      required
      minLength={SHORTEST_PASSWORD}
      hint={`At least ${SHORTEST_PASSWORD} characters; several words are best.`}
      value={value}
      error={error}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}
