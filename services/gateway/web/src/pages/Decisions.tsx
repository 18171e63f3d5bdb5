// A cluster's ledger of decisions.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { decisionsQuery } from "../api/queries";
import { DecisionDrawer } from "../decisions/DecisionDrawer";
import { DecisionRows } from "../decisions/DecisionRows";
import { useOpened } from "../decisions/opened";
import { Button, ButtonLink } from "../ui/controls";
import { EmptyState, FailureState, RowsSkeleton } from "../ui/states";
import { useCluster } from "./ClusterLayout";

const STEP = 50;
const MOST = 500;

export function Decisions() {
  const cluster = useCluster();
  const [limit, setLimit] = useState(STEP);
  const decisions = useQuery(decisionsQuery(cluster.id, limit));
  const { ids, open, close } = useOpened();
  if (decisions.isPending) return <RowsSkeleton rows={10} label="Loading decisions" />;
  if (decisions.isError && !decisions.data) {
    return <FailureState error={decisions.error} retry={() => void decisions.refetch()} />;
  }
  const { items, next_before: more } = decisions.data;
  if (items.length === 0) {
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
      </div>
      <DecisionRows decisions={items} onOpen={open} withWorkload />
      {more && (
        <p className="decision-foot">
          {limit < MOST ? (
            <Button onClick={() => setLimit(Math.min(limit * 2, MOST))} disabled={decisions.isPlaceholderData}>
              Show older
            </Button>
          ) : (
            <span className="muted">Older ones are on each workload's page, and in the API.</span>
          )}
        </p>
      )}
      {ids.length > 0 && <DecisionDrawer ids={ids} onClose={close} key={ids.join()} />}
    </section>
  );
}
