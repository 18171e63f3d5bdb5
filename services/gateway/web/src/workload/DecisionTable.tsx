// The decisions of the span in sight, newest first.
import type { Decision, Workload } from "../api/client";
import { Button } from "../ui/controls";
import { Time } from "../ui/Time";
import { Change, Outcome, Verdict } from "./decisionWords";

interface Props {
  decisions: Decision[];
  mode: Workload["policy"]["mode"];
  onOpen: (decisions: Decision[]) => void;
}

export function DecisionTable({ decisions, mode, onOpen }: Props) {
  const newestFirst = decisions.toReversed();
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
        <div className="decisions">
          <table className="rows decision-rows">
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col">Pods</th>
                <th scope="col">Reason</th>
                <th scope="col">Outcome</th>
                <th scope="col">In hindsight</th>
                <th scope="col">
                  <span className="visually-hidden">Open</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {newestFirst.map((decision) => (
                <tr key={decision.id}>
                  <td className="nowrap" data-label="">
                    <Time at={decision.decided_at} />
                  </td>
                  <td className="nowrap" data-label="">
                    <Change decision={decision} />
                  </td>
                  <td className="decision-reason" data-label="">
                    {decision.reason}
                  </td>
                  <td data-label="">
                    <Outcome decision={decision} />
                  </td>
                  <td data-label="">
                    <Verdict decision={decision} />
                  </td>
                  <td data-label="">
                    <Button onClick={() => onOpen([decision])} aria-label={`Why ${decision.from_replicas} to ${decision.to_replicas}`}>
                      Why
                    </Button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
