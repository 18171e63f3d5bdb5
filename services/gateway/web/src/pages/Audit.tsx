// Who did what, to what, from where, and how it ended; and the proof that nobody edited it.
import "../audit/audit.css";

import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";

import type { Session } from "../api/client";
import { clustersQuery } from "../api/queries";
import { auditExport, auditQuery, verifyQuery, type AuditEntry, type AuditResult, type AuditSearch } from "../audit/queries";
import { Badge, Button, Segmented, Shape, TextField, type Tone } from "../ui/controls";
import { Facts } from "../ui/Facts";
import { FailureLine, FailureState, RowsSkeleton } from "../ui/states";
import { Time } from "../ui/Time";
import { Diff } from "../plans/Diff";

const RESULTS: { value: AuditResult | ""; label: string }[] = [
  { value: "", label: "all" },
  { value: "done", label: "done" },
  { value: "refused", label: "refused" },
  { value: "failed", label: "failed" },
];
const TONES: Record<AuditResult, Tone> = { done: "good", refused: "warn", failed: "bad" };
const EVERYTHING: AuditSearch = { who: "", text: "", clusterId: "", result: "", days: null };

export function Audit({ session }: { session: Session }) {
  const [search, setSearch] = useState(EVERYTHING);
  const wanted = useDeferredValue(search);
  const clusters = useQuery(clustersQuery).data?.items ?? [];
  const log = useInfiniteQuery(auditQuery(wanted));
  const items = log.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <h1>Audit</h1>
      {session.user.role === "admin" ? <Proof /> : <p className="muted">You see what was done where you administrate. That nobody edited it, administrators of the installation verify.</p>}
      <section className="panel" aria-labelledby="audit-title">
        <div className="panel-head">
          <h2 id="audit-title">What was done</h2>
          <span className="muted">newest first</span>
          <span className="panel-more">
            <a href={auditExport(wanted, "csv")}>Export as table</a> · <a href={auditExport(wanted, "jsonl")}>as JSON lines</a>
          </span>
        </div>
        <div className="audit-search">
          <TextField label="Who" value={search.who} maxLength={100} placeholder="name or address" onChange={(event) => setSearch({ ...search, who: event.target.value })} />
          <TextField label="What" value={search.text} maxLength={100} placeholder="object, act, words" onChange={(event) => setSearch({ ...search, text: event.target.value })} />
          <div className="field">
            <label htmlFor="audit-cluster">Cluster</label>
            <select id="audit-cluster" value={search.clusterId} onChange={(event) => setSearch({ ...search, clusterId: event.target.value })}>
              <option value="">all</option>
              {clusters.map((cluster) => (
                <option key={cluster.id} value={cluster.id}>
                  {cluster.name}
                </option>
              ))}
            </select>
          </div>
          <div className="field">
            <label htmlFor="audit-days">Time</label>
            <select id="audit-days" value={search.days ?? ""} onChange={(event) => setSearch({ ...search, days: Number(event.target.value) || null })}>
              <option value="">all that is kept</option>
              <option value="1">last day</option>
              <option value="7">last 7 days</option>
              <option value="30">last 30 days</option>
            </select>
          </div>
          <Segmented legend="Result" choices={RESULTS} value={search.result} onChange={(result) => setSearch({ ...search, result })} />
        </div>
        {log.isPending ? (
          <RowsSkeleton rows={10} label="Loading the audit log" />
        ) : log.isError && items.length === 0 ? (
          <FailureState error={log.error} retry={() => void log.refetch()} />
        ) : items.length === 0 ? (
          <p className="panel-empty">Nothing matches. Search for less.</p>
        ) : (
          <ul className="audit-list">
            {items.map((entry) => (
              <Entry key={`${entry.service} ${entry.seq}`} entry={entry} />
            ))}
          </ul>
        )}
        {log.hasNextPage && (
          <p className="audit-foot">
            <Button onClick={() => void log.fetchNextPage()} disabled={log.isFetchingNextPage}>
              {log.isFetchingNextPage ? "Loading …" : "Show older"}
            </Button>
          </p>
        )}
      </section>
    </>
  );
}

function Entry({ entry }: { entry: AuditEntry }) {
  const after = entry.after as { diff?: unknown } | null;
  const diff = typeof after?.diff === "string" ? after.diff : null;
  return (
    <li>
      <details className="audit-entry">
        <summary>
          <strong>{entry.actor || entry.service}</strong>
          <span>{entry.action.replaceAll(/[_.]/g, " ")}</span>
          <span className="breakable">{[entry.namespace, entry.object].filter(Boolean).join("/")}</span>
          {entry.cluster_name && <span className="muted">{entry.cluster_name}</span>}
          <Badge tone={TONES[entry.result]}>{entry.result}</Badge>
          <span className="audit-at">
            <Time at={entry.at} relative />
          </span>
        </summary>
        <div className="audit-more">
          {entry.detail && <p>{entry.detail}</p>}
          {diff && <Diff text={diff} label={entry.object} />}
          <Facts
            none="nothing more"
            value={{
              from: entry.client || null,
              ...(entry.token ? { token: entry.token } : {}),
              ...(entry.before != null ? { before: entry.before } : {}),
              ...(entry.after != null ? { after: diff ? { ...(entry.after as object), diff: "above" } : entry.after } : {}),
              chain: `${entry.service}, entry ${entry.seq}`,
              hash: entry.hash,
            }}
          />
        </div>
      </details>
    </li>
  );
}

function Proof() {
  const proof = useQuery(verifyQuery);
  return (
    <section className="panel" aria-labelledby="proof-title">
      <div className="panel-head">
        <h2 id="proof-title">Proof</h2>
        {proof.data && <Badge tone={proof.data.whole ? "good" : "bad"}>{proof.data.whole ? "whole" : "broken"}</Badge>}
        <span className="muted">Each entry covers the one before by a hash: one that was edited, removed or moved is found.</span>
        <span className="panel-more">
          <Button disabled={proof.isFetching} onClick={() => void proof.refetch()}>
            {proof.isFetching ? "Walking along …" : "Verify"}
          </Button>
        </span>
      </div>
      {proof.data?.chains.map((chain) => (
        <div key={chain.service} className="audit-chain">
          <span>
            <Shape tone={chain.problem ? "bad" : "good"} /> <strong>{chain.service}</strong>
          </span>
          <span>{chain.problem || `${chain.rows} entries, whole`}</span>
          {!chain.problem && chain.head_seq > 0 && (
            <span className="mono muted">
              {chain.service}:{chain.head_seq}:{chain.head_hash}
            </span>
          )}
        </div>
      ))}
      <FailureLine error={proof.error} />
    </section>
  );
}
