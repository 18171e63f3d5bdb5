// A decision in plain words, on request: a model's where every number in them is a fact of the ledger, else the rules'.
import "./advice.css";

import { http, unwrap } from "../api/client";
import { useFollowedJob } from "../connect/jobs";
import { Badge, Button } from "../ui/controls";
import { FailureLine } from "../ui/states";
import { explanationOf } from "./advice";

export function ExplainDecision({ decisionId }: { decisionId: string }) {
  const asked = useFollowedJob(() =>
    unwrap(http.POST("/api/v1/decisions/{decision_id}/explanation", { params: { path: { decision_id: decisionId } } })),
  );
  const explained = explanationOf(asked.job);
  return (
    <div className="explanation" aria-live="polite">
      {explained ? (
        <>
          <p>{explained.text}</p>
          <p className="advice-whose">
            <Badge tone={explained.provider === "rules" ? "neutral" : "info"}>
              {explained.provider === "rules" ? "in the rules' words" : `in the words of ${explained.provider}, every number checked`}
            </Badge>
          </p>
          {explained.note && <p className="muted">{explained.note}</p>}
        </>
      ) : (
        <Button onClick={asked.start} disabled={asked.isRunning}>
          {asked.isRunning ? `${asked.job?.message ?? "On its way"} …` : "Explain in plain words"}
        </Button>
      )}
      {asked.job?.status === "failed" && <p className="muted">{asked.job.error ?? asked.job.message}</p>}
      <FailureLine error={asked.error} />
    </div>
  );
}
