// All clusters at a glance: what needs me first, then a row per cluster, then what was done for me and how that turned out.
import "./dashboard.css";

import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";

import type { ClusterSummary, Overview } from "../api/client";
import { decisionsQuery, overviewQuery } from "../api/queries";
import { healthOf } from "../cluster/health";
import { DoneForYou } from "../decisions/DoneForYou";
import { usageOf } from "../cluster/usage";
import { NeedList } from "../needs/NeedList";
import { columnsOf, DataTable } from "../table/DataTable";
import { Badge, ButtonLink } from "../ui/controls";
import { Icon } from "../ui/icons";
import { HOURS_A_MONTH, money } from "../format";
import { Meter } from "../ui/Meter";
import { EmptyState, FailureLine, FailureState, RowsSkeleton, Skeleton } from "../ui/states";
import { Time } from "../ui/Time";

const DECISIONS_SHOWN = 8;

export function Dashboard() {
  const overview = useQuery(overviewQuery());
  const decisions = useQuery(decisionsQuery(null, DECISIONS_SHOWN));
  if (overview.isPending) {
    return (
      <>
        <Skeleton height={30} label="Loading the dashboard" />
        <RowsSkeleton rows={2} label="Loading what needs you" />
        <RowsSkeleton rows={4} label="Loading clusters" />
      </>
    );
  }
  if (overview.isError && !overview.data) return <FailureState isPage error={overview.error} retry={() => void overview.refetch()} />;
  const { clusters, needs } = overview.data;
  if (clusters.length === 0) {
    return (
      <>
        <h1>Dashboard</h1>
        <EmptyState title="No clusters yet" next={<ButtonLink to="/clusters/new">Add a cluster</ButtonLink>}>
          Add one by its kubeconfig, or by address and token. AI4K8s starts by only observing: nothing is scaled until you say so, workload by workload.
        </EmptyState>
      </>
    );
  }
  return (
    <>
      <div className="page-head">
        <h1>Dashboard</h1>
        <ButtonLink to="/clusters/new" weight="plain">
          <Icon name="plus" /> Add a cluster
        </ButtonLink>
      </div>
      <p className="sentence">{sentenceOf(overview.data)}</p>
      <FailureLine error={overview.error} />
      <NeedsPanel needs={needs} />
      <ClusterTable clusters={clusters} />
      {decisions.isError ? (
        <FailureState error={decisions.error} retry={() => void decisions.refetch()} />
      ) : decisions.isPending ? (
        <RowsSkeleton label="Loading decisions" />
      ) : (
        <DoneForYou decisions={decisions.data.items} withCluster={clusters.length > 1 ? clusters : []} />
      )}
    </>
  );
}

function sentenceOf({ clusters, needs }: Overview): string {
  const pods = clusters.reduce((sum, item) => sum + item.pods_ready, 0);
  const desired = clusters.reduce((sum, item) => sum + item.pods_desired, 0);
  const auto = clusters.reduce((sum, item) => sum + item.workloads_auto, 0);
  const seen = clusters.filter((item) => item.cluster.attention.length === 0).length;
  const who = clusters.length === 1 ? `${clusters[0]?.cluster.name} is` : `${seen} of ${clusters.length} clusters are`;
  const state = clusters.length === 1 && seen === 0 ? `${clusters[0]?.cluster.name} needs a look` : `${who} observed`;
  const scaled = auto === 0 ? "nothing is scaled for you yet" : auto === 1 ? "1 workload is scaled for you" : `${auto} workloads are scaled for you`;
  const need = needs.length === 0 ? "Nothing needs you." : needs.length === 1 ? "One thing needs you." : `${needs.length} things need you.`;
  return `${state}, ${pods} of ${desired} pods ready, ${scaled}. ${need}`;
}

export function NeedsPanel({ needs }: { needs: Overview["needs"] }) {
  return (
    <section className="panel" aria-labelledby="needs-title">
      <div className="panel-head">
        <h2 id="needs-title">What needs me</h2>
        {needs.length > 0 && <span className="muted">{needs.length}</span>}
      </div>
      {needs.length === 0 ? (
        <p className="calm">
          <Icon name="check" /> Nothing. Clusters are seen, changes went through, no recommendation waits.
        </p>
      ) : (
        <NeedList needs={needs} />
      )}
    </section>
  );
}

const column = columnsOf<ClusterSummary>();
const COLUMNS = [
  column.accessor((item) => item.cluster.name, {
    id: "name",
    header: "Cluster",
    meta: { isRowHeader: true },
    cell: ({ row: { original } }) => (
      <>
        <Link to={`/clusters/${original.cluster.id}`}>{original.cluster.name}</Link>
        {original.cluster.demo && <span className="muted"> simulated</span>}
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
          <span className="health-why">{health.ingredients.join(" · ")}</span>
        </span>
      );
    },
  }),
  column.accessor((item) => item.needs, {
    id: "needs",
    header: "Needs you",
    meta: { isNumber: true, label: "Needs you" },
    cell: ({ getValue }) => (getValue() === 0 ? <span className="muted">nothing</span> : <strong>{getValue()}</strong>),
  }),
  column.accessor((item) => item.cluster.workloads, {
    id: "workloads",
    header: "Workloads",
    meta: { isNumber: true, label: "Workloads" },
    cell: ({ row: { original } }) => (
      <>
        {original.cluster.workloads} <span className="muted">({original.workloads_auto} auto)</span>
      </>
    ),
  }),
  column.accessor((item) => item.cpu_usage_millicores ?? -1, {
    id: "cpu",
    header: "CPU in use",
    meta: { label: "CPU in use" },
    cell: ({ row: { original } }) => {
      const { share, words } = usageOf("cpu", original.cpu_usage_millicores, original.cpu_allocatable_millicores);
      return <Meter label={`CPU in use in ${original.cluster.name}`} share={share} words={words} />;
    },
  }),
  column.accessor((item) => item.cost_hour ?? -1, {
    id: "cost",
    header: "Requests cost",
    meta: { isNumber: true, label: "Requests cost" },
    cell: ({ row: { original } }) =>
      original.cost_hour === null || original.currency === null ? (
        <span className="muted">no prices set</span>
      ) : (
        <>{money(original.cost_hour * HOURS_A_MONTH, original.currency)} a month</>
      ),
  }),
  column.accessor((item) => item.cluster.last_cycle?.started_at ?? "", {
    id: "cycle",
    header: "Last cycle",
    meta: { isNumber: true, label: "Last cycle" },
    cell: ({ row: { original } }) =>
      original.cluster.last_cycle ? <Time at={original.cluster.last_cycle.started_at} relative /> : <span className="muted">none yet</span>,
  }),
];

function ClusterTable({ clusters }: { clusters: ClusterSummary[] }) {
  return (
    <DataTable
      title="Clusters"
      rows={clusters}
      columns={COLUMNS}
      rowId={(item) => item.cluster.id}
      {...(clusters.length > 5 ? { textOf: (item: ClusterSummary) => item.cluster.name } : {})}
      empty="None."
    />
  );
}
