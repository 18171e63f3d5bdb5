// The second factor: set up with a picture, confirmed with a first code, and its recovery codes, shown once.
import { useState, type FormEvent } from "react";

import { http, unwrap } from "../api/client";
import { Badge, Button, TextField } from "../ui/controls";
import { FailureLine } from "../ui/states";
import { takeSession, useChange, type Profile } from "./queries";

export function SecondFactorPanel({ profile, isRequired }: { profile: Profile; isRequired: boolean }) {
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  return (
    <section className="panel" aria-labelledby="factor-title">
      <div className="panel-head">
        <h2 id="factor-title">Second factor</h2>
        {profile.has_second_factor ? <Badge tone="good">on</Badge> : <Badge tone={isRequired ? "warn" : "neutral"}>{isRequired ? "required, not set up" : "off"}</Badge>}
        {profile.has_second_factor && <span className="muted">{profile.recovery_codes_left} recovery codes left</span>}
      </div>
      <div className="panel-body profile-form">
        {codes && <RecoveryCodes codes={codes} />}
        {profile.has_second_factor ? <Change onCodes={setCodes} /> : <SetUp profile={profile} onCodes={setCodes} />}
      </div>
    </section>
  );
}

function RecoveryCodes({ codes }: { codes: readonly string[] }) {
  return (
    <div className="profile-codes" role="status">
      <p>
        <strong>Keep these recovery codes.</strong> Each lets you in once when the phone is lost. They are not shown again.
      </p>
      <pre className="command">
        <code>{codes.join("\n")}</code>
      </pre>
      <Button onClick={() => void navigator.clipboard.writeText(codes.join("\n"))}>Copy</Button>
    </div>
  );
}

function SetUp({ profile, onCodes }: { profile: Profile; onCodes: (codes: readonly string[]) => void }) {
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const begin = useChange(() => unwrap(http.POST("/api/v1/me/second-factor", { body: profile.has_password ? { password } : {} })));
  const confirm = useChange(
    () => unwrap(http.POST("/api/v1/me/second-factor/confirm", { body: { code } })),
    (made, queries) => {
      onCodes(made.recovery_codes);
      if (made.session) takeSession(queries, made.session);
    },
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (begin.data) confirm.mutate(undefined);
    else begin.mutate(undefined);
  };
  return (
    <form className="profile-form" onSubmit={submit}>
      <p className="muted">With a second factor a stolen password lets nobody in: at log-in you also type what an app on your phone shows.</p>
      {begin.data ? (
        <>
          <p>Scan this with an authenticator app, then type the six digits that it shows.</p>
          <img className="profile-picture" src={`/api/v1/me/second-factor/picture.svg?${begin.submittedAt}`} alt="QR code for the authenticator app" width={200} height={200} />
          <p className="muted">
            Or type the key: <code className="breakable">{begin.data.secret}</code>
          </p>
          <TextField label="Code" inputMode="numeric" autoComplete="one-time-code" required value={code} onChange={(event) => setCode(event.target.value)} />
        </>
      ) : (
        profile.has_password && (
          <TextField label="Password" type="password" autoComplete="current-password" required value={password} onChange={(event) => setPassword(event.target.value)} />
        )
      )}
      <FailureLine error={confirm.error ?? begin.error} />
      <div className="form-acts">
        <Button type="submit" weight={begin.data ? "primary" : "plain"} disabled={begin.isPending || confirm.isPending}>
          {begin.data ? "Confirm" : "Set up"}
        </Button>
      </div>
    </form>
  );
}

function Change({ onCodes }: { onCodes: (codes: readonly string[] | null) => void }) {
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const body = { password, code };
  const clear = () => {
    setPassword("");
    setCode("");
  };
  const renew = useChange(
    () => unwrap(http.POST("/api/v1/me/second-factor/recovery-codes", { body })),
    (made) => {
      onCodes(made.recovery_codes);
      clear();
    },
  );
  const remove = useChange(
    () => unwrap(http.POST("/api/v1/me/second-factor/remove", { body })),
    (session, queries) => {
      takeSession(queries, session);
      onCodes(null);
    },
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    remove.reset();
    renew.mutate(undefined);
  };
  return (
    <form className="profile-form" onSubmit={submit}>
      <TextField label="Password" type="password" autoComplete="current-password" required value={password} onChange={(event) => setPassword(event.target.value)} />
      <TextField label="Code of your app, or a recovery code" autoComplete="one-time-code" required value={code} onChange={(event) => setCode(event.target.value)} />
      <FailureLine error={remove.error ?? renew.error} />
      <div className="form-acts">
        <Button type="submit" disabled={renew.isPending}>New recovery codes</Button>
        <Button
          disabled={remove.isPending || !password || !code}
          onClick={() => {
            renew.reset();
            remove.mutate(undefined);
          }}
        >
          Take it away
        </Button>
      </div>
    </form>
  );
}
