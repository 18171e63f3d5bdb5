// What was changed without asking, and how that turned out.
import { useMemo } from "react";
import { Link } from "react-router";

import type { ClusterSummary, Decision } from "../api/client";
import { DecisionDrawer } from "./DecisionDrawer";
import { DecisionRows } from "./DecisionRows";
import { useOpened } from "./opened";
import { judgementOf } from "./words";

/** Of a change that a later cycle planned anew, only the one that was carried out is worth telling here. */
const isTold = (decision: Decision): boolean => decision.outcome !== "superseded";

export function DoneForYou({ decisions: all, withCluster }: { decisions: Decision[]; withCluster: ClusterSummary[] }) {
  const { ids, open, close } = useOpened();
  const decisions = useMemo(() => all.filter(isTold), [all]);
  const record = useMemo(() => recordOf(decisions), [decisions]);
  const first = decisions[0];
  return (
    <section className="panel" aria-labelledby="done-title">
      <div className="panel-head">
        <h2 id="done-title">Done for you</h2>
        {record && <span className="muted">{record}</span>}
        {first && (
          <Link className="panel-more" to={`/clusters/${first.cluster_id}/decisions`}>
            All decisions
          </Link>
        )}
      </div>
      {decisions.length === 0 ? (
        <p className="panel-empty">
          Nothing yet. Set a workload to recommend to be told what would be done, or to auto to have it done.
        </p>
      ) : (
        <DecisionRows decisions={decisions} onOpen={open} withWorkload withCluster={withCluster} />
      )}
      {ids.length > 0 && <DecisionDrawer ids={ids} onClose={close} key={ids.join()} />}
    </section>
  );
}

/** How many of the judged ones were in time. */
function recordOf(decisions: Decision[]): string {
  const verdicts = decisions.flatMap((decision) => judgementOf(decision)?.verdict ?? []).filter((verdict) => verdict !== "unknown");
  if (verdicts.length === 0) return "";
  return `${verdicts.filter((verdict) => verdict === "in_time").length} of ${verdicts.length} judged were in time`;
}
