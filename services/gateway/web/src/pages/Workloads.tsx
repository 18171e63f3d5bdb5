// A cluster's workloads: what each will need, what it has, and how it is scaled.
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";

import type { Workload } from "../api/client";
import { workloadsQuery } from "../api/queries";
import { columnsOf, DataTable } from "../table/DataTable";
import { Badge } from "../ui/controls";
import { FailureState, NotAvailable, RowsSkeleton } from "../ui/states";
import { MODE_TONE } from "../workload/modes";
import { Sentence } from "../workload/Sentence";
import { statusOf, WorkloadStatus } from "../workload/WorkloadStatus";
import { useCluster } from "./ClusterLayout";

const column = columnsOf<Workload>();
const COLUMNS = [
  column.accessor((item) => `${item.namespace}/${item.name}`, {
    id: "name",
    header: "Workload",
    meta: { isRowHeader: true },
    cell: ({ row: { original } }) => (
      <>
        <Link to={`/clusters/${original.cluster_id}/workloads/${original.id}`}>
          <span className="quiet">{original.namespace} / </span>
          {original.name}
        </Link>
        {original.kind !== "Deployment" && <span className="muted"> {original.kind}</span>}
      </>
    ),
  }),
  column.accessor((item) => item.outlook.needed_at ?? "", {
    id: "needs",
    header: "What it will need",
    cell: ({ row: { original } }) =>
      original.scalable ? <Sentence workload={original} short /> : <span className="muted">{original.status_detail || "runs on every node"}</span>,
  }),
  column.accessor((item) => item.ready_replicas, {
    id: "ready",
    header: "Ready / wanted",
    meta: { isNumber: true, label: "Ready / wanted" },
    cell: ({ row: { original } }) => `${original.ready_replicas} / ${original.scaling?.wanted_replicas ?? original.desired_replicas}`,
  }),
  column.accessor((item) => item.policy.mode, {
    id: "mode",
    header: "Mode",
    meta: { label: "Mode" },
    cell: ({ row: { original } }) =>
      original.scalable ? <Badge tone={MODE_TONE[original.policy.mode]}>{original.policy.mode}</Badge> : <span className="muted">shown only</span>,
  }),
  column.accessor((item) => statusOf(item)[1], {
    id: "status",
    header: "Status",
    meta: { label: "Status" },
    cell: ({ row: { original } }) => <WorkloadStatus workload={original} />,
  }),
];

export function Workloads() {
  const cluster = useCluster();
  const workloads = useQuery(workloadsQuery(cluster.id));
  if (workloads.isPending) return <RowsSkeleton rows={8} label="Loading workloads" />;
  if (workloads.isError && !workloads.data) {
    return <FailureState error={workloads.error} retry={() => void workloads.refetch()} />;
  }
  if (workloads.data.items.length === 0) {
    return (
      <NotAvailable title="No workloads seen yet" command="kubectl auth can-i list deployments --all-namespaces">
        They appear after the first cycle, within a minute. If they do not, the credential may lack the right to list Deployments;
        with it, this says yes:
      </NotAvailable>
    );
  }
  return (
    <DataTable
      title="Workloads"
      rows={workloads.data.items}
      columns={COLUMNS}
      rowId={(item) => String(item.id)}
      textOf={(item) => `${item.namespace}/${item.name} ${item.kind} ${item.policy.mode} ${statusOf(item)[1]}`}
      filterHint="Name, namespace, mode or status"
      empty="None."
    />
  );
}
