// What a person can do about a decision: undo it, or apply or dismiss what was only recommended.
import { http, unwrap, type DecisionDetail } from "../api/client";
import { useOrder } from "../autoscaling/useOrder";
import { Button } from "../ui/controls";
import { FailureLine, OnlyLooking } from "../ui/states";

type Act = "undo" | "apply" | "dismiss";

export function DecisionActs({ decision }: { decision: DecisionDetail }) {
  const params = { path: { decision_id: decision.id } };
  const act = useOrder((what: Act) => {
    if (what === "undo") return unwrap(http.POST("/api/v1/decisions/{decision_id}/undo", { params }));
    if (what === "apply") return unwrap(http.POST("/api/v1/decisions/{decision_id}/apply", { params }));
    return unwrap(http.POST("/api/v1/decisions/{decision_id}/dismiss", { params }));
  });
  const isRevision = decision.actuator === "revision";
  const isOpen = decision.outcome === "observed" && (isRevision || decision.from_replicas !== decision.to_replicas);
  if (!decision.may_undo && !isOpen) return null;
  if (!decision.may_change) return <OnlyLooking act={isOpen ? "apply or dismiss it" : "undo it"} />;
  const button = (what: Act, label: string, weight: "primary" | "plain" = "plain") => (
    <Button weight={weight} disabled={act.isPending} onClick={() => act.mutate(what)}>
      {act.isPending && act.variables === what ? "On its way …" : label}
    </Button>
  );
  return (
    <div className="drawer-acts">
      {decision.may_undo && (
        <>
          {decision.actuator === "requests" ? (
            button("undo", "Undo: back to the requests before")
          ) : (
            <>
              {button("undo", `Undo: back to ${decision.from_replicas}`)}
              <span className="muted">The workload is then left alone for half an hour.</span>
            </>
          )}
        </>
      )}
      {isOpen && (
        <>
          {button("apply", isRevision ? "Apply: roll the revision back" : `Apply: set ${decision.to_replicas}`, "primary")}
          {button("dismiss", "Dismiss")}
        </>
      )}
      <FailureLine error={act.error} />
    </div>
  );
}
