// What containers should ask for: what hurts first, then what saves most; one opened row shows numbers and patch.
import "../decisions/drawer.css";

import { useQuery } from "@tanstack/react-query";
import { Link, useSearchParams } from "react-router";

import type { Schemas } from "../api/client";
import { recommendationsQuery } from "../api/queries";
import { ContainerSizes, Findings } from "../sizing/ContainerSizes";
import { FINDINGS, savingWords } from "../sizing/words";
import { columnsOf, DataTable } from "../table/DataTable";
import { Button } from "../ui/controls";
import { Dialog } from "../ui/Dialog";
import { EmptyState, FailureState, RowsSkeleton } from "../ui/states";
import { Time } from "../ui/Time";
import { useCluster } from "./ClusterLayout";

type Sizes = Schemas["WorkloadSizes"];

const column = columnsOf<Sizes>();

export function Recommendations() {
  const cluster = useCluster();
  const [search, setSearch] = useSearchParams();
  const found = useQuery(recommendationsQuery(cluster.id));
  const open = (id: number | null) =>
    setSearch((now) => {
      if (id === null) now.delete("open");
      else now.set("open", String(id));
      return now;
    });
  if (found.isPending) return <RowsSkeleton rows={8} label="Loading recommendations" />;
  if (found.isError && !found.data) return <FailureState error={found.error} retry={() => void found.refetch()} />;
  const { items, total, reviewed_at: reviewedAt, not_ready: notReady } = found.data;
  if (!reviewedAt || items.length === 0) {
    return (
      <EmptyState title={reviewedAt ? "No container to size" : "Not looked at yet"}>
        {reviewedAt
          ? "Workloads that run all the time are sized; Jobs and CronJobs end too soon for that."
          : "Sizes are worked out by the hour, the first time within minutes of the first cycle."}
      </EmptyState>
    );
  }
  const saving = savingWords(total);
  const opened = items.find((item) => String(item.workload_id) === search.get("open"));
  return (
    <>
      <p className="sentence">
        {saving ? <>Requests that nobody uses: {saving}.</> : "No request is much larger than what is used."}
        {notReady > 0 && ` Of ${notReady} ${notReady === 1 ? "workload" : "workloads"} it is too early to tell.`}
      </p>
      <DataTable
        title="Right size"
        rows={items}
        columns={columns(cluster.id, open)}
        rowId={(item) => String(item.workload_id)}
        textOf={(item) => `${item.namespace}/${item.name} ${item.kind} ${item.findings.map((one) => FINDINGS[one][1]).join(" ")}`}
        filterHint="Name, namespace or finding"
        note={
          <>
            {items.length}, worked out <Time at={reviewedAt} relative />
          </>
        }
        empty="None."
      />
      {opened && (
        <Dialog className="drawer drawer-wide" labelledBy="size-drawer-title" onClose={() => open(null)}>
          {(close) => (
            <div className="drawer-inside">
              <header className="drawer-head">
                <h2 id="size-drawer-title">
                  {opened.namespace} / {opened.name}
                </h2>
                <Button onClick={close} aria-label="Close">
                  ✕
                </Button>
              </header>
              <ContainerSizes sizes={opened} />
            </div>
          )}
        </Dialog>
      )}
    </>
  );
}

const columns = (clusterId: string, open: (id: number) => void) => [
  column.accessor((item) => `${item.namespace}/${item.name}`, {
    id: "name",
    header: "Workload",
    meta: { isRowHeader: true },
    cell: ({ row: { original } }) => (
      <Link to={`/clusters/${clusterId}/workloads/${original.workload_id}`}>
        <span className="quiet">{original.namespace} / </span>
        {original.name}
      </Link>
    ),
  }),
  column.accessor((item) => item.findings.length, {
    id: "findings",
    header: "Findings",
    cell: ({ row: { original } }) =>
      original.findings.length > 0 ? (
        <span className="finding-list">
          <Findings findings={original.findings} />
        </span>
      ) : (
        <span className="muted">{original.status === "ready" ? "fits" : original.detail}</span>
      ),
  }),
  column.accessor((item) => item.saving.cpu_millicores ?? 0, {
    id: "saving",
    header: "Saves",
    meta: { isNumber: true, label: "Saves" },
    cell: ({ row: { original } }) => (original.status === "ready" ? savingWords(original.saving) || "–" : "–"),
  }),
  column.display({
    id: "patch",
    header: "Patch",
    enableSorting: false,
    cell: ({ row: { original } }) => <Button onClick={() => open(original.workload_id)}>{original.patch ? "Show patch" : "Show numbers"}</Button>,
  }),
];
