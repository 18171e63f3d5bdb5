// A cluster's nodes: whether they are ready, and how full.
import { useQuery } from "@tanstack/react-query";

import type { Node } from "../api/client";
import { nodesQuery } from "../api/queries";
import { usageOf } from "../cluster/usage";
import { bytes } from "../format";
import { columnsOf, DataTable } from "../table/DataTable";
import { Badge, type Tone } from "../ui/controls";
import { Meter } from "../ui/Meter";
import { FailureState, NotAvailable, RowsSkeleton } from "../ui/states";
import { Time } from "../ui/Time";
import { useCluster } from "./ClusterLayout";

const share = (used: number | null, of: number | null): number => (used === null || !of ? -1 : used / of);

const column = columnsOf<Node>();
const COLUMNS = [
  column.accessor("name", { header: "Node", meta: { isRowHeader: true }, cell: ({ getValue }) => <strong>{getValue()}</strong> }),
  column.accessor((node) => stateOf(node)[1], {
    id: "state",
    header: "State",
    cell: ({ row: { original } }) => {
      const [tone, word] = stateOf(original);
      return <Badge tone={tone}>{word}</Badge>;
    },
  }),
  column.accessor((node) => share(node.cpu_usage_millicores, node.cpu_allocatable_millicores), {
    id: "cpu",
    header: "CPU in use",
    meta: { label: "CPU" },
    cell: ({ row: { original } }) => (
      <Meter label={`CPU in use on ${original.name}`} {...usageOf("cpu", original.cpu_usage_millicores, original.cpu_allocatable_millicores)} />
    ),
  }),
  column.accessor((node) => share(node.memory_bytes, node.memory_allocatable_bytes), {
    id: "memory",
    header: "Memory in use",
    meta: { label: "Memory" },
    cell: ({ row: { original } }) => (
      <Meter label={`Memory in use on ${original.name}`} {...usageOf("memory", original.memory_bytes, original.memory_allocatable_bytes)} />
    ),
  }),
  column.accessor((node) => share(node.cpu_requested_millicores, node.cpu_allocatable_millicores), {
    id: "requested",
    header: "CPU requested",
    meta: { label: "CPU requested" },
    cell: ({ row: { original } }) => (
      <Meter
        label={`CPU requested on ${original.name}`}
        {...usageOf("cpu", original.cpu_requested_millicores, original.cpu_allocatable_millicores)}
      />
    ),
  }),
  column.accessor((node) => node.network_receive_bytes_per_second ?? -1, {
    id: "network",
    header: "Network in, out",
    meta: { isNumber: true, label: "Network in, out" },
    cell: ({ row: { original } }) => flowOf(original.network_receive_bytes_per_second, original.network_transmit_bytes_per_second),
  }),
  column.accessor((node) => node.pods ?? -1, {
    id: "pods",
    header: "Pods",
    meta: { isNumber: true, label: "Pods" },
    cell: ({ row: { original } }) => `${original.pods ?? "–"} of ${original.pods_allocatable ?? "–"}`,
  }),
  column.accessor("first_seen_at", {
    id: "since",
    header: "Known since",
    meta: { isNumber: true, label: "Known since" },
    cell: ({ getValue }) => <Time at={getValue()} relative />,
  }),
];

const flowOf = (one: number | null, other: number | null): string =>
  one === null || other === null ? "not measured" : `${bytes(one)}/s, ${bytes(other)}/s`;

/** Conditions that are bad when they are true: pressure, a network that is not there. */
const troubles = (node: Node): string[] =>
  Object.entries(node.conditions)
    .filter(([type, condition]) => type !== "Ready" && condition.status === "True")
    .map(([type]) => type.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase());

function stateOf(node: Node): [Tone, string] {
  if (!node.ready) return ["bad", "not ready"];
  const trouble = troubles(node)[0];
  if (trouble) return ["bad", trouble];
  return node.unschedulable ? ["warn", "cordoned"] : ["good", "ready"];
}

export function Nodes() {
  const cluster = useCluster();
  const nodes = useQuery(nodesQuery(cluster.id));
  if (nodes.isPending) return <RowsSkeleton rows={5} label="Loading nodes" />;
  if (nodes.isError && !nodes.data) return <FailureState error={nodes.error} retry={() => void nodes.refetch()} />;
  if (nodes.data.items.length === 0) {
    return (
      <NotAvailable title="No nodes seen yet" command="kubectl auth can-i list nodes">
        They appear after the first cycle, within a minute. If they do not, the credential may lack the right to list nodes; with it,
        this says yes:
      </NotAvailable>
    );
  }
  const measured = nodes.data.items.some((node) => node.cpu_usage_millicores !== null);
  return (
    <>
      {!measured && (
        <NotAvailable title="Usage of nodes is not available" command="kubectl top nodes">
          The cluster answers, but gives no metrics of its nodes. Install metrics-server; when it works, this shows them:
        </NotAvailable>
      )}
      <DataTable
        title="Nodes"
        rows={nodes.data.items}
        columns={COLUMNS}
        rowId={(node) => String(node.id)}
        textOf={(node) => `${node.name} ${stateOf(node)[1]}`}
        filterHint="Name or state"
        empty="None."
      />
    </>
  );
}
