// A workload's decisions of the span in sight.
import type { Decision, Workload } from "../api/client";
import { DecisionRows } from "./DecisionRows";

interface Props {
  decisions: Decision[];
  mode: Workload["policy"]["mode"];
  onOpen: (ids: string[]) => void;
}

export function DecisionPanel({ decisions, mode, onOpen }: Props) {
  return (
    <section className="panel" aria-labelledby="decisions-title">
      <div className="panel-head">
        <h2 id="decisions-title">Decisions</h2>
        <span className="muted">{decisions.length === 0 ? "none in this span" : `${decisions.length} in this span`}</span>
      </div>
      {decisions.length === 0 ? (
        <p className="panel-empty">
          Nothing was changed in this span.{" "}
          {mode === "observe"
            ? "In mode observe nothing ever is: set it to recommend to be told, or to auto."
            : "Choose a longer one for earlier decisions."}
        </p>
      ) : (
        <div className="decisions" tabIndex={0} role="group" aria-label="Decisions, scrolling">
          <DecisionRows decisions={decisions.toReversed()} onOpen={onOpen} />
        </div>
      )}
    </section>
  );
}
