// All clusters side by side: what each is, how it is, how full, and how well the way to it works.
import "../connect/connect.css";
import "./dashboard.css";

import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";

import type { ClusterSummary } from "../api/client";
import { overviewQuery } from "../api/queries";
import { healthOf } from "../cluster/health";
import { usageOf } from "../cluster/usage";
import { count } from "../format";
import { columnsOf, DataTable } from "../table/DataTable";
import { Badge, ButtonLink, type Tone } from "../ui/controls";
import { Icon } from "../ui/icons";
import { Meter } from "../ui/Meter";
import { EmptyState, FailureLine, FailureState, RowsSkeleton } from "../ui/states";
import { Time } from "../ui/Time";

const share = (used: number | null, of: number | null): number => (used === null || !of ? -1 : used / of);

const column = columnsOf<ClusterSummary>();
const COLUMNS = [
  column.accessor((item) => item.cluster.name, {
    id: "name",
    header: "Cluster",
    meta: { isRowHeader: true },
    cell: ({ row: { original: item } }) => (
      <>
        <Link to={`/clusters/${item.cluster.id}`}>{item.cluster.name}</Link>{" "}
        <span className="muted">
          {[item.cluster.server_version ?? "", item.cluster.demo ? "simulated" : ""].filter(Boolean).join(", ")}
        </span>
        <span className="labels">
          {Object.entries(item.cluster.labels).map(([key, value]) => (
            <span key={key} className="label">
              {value ? `${key}=${value}` : key}
            </span>
          ))}
        </span>
      </>
    ),
  }),
  column.accessor((item) => healthOf(item).weight, {
    id: "health",
    header: "Health",
    cell: ({ row: { original } }) => {
      const health = healthOf(original);
      return (
        <span className="health">
          <Badge tone={health.tone}>{health.word}</Badge>
          <span className="muted">
            {original.cluster.last_success_at ? <Time at={original.cluster.last_success_at} relative /> : "not seen"}
          </span>
        </span>
      );
    },
  }),
  column.accessor((item) => connectionOf(item)[1], {
    id: "connection",
    header: "Connection",
    meta: { label: "Connection" },
    cell: ({ row: { original: item } }) => {
      const [tone, word] = connectionOf(item);
      return (
        <Link to={`/clusters/${item.cluster.id}/connection`} title={item.cluster.connection_summary} className="plain-link">
          <Badge tone={tone}>{word}</Badge>
        </Link>
      );
    },
  }),
  column.accessor((item) => item.nodes, {
    id: "nodes",
    header: "Nodes",
    meta: { isNumber: true, label: "Nodes ready" },
    cell: ({ row: { original: item } }) => `${item.nodes_ready} of ${item.nodes}`,
  }),
  column.accessor((item) => share(item.cpu_usage_millicores, item.cpu_allocatable_millicores), {
    id: "cpu",
    header: "CPU in use",
    meta: { label: "CPU in use" },
    cell: ({ row: { original: item } }) => (
      <Meter label={`CPU in use in ${item.cluster.name}`} {...usageOf("cpu", item.cpu_usage_millicores, item.cpu_allocatable_millicores)} />
    ),
  }),
  column.accessor((item) => share(item.cpu_requested_millicores, item.cpu_allocatable_millicores), {
    id: "requested",
    header: "CPU requested",
    meta: { label: "CPU requested" },
    cell: ({ row: { original: item } }) => (
      <Meter label={`CPU requested in ${item.cluster.name}`} {...usageOf("cpu", item.cpu_requested_millicores, item.cpu_allocatable_millicores)} />
    ),
  }),
  column.accessor((item) => item.cluster.workloads, {
    id: "workloads",
    header: "Workloads",
    meta: { isNumber: true, label: "Workloads" },
    cell: ({ row: { original: item } }) => (
      <>
        {item.cluster.workloads} <span className="muted">({item.workloads_auto} auto)</span>
      </>
    ),
  }),
  column.accessor((item) => item.needs, {
    id: "needs",
    header: "Needs you",
    meta: { isNumber: true, label: "Needs you" },
    cell: ({ getValue }) => (getValue() === 0 ? <span className="muted">nothing</span> : <strong>{getValue()}</strong>),
  }),
];

function connectionOf({ cluster }: ClusterSummary): [Tone, string] {
  if (cluster.connection_ok === null) return ["neutral", "not tested"];
  if (!cluster.connection_ok) return ["bad", "not connected"];
  return cluster.connection_summary.startsWith("Everything") ? ["good", "complete"] : ["warn", "something missing"];
}

export function Clusters() {
  const overview = useQuery(overviewQuery());
  if (overview.isPending) return <RowsSkeleton rows={5} label="Loading clusters" />;
  if (overview.isError && !overview.data) return <FailureState isPage error={overview.error} retry={() => void overview.refetch()} />;
  const { clusters } = overview.data;
  const add = (
    <ButtonLink to="/clusters/new" weight={clusters.length === 0 ? "primary" : "plain"}>
      <Icon name="plus" /> Add a cluster
    </ButtonLink>
  );
  if (clusters.length === 0) {
    return (
      <>
        <h1>Clusters</h1>
        <EmptyState title="No clusters yet" next={add}>
          Add one by its kubeconfig, or by address and token. It is only observed at first.
        </EmptyState>
      </>
    );
  }
  return (
    <>
      <div className="page-head">
        <h1>Clusters</h1>
        {add}
      </div>
      <p className="sentence">{sentenceOf(clusters)}</p>
      <FailureLine error={overview.error} />
      <DataTable
        title="Side by side"
        rows={clusters}
        columns={COLUMNS}
        rowId={(item) => item.cluster.id}
        textOf={(item) => `${item.cluster.name} ${Object.entries(item.cluster.labels).flat().join(" ")} ${healthOf(item).word} ${connectionOf(item)[1]}`}
        filterHint="Name, label or state"
        empty="None."
      />
    </>
  );
}

/** Where there is room, and where there is least. */
function sentenceOf(clusters: ClusterSummary[]): string {
  const measured = clusters.filter((item) => share(item.cpu_usage_millicores, item.cpu_allocatable_millicores) >= 0);
  const byUse = [...measured].sort(
    (one, other) =>
      share(other.cpu_usage_millicores, other.cpu_allocatable_millicores) - share(one.cpu_usage_millicores, one.cpu_allocatable_millicores),
  );
  const [fullest] = byUse;
  const emptiest = byUse.at(-1);
  const nodes = clusters.reduce((sum, item) => sum + item.nodes, 0);
  const start = `${count(clusters.length, "cluster")} with ${count(nodes, "node")}.`;
  if (!fullest || !emptiest) return `${start} None reports its usage yet.`;
  const words = (item: ClusterSummary) =>
    `${item.cluster.name} (${Math.round(100 * share(item.cpu_usage_millicores, item.cpu_allocatable_millicores))} % of CPU in use)`;
  return fullest === emptiest ? `${start} ${words(fullest)}.` : `${start} Fullest: ${words(fullest)}; most room: ${words(emptiest)}.`;
}
