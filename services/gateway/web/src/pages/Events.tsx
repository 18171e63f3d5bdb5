// What a cluster reports about its objects, and what bounds its namespaces.
import "../observed/observed.css";

import { useQuery } from "@tanstack/react-query";

import type { Limits } from "../api/client";
import { eventsQuery, limitsQuery } from "../api/queries";
import { bytes, significant } from "../format";
import { EventRows } from "../observed/EventRows";
import { Badge } from "../ui/controls";
import { Meter } from "../ui/Meter";
import { EmptyState, FailureLine, FailureState, RowsSkeleton } from "../ui/states";
import { useCluster } from "./ClusterLayout";

export function Events() {
  const cluster = useCluster();
  const events = useQuery(eventsQuery(cluster.id));
  const limits = useQuery(limitsQuery(cluster.id));
  if (events.isPending) return <RowsSkeleton rows={8} label="Loading events" />;
  if (events.isError && !events.data) return <FailureState error={events.error} retry={() => void events.refetch()} />;
  const { items } = events.data;
  return (
    <>
      {items.length === 0 ? (
        <EmptyState title="The cluster reports nothing">
          Events appear when something happens to its objects. If they may not be listed, the overview says so.
        </EmptyState>
      ) : (
        <section className="panel" aria-labelledby="events-title">
          <div className="panel-head">
            <h2 id="events-title">Events</h2>
            <span className="muted">the same told once, the newest first</span>
          </div>
          <EventRows events={items} clusterId={cluster.id} />
        </section>
      )}
      <FailureLine error={limits.error} />
      {limits.data && limits.data.quotas.length > 0 && <Quotas quotas={limits.data.quotas} />}
      {limits.data && limits.data.volume_claims.length > 0 && <Claims claims={limits.data.volume_claims} />}
    </>
  );
}

const tell = (resource: string, value: number): string => (/memory|storage/.test(resource) ? bytes(value) : significant(value));

function Quotas({ quotas }: { quotas: Limits["quotas"] }) {
  const lines = quotas.flatMap((quota) =>
    Object.entries(quota.hard).map(([resource, hard]) => ({ quota, resource, hard, used: quota.used[resource] ?? null })),
  );
  return (
    <section className="panel" aria-labelledby="quotas-title">
      <div className="panel-head">
        <h2 id="quotas-title">Quotas</h2>
        <span className="muted">a scale-up beyond one is refused by the cluster</span>
      </div>
      <table className="rows">
        <thead>
          <tr>
            <th scope="col">Namespace</th>
            <th scope="col">Resource</th>
            <th scope="col">In use</th>
          </tr>
        </thead>
        <tbody>
          {lines.map(({ quota, resource, hard, used }) => (
            <tr key={`${quota.namespace}/${quota.name}/${resource}`}>
              <th scope="row">
                {quota.namespace} <span className="muted">{quota.name}</span>
              </th>
              <td data-label="Resource">{resource}</td>
              <td data-label="In use">
                <Meter
                  label={`${resource} in use in ${quota.namespace}`}
                  share={used === null || hard <= 0 ? null : used / hard}
                  words={`${used === null ? "–" : tell(resource, used)} of ${tell(resource, hard)}`}
                />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Claims({ claims }: { claims: Limits["volume_claims"] }) {
  return (
    <section className="panel" aria-labelledby="claims-title">
      <div className="panel-head">
        <h2 id="claims-title">Volume claims</h2>
      </div>
      <table className="rows">
        <thead>
          <tr>
            <th scope="col">Claim</th>
            <th scope="col">State</th>
            <th scope="col">Class</th>
            <th scope="col">In use</th>
          </tr>
        </thead>
        <tbody>
          {claims.map((claim) => (
            <tr key={`${claim.namespace}/${claim.name}`}>
              <th scope="row">
                <span className="quiet">{claim.namespace} / </span>
                {claim.name}
              </th>
              <td data-label="State">
                <Badge tone={claim.phase === "Bound" ? "good" : claim.phase === "Lost" ? "bad" : "warn"}>{claim.phase.toLowerCase()}</Badge>
              </td>
              <td data-label="Class">{claim.storage_class ?? "–"}</td>
              <td data-label="In use">
                <Meter label={`Bytes in use of ${claim.name}`} {...roomOf(claim)} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function roomOf(claim: Limits["volume_claims"][number]): { share: number | null; words: string } {
  const size = claim.capacity_bytes ?? claim.requested_bytes;
  if (size === null) return { share: null, words: "size not known" };
  if (claim.used_bytes === null) return { share: null, words: `${bytes(size)}, use not measured` };
  return { share: claim.used_bytes / size, words: `${bytes(claim.used_bytes)} of ${bytes(size)}` };
}
