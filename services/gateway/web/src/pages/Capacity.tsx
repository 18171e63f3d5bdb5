// When room runs out: what to do first, then everything that can run out, then what if.
import "../capacity/capacity.css";

import { useQuery } from "@tanstack/react-query";

import type { Schemas } from "../api/client";
import { capacityQuery } from "../api/queries";
import { WhatIfPanel } from "../capacity/WhatIfPanel";
import { amountWords, placeOf, RESOURCES } from "../capacity/words";
import { columnsOf, DataTable } from "../table/DataTable";
import { Badge, Shape, type Tone } from "../ui/controls";
import { Meter } from "../ui/Meter";
import { EmptyState, FailureState, RowsSkeleton } from "../ui/states";
import { Time } from "../ui/Time";
import { useCluster } from "./ClusterLayout";

type Outlook = Schemas["OutlookRow"];
type Nodes = Schemas["NodesRow"];

export function Capacity() {
  const cluster = useCluster();
  const capacity = useQuery(capacityQuery(cluster.id));
  if (capacity.isPending) return <RowsSkeleton rows={8} label="Loading capacity" />;
  if (capacity.isError && !capacity.data) return <FailureState error={capacity.error} retry={() => void capacity.refetch()} />;
  const { items, nodes, reviewed_at: reviewedAt, node_names: names } = capacity.data;
  return (
    <>
      {reviewedAt ? (
        <>
          <NodeAdvice nodes={nodes} />
          <DataTable
            title="What can run out"
            rows={items}
            columns={COLUMNS}
            rowId={(item) => `${item.scope}/${item.name}/${item.resource}`}
            textOf={(item) => `${placeOf(item)} ${RESOURCES[item.resource] ?? item.resource} ${stateOf(item)[1]}`}
            filterHint="Name, resource or state"
            note={
              <>
                {items.length}, worked out <Time at={reviewedAt} relative />
              </>
            }
            empty="Nothing that can run out was read of this cluster yet."
          />
        </>
      ) : (
        <EmptyState title="Not looked at yet">Capacity is worked out by the hour, the first time within minutes of the first cycle.</EmptyState>
      )}
      <WhatIfPanel clusterId={cluster.id} nodes={names} />
    </>
  );
}

function NodeAdvice({ nodes }: { nodes: Nodes[] }) {
  if (nodes.length === 0) return null;
  return (
    <section className="panel" aria-labelledby="node-advice">
      <div className="panel-head">
        <h2 id="node-advice">Nodes</h2>
      </div>
      <ul className="node-advice panel-body">
        {nodes.map((one) => (
          <li key={one.pool}>
            <Shape tone={one.change === null ? "neutral" : one.change > 0 ? "warn" : one.change < 0 ? "info" : "good"} />
            <span>
              {one.pool && <strong>{one.pool}: </strong>}
              {one.sentence}
              {one.by && (
                <>
                  {" "}
                  By <Time at={one.by} />.
                </>
              )}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function stateOf(item: Outlook): [Tone, string] {
  if (item.status === "unknown") return ["neutral", "not known"];
  if (item.used !== null && item.limit !== null && item.used >= item.limit) return ["bad", "full"];
  if (item.status === "not_ready") return ["neutral", "too early"];
  if (item.expected_at) return ["warn", "runs out"];
  return item.earliest_at ? ["warn", "may run out"] : ["good", "has room"];
}

const column = columnsOf<Outlook>();
const COLUMNS = [
  column.accessor((item) => placeOf(item), {
    id: "what",
    header: "What",
    meta: { isRowHeader: true },
    cell: ({ row: { original } }) => (
      <>
        {placeOf(original)} <span className="quiet">{RESOURCES[original.resource] ?? original.resource}</span>
      </>
    ),
  }),
  column.accessor((item) => stateOf(item)[1], {
    id: "state",
    header: "State",
    cell: ({ row: { original } }) => {
      const [tone, word] = stateOf(original);
      return <Badge tone={tone}>{word}</Badge>;
    },
  }),
  column.accessor((item) => (item.used === null || !item.limit ? -1 : item.used / item.limit), {
    id: "used",
    header: "In use",
    meta: { label: "In use" },
    cell: ({ row: { original } }) => (
      <Meter
        label={`${RESOURCES[original.resource] ?? original.resource} of ${placeOf(original)}`}
        share={original.used === null || !original.limit ? null : original.used / original.limit}
        words={amountWords(original)}
      />
    ),
  }),
  column.accessor((item) => item.earliest_at ?? item.expected_at ?? "9", {
    id: "when",
    header: "Runs out",
    meta: { label: "Runs out", className: "nowrap" },
    cell: ({ row: { original } }) =>
      original.expected_at ? <Time at={original.expected_at} relative /> : original.earliest_at ? <>from <Time at={original.earliest_at} relative /> on</> : "–",
  }),
  column.accessor((item) => item.sentence, {
    id: "sentence",
    header: "What stands behind it",
    enableSorting: false,
    cell: ({ getValue }) => <span className="quiet-sentence">{getValue()}</span>,
  }),
];
