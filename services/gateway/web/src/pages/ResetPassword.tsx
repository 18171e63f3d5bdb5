// A new password: by a link that serves once, or the asking for such a link where mail is sent.
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { Link, useNavigate } from "react-router";

import { http, unwrap } from "../api/client";
import { tokenOfAddress } from "../door/queries";
import { Button, TextField } from "../ui/controls";
import { FailureLine } from "../ui/states";
import { DoorFrame, fieldProblem, NewPasswordField } from "./Door";

export function ResetPassword() {
  const navigate = useNavigate();
  const [token] = useState(tokenOfAddress);
  const [password, setPassword] = useState("");
  const seen = useQuery({
    queryKey: ["reset", token],
    queryFn: () => unwrap(http.POST("/api/v1/auth/reset", { body: { token } })),
    retry: false,
    staleTime: Infinity,
  });
  const set = useMutation({
    mutationFn: () => unwrap(http.POST("/api/v1/auth/reset/password", { body: { token, password } })),
    onSuccess: () => void navigate("/login", { state: { told: "✓ The password is set, and every session has ended. Log in with it." } }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    set.mutate();
  };
  return (
    <DoorFrame title="New password">
      {seen.isError ? (
        <FailureLine error={seen.error} />
      ) : (
        <form onSubmit={submit}>
          <TextField label="Username" autoComplete="username" readOnly value={seen.data?.username ?? ""} />
          <NewPasswordField label="New password" value={password} error={fieldProblem(set.error, "password")} onChange={setPassword} />
          <FailureLine error={set.error} />
          <Button type="submit" weight="primary" disabled={set.isPending || !seen.data}>
            {set.isPending ? "One moment …" : "Set the password"}
          </Button>
        </form>
      )}
      <p className="door-other">
        <Link to="/login">Log in</Link>
      </p>
    </DoorFrame>
  );
}

export function ForgotPassword() {
  const [who, setWho] = useState("");
  const ask = useMutation({ mutationFn: () => unwrap(http.POST("/api/v1/auth/forgot", { body: { username_or_email: who } })) });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    ask.mutate();
  };
  return (
    <DoorFrame title="Forgot the password">
      {ask.isSuccess ? (
        <p role="status">If there is such an account with an address, a link is on its way there. It serves once and not for long.</p>
      ) : (
        <form onSubmit={submit}>
          <TextField label="Username or email" autoComplete="username" autoCapitalize="none" required value={who} onChange={(event) => setWho(event.target.value)} />
          <FailureLine error={ask.error} />
          <Button type="submit" weight="primary" disabled={ask.isPending}>
            {ask.isPending ? "One moment …" : "Send a link"}
          </Button>
        </form>
      )}
      <p className="door-other">
        <Link to="/login">Log in</Link>
      </p>
    </DoorFrame>
  );
}
