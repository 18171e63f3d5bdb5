// API tokens: made with scopes, shown once, revoked. The same for oneself and for a service account.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";

import { http, unwrap, type Schemas } from "../api/client";
import { Button, TextField } from "../ui/controls";
import { FailureLine, FailureState, Skeleton } from "../ui/states";
import { Time } from "../ui/Time";

type NewToken = Schemas["NewToken"];
type Scope = NewToken["scopes"][number];

const SCOPES: readonly { scope: Scope; says: string }[] = [
  { scope: "cluster:read", says: "read clusters, workloads, forecasts, decisions" },
  { scope: "workload:scale", says: "policies, schedules, HPAs, freezes, orders" },
  { scope: "object:write", says: "apply approved plans" },
  { scope: "object:exec", says: "exec and port-forward" },
  { scope: "chat:use", says: "ask" },
  { scope: "manifest:use", says: "draft and check manifests" },
  { scope: "cluster:manage", says: "connect, change and remove clusters" },
  { scope: "team:manage", says: "members and roles" },
  { scope: "audit:read", says: "read the audit log" },
];

interface Source {
  key: readonly string[];
  list: () => Promise<Schemas["TokenList"]>;
  make: (body: NewToken) => Promise<Schemas["MadeToken"]>;
  revoke: (tokenId: string) => Promise<unknown>;
}

export function OwnTokens() {
  return (
    <Tokens
      source={{
        key: ["tokens"],
        list: () => unwrap(http.GET("/api/v1/tokens")),
        make: (body) => unwrap(http.POST("/api/v1/tokens", { body })),
        revoke: (tokenId) => unwrap(http.DELETE("/api/v1/tokens/{token_id}", { params: { path: { token_id: tokenId } } })),
      }}
    />
  );
}

export function TokensOfAccount({ teamId, accountId }: { teamId: string; accountId: string }) {
  const path = { team_id: teamId, account_id: accountId };
  return (
    <Tokens
      source={{
        key: ["teams", teamId, "tokens", accountId],
        list: () => unwrap(http.GET("/api/v1/teams/{team_id}/service-accounts/{account_id}/tokens", { params: { path } })),
        make: (body) => unwrap(http.POST("/api/v1/teams/{team_id}/service-accounts/{account_id}/tokens", { params: { path }, body })),
        revoke: (tokenId) =>
          unwrap(http.DELETE("/api/v1/teams/{team_id}/service-accounts/{account_id}/tokens/{token_id}", { params: { path: { ...path, token_id: tokenId } } })),
      }}
    />
  );
}

function Tokens({ source }: { source: Source }) {
  const queries = useQueryClient();
  const tokens = useQuery({ queryKey: source.key, queryFn: source.list });
  const [made, setMade] = useState<Schemas["MadeToken"] | null>(null);
  const stale = () => queries.invalidateQueries({ queryKey: source.key });
  const make = useMutation({
    mutationFn: source.make,
    onSuccess: async (token) => {
      setMade(token);
      await stale();
    },
  });
  if (tokens.isPending) return <Skeleton height={120} label="Loading tokens" />;
  if (tokens.isError && !tokens.data) return <FailureState error={tokens.error} retry={() => void tokens.refetch()} />;
  return (
    <>
      {made && <Shown token={made} done={() => setMade(null)} />}
      {tokens.data.items.length > 0 && <TokenTable tokens={tokens.data.items} revoke={source.revoke} stale={stale} />}
      <MakeToken make={(body) => make.mutate(body)} isPending={make.isPending} error={make.error} />
    </>
  );
}

function Shown({ token, done }: { token: Schemas["MadeToken"]; done: () => void }) {
  return (
    <div className="token-shown" role="status">
      <p>
        This is the only time that <strong>{token.name}</strong> is shown. Keep it where your program finds it.
      </p>
      <pre className="command">
        <code>{token.token}</code>
      </pre>
      <div className="token-acts">
        <Button onClick={() => void navigator.clipboard.writeText(token.token)}>Copy</Button>
        <Button onClick={done}>I have it</Button>
      </div>
    </div>
  );
}

function TokenTable({ tokens, revoke, stale }: { tokens: Schemas["TokenView"][]; revoke: Source["revoke"]; stale: () => Promise<void> }) {
  const end = useMutation({ mutationFn: revoke, onSuccess: stale });
  return (
    <>
      <table className="rows">
        <thead>
          <tr>
            <th scope="col">Token</th>
            <th scope="col">For</th>
            <th scope="col" className="number">
              Last used
            </th>
            <th scope="col" className="number">
              Ends
            </th>
            <th scope="col">
              <span className="visually-hidden">What to do</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {tokens.map((token) => (
            <tr key={token.id}>
              <th scope="row">
                {token.name} <span className="quiet">{token.prefix}…</span>
              </th>
              <td data-label="For">
                {token.scopes.join(", ")}
                {token.cluster_ids && ` in ${token.cluster_ids.length} ${token.cluster_ids.length === 1 ? "cluster" : "clusters"}`}
              </td>
              <td className="number" data-label="Last used">
                {token.last_used_at ? <span title={`from ${token.last_used_from}`}><Time at={token.last_used_at} relative /></span> : "never"}
              </td>
              <td className="number" data-label="Ends">
                {token.expires_at ? <Time at={token.expires_at} /> : "never"}
              </td>
              <td>
                <Button className="button-small" disabled={end.isPending} onClick={() => end.mutate(token.id)}>
                  Revoke
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <FailureLine error={end.error} />
    </>
  );
}

function MakeToken({ make, isPending, error }: { make: (body: NewToken) => void; isPending: boolean; error: Error | null }) {
  const [name, setName] = useState("");
  const [days, setDays] = useState("90");
  const [scopes, setScopes] = useState<readonly Scope[]>(["cluster:read"]);
  const toggle = (scope: Scope) => setScopes(scopes.includes(scope) ? scopes.filter((other) => other !== scope) : [...scopes, scope]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make({ name: name.trim(), scopes: [...scopes], expires_in_days: days ? Number(days) : null });
    setName("");
  };
  return (
    <form className="panel-body token-form" onSubmit={submit}>
      <TextField label="New token" required maxLength={80} placeholder="what it is for" value={name} onChange={(event) => setName(event.target.value)} />
      <TextField label="Ends after" type="number" min={1} max={3650} unit="days" hint="empty: never, until it is revoked" value={days} onChange={(event) => setDays(event.target.value)} />
      <fieldset className="token-scopes">
        <legend>It may</legend>
        {SCOPES.map(({ scope, says }) => (
          <label key={scope}>
            <input type="checkbox" checked={scopes.includes(scope)} onChange={() => toggle(scope)} /> <code>{scope}</code> <span className="muted">{says}</span>
          </label>
        ))}
      </fieldset>
      <div className="token-acts">
        <Button type="submit" weight="primary" disabled={isPending || !name.trim() || scopes.length === 0}>
          Make it
        </Button>
        <span className="muted">It never may more than its owner may at that moment.</span>
      </div>
      <FailureLine error={error} />
    </form>
  );
}
