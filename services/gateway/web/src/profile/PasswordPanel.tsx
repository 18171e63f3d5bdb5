// Change the password, or set a first one.
import { useState, type FormEvent } from "react";

import { http, unwrap } from "../api/client";
import { fieldProblem, NewPasswordField } from "../pages/Door";
import { Button, TextField } from "../ui/controls";
import { FailureLine } from "../ui/states";
import { takeSession, useChange, type Profile } from "./queries";

export function PasswordPanel({ profile }: { profile: Profile }) {
  const [current, setCurrent] = useState("");
  const [wanted, setWanted] = useState("");
  const change = useChange(
    () => unwrap(http.POST("/api/v1/me/password", { body: { new_password: wanted, ...(profile.has_password ? { current_password: current } : {}) } })),
    (session, queries) => {
      takeSession(queries, session);
      setCurrent("");
      setWanted("");
    },
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate(undefined);
  };
  return (
    <section className="panel" aria-labelledby="password-title">
      <div className="panel-head">
        <h2 id="password-title">Password</h2>
        {!profile.has_password && <span className="muted">none yet: you come by single sign-on</span>}
      </div>
      <form className="panel-body profile-form" onSubmit={submit}>
        <input type="text" autoComplete="username" value={profile.username} readOnly hidden />
        {profile.has_password && (
          <TextField label="Present password" type="password" autoComplete="current-password" required value={current} onChange={(event) => setCurrent(event.target.value)} />
        )}
        <NewPasswordField label="New password" value={wanted} error={fieldProblem(change.error, "new_password")} onChange={setWanted} />
        <FailureLine error={change.error} />
        <div className="form-acts">
          <Button type="submit" disabled={change.isPending}>
            {change.isPending ? "Changing …" : profile.has_password ? "Change the password" : "Set a password"}
          </Button>
          {change.isSuccess && <span role="status">✓ Changed; all your other sessions have ended.</span>}
        </div>
      </form>
    </section>
  );
}
