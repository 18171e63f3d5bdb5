// Whether one may also come by the provider of single sign-on; linked from inside, with the password.
import { useState, type FormEvent } from "react";

import { http, unwrap } from "../api/client";
import { Badge, Button, TextField } from "../ui/controls";
import { FailureLine } from "../ui/states";
import { useChange, type Profile } from "./queries";

export function SingleSignOnPanel({ profile, label }: { profile: Profile; label: string }) {
  const [password, setPassword] = useState("");
  const isLinked = profile.identities.length > 0;
  const body = profile.has_password ? { password } : {};
  const link = useChange(
    () => unwrap(http.POST("/api/v1/me/single-sign-on", { body })),
    ({ address }) => window.location.assign(address),
  );
  const unlink = useChange(() => unwrap(http.POST("/api/v1/me/single-sign-on/unlink", { body })), () => setPassword(""));
  const act = isLinked ? unlink : link;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    act.mutate(undefined);
  };
  return (
    <section className="panel" aria-labelledby="sso-title">
      <div className="panel-head">
        <h2 id="sso-title">{label}</h2>
        {isLinked ? <Badge tone="good">linked</Badge> : <Badge tone="neutral">not linked</Badge>}
        {isLinked && <span className="muted">as {profile.identities.map((item) => item.label).join(", ")}</span>}
      </div>
      <form className="panel-body profile-form" onSubmit={submit}>
        {isLinked && !profile.has_password ? (
          <p className="muted">It is your only way in. Set a password before you unlink it.</p>
        ) : (
          <>
            {profile.has_password && (
              <TextField label="Password" type="password" autoComplete="current-password" required value={password} onChange={(event) => setPassword(event.target.value)} />
            )}
            <FailureLine error={act.error} />
            <div className="form-acts">
              <Button type="submit" disabled={act.isPending}>{isLinked ? "Unlink" : `Link with ${label}`}</Button>
            </div>
          </>
        )}
      </form>
    </section>
  );
}
