// The SSH server to go through. Its host key is read by the collector and confirmed by a person before it is believed.
import { http, unwrap } from "../api/client";
import { Button, TextArea, TextField } from "../ui/controls";
import { FailureLine } from "../ui/states";
import type { BastionDraft } from "./draft";
import { useFollowedJob } from "./jobs";

interface Props {
  bastion: BastionDraft;
  edit: (change: Partial<BastionDraft>) => void;
}

export function BastionFields({ bastion, edit }: Props) {
  return (
    <div className="bastion">
      <div className="bastion-address">
        <TextField
          label="Bastion host"
          required
          placeholder="bastion.example.org"
          value={bastion.host}
          onChange={(event) => edit({ host: event.target.value, hostKey: "", fingerprint: "", confirmed: false })}
        />
        <TextField
          label="Port"
          type="number"
          min={1}
          max={65_535}
          required
          value={bastion.port}
          onChange={(event) => edit({ port: event.target.value, hostKey: "", fingerprint: "", confirmed: false })}
        />
        <TextField label="User" required autoComplete="off" value={bastion.user} onChange={(event) => edit({ user: event.target.value })} />
      </div>
      <TextArea
        label="Private key"
        required
        spellCheck={false}
        autoComplete="off"
        placeholder="-----BEGIN OPENSSH PRIVATE KEY-----"
        hint="A key made for this alone is best: ssh-keygen -t ed25519 -f ai4k8s. Its public half goes into ~/.ssh/authorized_keys there."
        value={bastion.privateKey}
        onChange={(event) => edit({ privateKey: event.target.value })}
      />
      <TextField
        label="Passphrase (if it has one)"
        type="password"
        autoComplete="off"
        value={bastion.passphrase}
        onChange={(event) => edit({ passphrase: event.target.value })}
      />
      <HostKey bastion={bastion} edit={edit} />
    </div>
  );
}

function HostKey({ bastion, edit }: Props) {
  const reading = useFollowedJob(async () =>
    unwrap(http.POST("/api/v1/clusters/bastion-host-key", { body: { host: bastion.host.trim(), port: Number(bastion.port) } })),
  );
  const shown = reading.job?.status === "completed" ? (reading.job.result as { host_key: string; fingerprint: string }) : null;
  const fingerprint = bastion.fingerprint || shown?.fingerprint;
  return (
    <div className="host-key">
      <div className="drop-acts">
        <Button
          disabled={!bastion.host.trim() || reading.isRunning}
          onClick={() => {
            edit({ hostKey: "", fingerprint: "", confirmed: false });
            reading.start();
          }}
        >
          {reading.isRunning ? "Reading its host key …" : fingerprint ? "Read the host key again" : "Read its host key"}
        </Button>
        {!fingerprint && !reading.isRunning && <span className="muted">So that nobody else can pass for the bastion later.</span>}
      </div>
      <FailureLine error={reading.error ?? (reading.job?.error ? new Error(reading.job.error) : null)} />
      {fingerprint && (
        <>
          <p>
            It shows <code className="breakable">{fingerprint}</code>
          </p>
          <label className="check-line">
            <input
              type="checkbox"
              checked={bastion.confirmed}
              onChange={(event) =>
                edit({
                  confirmed: event.target.checked,
                  ...(shown ? { hostKey: shown.host_key, fingerprint: shown.fingerprint } : {}),
                })
              }
            />
            <span>
              This is my bastion's key.{" "}
              <span className="muted">
                On the bastion this prints the same: <code>ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub</code>
              </span>
            </span>
          </label>
        </>
      )}
    </div>
  );
}
