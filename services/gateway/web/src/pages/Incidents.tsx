// A cluster's incidents: what nothing known explains, who cares for it, and of what nobody wants to hear.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { http, unwrap, type Watching } from "../api/client";
import { incidentsQuery, mutesQuery } from "../api/queries";
import { clock, count } from "../format";
import { IncidentDrawer } from "../incidents/IncidentDrawer";
import { IncidentRows } from "../incidents/IncidentRows";
import { useOpenedIncident } from "../incidents/opened";
import { Button, ButtonLink } from "../ui/controls";
import { EmptyState, FailureLine, FailureState, RowsSkeleton, sentence } from "../ui/states";
import { Time } from "../ui/Time";
import { useCluster } from "./ClusterLayout";

export function Incidents() {
  const cluster = useCluster();
  const incidents = useQuery(incidentsQuery(cluster.id));
  const { id, open, close } = useOpenedIncident();
  if (incidents.isPending) return <RowsSkeleton rows={8} label="Loading incidents" />;
  if (incidents.isError && !incidents.data) return <FailureState error={incidents.error} retry={() => void incidents.refetch()} />;
  const { items, watching } = incidents.data;
  const seen = watching[0];
  return (
    <>
      {items.length === 0 ? (
        <EmptyState
          title={seen ? "No incident" : "Nothing was looked at yet"}
          next={<ButtonLink to={`/clusters/${cluster.id}/workloads`}>See its workloads</ButtonLink>}
        >
          {seen
            ? `${watched(seen)} What deviates from the last hour, from the same time of earlier days and from the forecast is told here, with its numbers.`
            : "The first look comes with the first five full minutes of measurements."}
        </EmptyState>
      ) : (
        <section className="panel" aria-labelledby="incidents-title">
          <div className="panel-head">
            <h2 id="incidents-title">Incidents</h2>
            <span className="muted">open ones first</span>
          </div>
          <IncidentRows incidents={items} onOpen={open} />
          {seen && <p className="panel-empty">{watched(seen)}</p>}
        </section>
      )}
      <Mutes />
      {id !== null && <IncidentDrawer id={id} onClose={close} key={id} />}
    </>
  );
}

function watched(seen: Watching): string {
  const until = `${count(seen.subjects, "workload or node", "workloads and nodes")} watched, last at ${clock(new Date(seen.analysed_until))}.`;
  return seen.detail ? `${until} ${sentence(seen.detail)}` : until;
}

function Mutes() {
  const cluster = useCluster();
  const queries = useQueryClient();
  const mutes = useQuery(mutesQuery(cluster.id));
  const unmute = useMutation({
    mutationFn: (mute: number) =>
      unwrap(http.DELETE("/api/v1/clusters/{cluster_id}/mutes/{mute_id}", { params: { path: { cluster_id: cluster.id, mute_id: mute } } })),
    onSuccess: () => Promise.all([["mutes"], ["incidents"], ["overview"]].map((queryKey) => queries.invalidateQueries({ queryKey }))),
  });
  if (mutes.isError) return <FailureLine error={mutes.error} />;
  if (!mutes.data || mutes.data.items.length === 0) return null;
  return (
    <section className="panel" aria-labelledby="mutes-title">
      <div className="panel-head">
        <h2 id="mutes-title">Muted</h2>
        <span className="muted">still watched, and they ask nobody for anything</span>
      </div>
      <ul className="mutes">
        {mutes.data.items.map((mute) => (
          <li key={mute.id}>
            <span>{mute.namespace ? `${mute.namespace} / ${mute.name}` : mute.name}</span>
            <span className="muted">
              {mute.until ? (
                <>
                  until <Time at={mute.until} />
                </>
              ) : (
                "until it is taken back"
              )}
              {mute.reason && `: ${mute.reason}`}
            </span>
            {cluster.may_change && (
              <Button className="button-small" onClick={() => unmute.mutate(mute.id)} disabled={unmute.isPending}>
                Hear of it again
              </Button>
            )}
          </li>
        ))}
      </ul>
      <FailureLine error={unmute.error} />
    </section>
  );
}
