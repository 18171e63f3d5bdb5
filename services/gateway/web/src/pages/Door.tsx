// Log in and register.
import "./door.css";

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { Link, useLocation } from "react-router";

import { ApiError, http, rememberCsrfToken, unwrap } from "../api/client";
import { sessionQuery } from "../api/queries";
import { Button, TextField } from "../ui/controls";
import { FailureLine } from "../ui/states";

const SHORTEST_PASSWORD = 10;

export function Door({ kind }: { kind: "login" | "register" }) {
  const [username, setUsername] = useState("");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const queries = useQueryClient();
  const location = useLocation();
  const enter = useMutation({
    mutationFn: () =>
      kind === "login"
        ? unwrap(http.POST("/api/v1/auth/login", { body: { username, password } }))
        : unwrap(http.POST("/api/v1/auth/register", { body: { username, email, password } })),
    onSuccess: (session) => {
      rememberCsrfToken(session.csrf_token);
      queries.setQueryData(sessionQuery.queryKey, session);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    enter.mutate();
  };
  const wrong = (field: string) =>
    enter.error instanceof ApiError
      ? enter.error.fields.find((item) => item.field === `body.${field}`)?.message
      : undefined;
  const isLogin = kind === "login";
  return (
    <main className="door">
      <div className="door-box">
        <p className="door-brand">
          <Link to="/">AI4K8s</Link>
        </p>
        <p className="muted">Knows what your clusters are about to need, and scales before demand arrives.</p>
        <h1>{isLogin ? "Log in" : "Register"}</h1>
        <form onSubmit={submit}>
          <TextField
            label="Username"
            autoComplete="username"
            autoCapitalize="none"
            required
            value={username}
            error={wrong("username")}
            onChange={(event) => setUsername(event.target.value)}
          />
          {!isLogin && (
            <TextField
              label="Email"
              type="email"
              autoComplete="email"
              required
              value={email}
              error={wrong("email")}
              onChange={(event) => setEmail(event.target.value)}
            />
          )}
          <TextField
            label="Password"
            type="password"
            autoComplete={isLogin ? "current-password" : "new-password"}
            required
            minLength={isLogin ? undefined : SHORTEST_PASSWORD}
            hint={isLogin ? undefined : `At least ${SHORTEST_PASSWORD} characters; several words are best.`}
            value={password}
            error={wrong("password")}
            onChange={(event) => setPassword(event.target.value)}
          />
          <FailureLine error={enter.error} />
          <Button type="submit" weight="primary" disabled={enter.isPending}>
            {enter.isPending ? "One moment …" : isLogin ? "Log in" : "Register"}
          </Button>
        </form>
        <p className="door-other">
          {isLogin ? (
            <>
              No account? <Link to="/register" state={location.state}>Register</Link>
            </>
          ) : (
            <>
              Have an account? <Link to="/login" state={location.state}>Log in</Link>
            </>
          )}
        </p>
      </div>
    </main>
  );
}
