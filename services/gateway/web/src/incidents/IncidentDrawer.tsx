// One incident: what deviated, in numbers, since when, what to do; and who cares for it.
import "../decisions/drawer.css";
import "./incidents.css";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";

import { http, unwrap, type Anomaly, type IncidentDetail } from "../api/client";
import { incidentQuery } from "../api/queries";
import { clock } from "../format";
import { Badge, Button, TextField } from "../ui/controls";
import { Dialog } from "../ui/Dialog";
import { FailureLine, FailureState, Skeleton } from "../ui/states";
import { Time } from "../ui/Time";
import { amount, metricName, SEVERITY_TONE, stateOf, subjectName } from "./words";

export function IncidentDrawer({ id, onClose }: { id: number; onClose: () => void }) {
  const incident = useQuery(incidentQuery(id));
  return (
    <Dialog className="drawer" labelledBy="incident-title" onClose={onClose}>
      {(close) => (
        <div className="drawer-inside">
          <header className="drawer-head">
            <h2 id="incident-title">{incident.data ? `Incident ${incident.data.id}` : "Incident"}</h2>
            <Button onClick={close} aria-label="Close">
              ✕
            </Button>
          </header>
          {incident.data ? (
            <Told incident={incident.data} />
          ) : incident.isError ? (
            <FailureState error={incident.error} retry={() => void incident.refetch()} />
          ) : (
            <Skeleton height={240} label="Loading the incident" />
          )}
        </div>
      )}
    </Dialog>
  );
}

function Told({ incident }: { incident: IncidentDetail }) {
  const [tone, word] = stateOf(incident);
  return (
    <div className="incident-body">
      <p className="incident-name">{incident.title}</p>
      <p className="incident-line">
        <Badge tone={SEVERITY_TONE[incident.severity]}>{incident.severity}</Badge>
        <Badge tone={tone}>{word}</Badge>
        <span className="muted">
          {incident.cluster_name}, {incident.namespace || "nodes"}, since <Time at={incident.opened_at} />
          {incident.closed_at ? (
            <>
              {" "}until <Time at={incident.last_at} />
            </>
          ) : (
            <>
              , last seen <Time at={incident.last_at} relative />
            </>
          )}
        </span>
      </p>
      <Care incident={incident} />
      {incident.members.map((anomaly) => (
        <Member key={anomaly.id} anomaly={anomaly} mayChange={incident.may_change} />
      ))}
    </div>
  );
}

function Care({ incident }: { incident: IncidentDetail }) {
  const queries = useQueryClient();
  const [note, setNote] = useState("");
  const path = { params: { path: { incident_id: incident.id } } };
  const address = "/api/v1/incidents/{incident_id}/acknowledgement";
  const done = async (told: IncidentDetail) => {
    queries.setQueryData(incidentQuery(incident.id).queryKey, told);
    await Promise.all([["incidents"], ["overview"]].map((queryKey) => queries.invalidateQueries({ queryKey })));
  };
  const take = useMutation({ mutationFn: () => unwrap(http.PUT(address, { ...path, body: { note } })), onSuccess: done });
  const leave = useMutation({ mutationFn: () => unwrap(http.DELETE(address, path)), onSuccess: done });
  const { acknowledgement: care } = incident;
  if (care) {
    return (
      <p className="incident-line">
        <span>
          {care.by} cares for it since <Time at={care.at} />
          {care.note && `: ${care.note}`}
        </span>
        {incident.may_change && (
          <Button className="button-small" onClick={() => leave.mutate()} disabled={leave.isPending}>
            Leave it to others
          </Button>
        )}
        <FailureLine error={leave.error} />
      </p>
    );
  }
  if (incident.closed_at) return null;
  if (!incident.may_change) return <p className="muted">An operator or an administrator of the team can acknowledge it.</p>;
  return (
    <form
      className="incident-care"
      onSubmit={(event) => {
        event.preventDefault();
        take.mutate();
      }}
    >
      <TextField label="Note" hint="What it is, for the others; may stay empty." value={note} maxLength={500} onChange={(event) => setNote(event.target.value)} />
      <Button type="submit" weight="primary" disabled={take.isPending}>
        Acknowledge
      </Button>
      <FailureLine error={take.error} />
    </form>
  );
}

function Member({ anomaly, mayChange }: { anomaly: Anomaly; mayChange: boolean }) {
  const { subject } = anomaly;
  const isWorkload = subject.kind === "workload";
  return (
    <section className="incident-member">
      <h3>
        {isWorkload ? (
          <Link to={`/clusters/${anomaly.cluster_id}/workloads/${subject.id}`}>{subjectName(anomaly)}</Link>
        ) : (
          <Link to={`/clusters/${anomaly.cluster_id}/nodes`}>{subjectName(anomaly)}</Link>
        )}
        <Badge tone={SEVERITY_TONE[anomaly.severity]}>{anomaly.severity}</Badge>
        <span className="muted incident-when">
          {clock(new Date(anomaly.started_at))} to {anomaly.is_anomaly ? "now" : clock(new Date(anomaly.last_at))}
        </span>
      </h3>
      <p>{anomaly.description}</p>
      <table className="rows">
        <thead>
          <tr>
            <th scope="col">Metric</th>
            <th scope="col">Before</th>
            <th scope="col">Then</th>
            <th scope="col">Expected</th>
            <th scope="col">Over</th>
          </tr>
        </thead>
        <tbody>
          {anomaly.evidence.map((one) => (
            <tr key={one.metric}>
              <td>{metricName(one.metric)}</td>
              <td className="nowrap">{amount(one.metric, one.before)}</td>
              <td className="nowrap">{amount(one.metric, one.now)}</td>
              <td className="nowrap">{amount(one.metric, one.expected)}</td>
              <td className="nowrap">{one.minutes} min</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="incident-do">{anomaly.recommended_action}</p>
      {mayChange && subject.name && <Muting anomaly={anomaly} />}
    </section>
  );
}

const DAY_MS = 86_400_000;

function Muting({ anomaly }: { anomaly: Anomaly }) {
  const queries = useQueryClient();
  const { subject } = anomaly;
  const path = { params: { path: { cluster_id: anomaly.cluster_id } } };
  const mute = useMutation({
    mutationFn: () =>
      unwrap(
        http.PUT("/api/v1/clusters/{cluster_id}/mutes", {
          ...path,
          body: {
            subject_kind: subject.kind,
            namespace: subject.namespace,
            workload_kind: subject.workload_kind,
            name: subject.name,
            until: new Date(Date.now() + DAY_MS).toISOString(),
            reason: "",
          },
        }),
      ),
    onSuccess: () => Promise.all([["incidents"], ["incident"], ["mutes"], ["overview"]].map((queryKey) => queries.invalidateQueries({ queryKey }))),
  });
  if (subject.muted) return <p className="muted">Muted: it asks nobody for anything. The incidents page takes that back.</p>;
  return (
    <p className="incident-line">
      <Button className="button-small" onClick={() => mute.mutate()} disabled={mute.isPending}>
        Mute {subject.name} for a day
      </Button>
      <FailureLine error={mute.error} />
    </p>
  );
}
