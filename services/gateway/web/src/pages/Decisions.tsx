// A cluster's ledger of decisions.
import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";

import "../autoscaling/autoscaling.css";
import { exportAddress, ledgerQuery, type Engine, type Ledger } from "../api/queries";
import { DecisionDrawer } from "../decisions/DecisionDrawer";
import { DecisionRows } from "../decisions/DecisionRows";
import { useOpened } from "../decisions/opened";
import { Button, ButtonLink, Segmented, TextField } from "../ui/controls";
import { EmptyState, FailureState, RowsSkeleton } from "../ui/states";
import { useCluster } from "./ClusterLayout";

const STEP = 50;
const MOST = 500;

const ENGINES: { value: Engine | ""; label: string }[] = [
  { value: "", label: "all" },
  { value: "predictive", label: "prediction" },
  { value: "reactive", label: "usage" },
  { value: "scheduled", label: "schedules" },
  { value: "rollback", label: "taken back" },
  { value: "manual", label: "people" },
];
const EVERYTHING: Ledger = { text: "", engine: "", changesOnly: true };

export function Decisions() {
  const cluster = useCluster();
  const [limit, setLimit] = useState(STEP);
  const [ledger, setLedger] = useState(EVERYTHING);
  const text = useDeferredValue(ledger.text.trim());
  const decisions = useQuery(ledgerQuery(cluster.id, limit, { ...ledger, text }));
  const { ids, open, close } = useOpened();
  if (decisions.isPending) return <RowsSkeleton rows={10} label="Loading decisions" />;
  if (decisions.isError && !decisions.data) {
    return <FailureState error={decisions.error} retry={() => void decisions.refetch()} />;
  }
  const { items, next_before: more } = decisions.data;
  const isSearch = text !== "" || ledger.engine !== "" || !ledger.changesOnly;
  if (items.length === 0 && !isSearch) {
    return (
      <EmptyState
        title="No decisions yet"
        next={<ButtonLink to={`/clusters/${cluster.id}/workloads`}>Choose a workload</ButtonLink>}
      >
        Every change that is made or recommended is kept here with its reasons. Set a workload to recommend to be told, or to auto.
      </EmptyState>
    );
  }
  return (
    <section className="panel" aria-labelledby="ledger-title">
      <div className="panel-head">
        <h2 id="ledger-title">Decisions</h2>
        <span className="muted">newest first</span>
        <span className="panel-more">
          <a href={exportAddress(cluster.id, { ...ledger, text }, "csv")}>Export as table</a> · <a href={exportAddress(cluster.id, { ...ledger, text }, "jsonl")}>whole, as JSON lines</a>
        </span>
      </div>
      <div className="ledger-search">
        <TextField label="Search" value={ledger.text} maxLength={100} placeholder="reason or workload" onChange={(event) => setLedger({ ...ledger, text: event.target.value })} />
        <Segmented legend="Decided by" choices={ENGINES} value={ledger.engine} onChange={(engine) => setLedger({ ...ledger, engine })} />
        <label className="ledger-held">
          <input type="checkbox" checked={!ledger.changesOnly} onChange={(event) => setLedger({ ...ledger, changesOnly: !event.target.checked })} /> also what was held back
        </label>
      </div>
      {items.length === 0 ? <p className="panel-empty">Nothing matches. Search for less.</p> : <DecisionRows decisions={items} onOpen={open} withWorkload />}
      {more && (
        <p className="decision-foot">
          {limit < MOST ? (
            <Button onClick={() => setLimit(Math.min(limit * 2, MOST))} disabled={decisions.isPlaceholderData}>
              Show older
            </Button>
          ) : (
            <span className="muted">Older ones are in the export.</span>
          )}
        </p>
      )}
      {ids.length > 0 && <DecisionDrawer ids={ids} onClose={close} key={ids.join()} />}
    </section>
  );
}
