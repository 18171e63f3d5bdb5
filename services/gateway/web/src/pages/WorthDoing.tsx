// The few things that are worth doing in a cluster, from everything that was found in it; each leads to what shows it.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { Link } from "react-router";

import { http, unwrap, type Schemas } from "../api/client";
import { worthDoingQuery } from "../api/queries";
import { useFollowedJob } from "../connect/jobs";
import { Badge, Button, type Tone } from "../ui/controls";
import { EmptyState, FailureLine, FailureState, RowsSkeleton } from "../ui/states";
import { Time } from "../ui/Time";
import { useCluster } from "./ClusterLayout";
import "./worthDoing.css";

type Item = Schemas["RecommendedItem"];

export function WorthDoing() {
  const cluster = useCluster();
  const queries = useQueryClient();
  const found = useQuery(worthDoingQuery(cluster.id));
  const asked = useFollowedJob(() =>
    unwrap(http.POST("/api/v1/clusters/{cluster_id}/llm-recommendations", { params: { path: { cluster_id: cluster.id } } })),
  );
  const isDone = asked.job?.status === "completed";
  useEffect(() => {
    if (isDone) void queries.invalidateQueries({ queryKey: ["worth-doing", cluster.id] });
  }, [isDone, queries, cluster.id]);
  if (found.isPending) return <RowsSkeleton rows={6} label="Loading what is worth doing" />;
  if (found.isError && !found.data) return <FailureState error={found.error} retry={() => void found.refetch()} />;
  const { items, made_at: madeAt, provider, note } = found.data;
  const ask = (
    <>
      <Button weight={madeAt ? "plain" : "primary"} onClick={asked.start} disabled={asked.isRunning}>
        {asked.isRunning ? `${asked.job?.message ?? "On its way"} …` : madeAt ? "Look again" : "Look what is worth doing"}
      </Button>
      {asked.job?.status === "failed" && <p className="muted">{asked.job.error ?? asked.job.message}</p>}
      <FailureLine error={asked.error} />
    </>
  );
  if (!madeAt || items.length === 0) {
    return (
      <EmptyState title={madeAt ? "Nothing needs you" : "Not asked for yet"} next={<div className="head-acts">{ask}</div>}>
        {madeAt
          ? "No open incident, no size that hurts, nothing that runs out soon, and no decision that waits."
          : "Incidents, sizes, capacity and decisions are gone through, and the few things that matter most are listed with what to do."}
      </EmptyState>
    );
  }
  return (
    <section className="panel" aria-labelledby="worth-doing-title">
      <div className="panel-head">
        <h2 id="worth-doing-title">Worth doing</h2>
        <span className="muted">
          {provider === "rules" ? "in the rules' words" : `in the words of ${provider}`}, <Time at={madeAt} relative />
        </span>
        <span className="panel-more head-acts">{ask}</span>
      </div>
      <ol className="worth-doing">
        {items.map((item) => (
          <Row item={item} clusterId={cluster.id} key={`${item.evidence}/${item.evidence_id}`} />
        ))}
      </ol>
      {note && <p className="panel-empty">{note}</p>}
    </section>
  );
}

const SEVERITIES: Record<Item["severity"], [Tone, string]> = {
  critical: ["bad", "now"],
  high: ["warn", "soon"],
  medium: ["info", "worth it"],
  low: ["neutral", "when you like"],
};

function Row({ item, clusterId }: { item: Item; clusterId: string }) {
  const [tone, word] = SEVERITIES[item.severity];
  return (
    <li>
      <Badge tone={tone}>{word}</Badge>
      <div>
        <h3>{item.title}</h3>
        <p>{item.sentence}</p>
        <p>
          <strong>To do:</strong> {item.action} <Link to={evidencePath(item, clusterId)}>{EVIDENCE[item.evidence]}</Link>
        </p>
      </div>
    </li>
  );
}

const EVIDENCE: Record<Item["evidence"], string> = {
  incident: "See the incident",
  size: "See the sizes",
  capacity: "See capacity",
  decision: "See the decision",
};

/** Where what shows it can be seen, and acted on. */
function evidencePath(item: Item, clusterId: string): string {
  const id = encodeURIComponent(item.evidence_id);
  switch (item.evidence) {
    case "incident":
      return `/clusters/${clusterId}/incidents?incident=${id}`;
    case "size":
      return `/clusters/${clusterId}/sizes?open=${id}`;
    case "capacity":
      return `/clusters/${clusterId}/capacity`;
    case "decision":
      return `/clusters/${clusterId}/decisions?decision=${id}`;
  }
}
