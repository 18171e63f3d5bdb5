// A change that waits for a person: exactly what would happen, what it affects, and yes or no to just that.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { http, unwrap } from "../api/client";
import { Badge, Button, type Tone } from "../ui/controls";
import { FailureLine } from "../ui/states";
import type { PlanShown } from "./heard";

const TONES: Record<string, Tone> = { waiting: "info", applied: "good", failed: "bad", refused: "neutral", expired: "neutral" };
const UNDER_WAY = new Set(["approved", "applying", "following"]);
const LOOK_MS = 1_500;
const WAIT_MS = 10_000;

export function PlanCard({ plan }: { plan: PlanShown }) {
  const id = plan.id ?? "";
  const queries = useQueryClient();
  const params = { path: { plan_id: id } };
  const now = useQuery({
    queryKey: ["plan", id],
    queryFn: () => unwrap(http.GET("/api/v1/plans/{plan_id}", { params })),
    enabled: id !== "",
    refetchInterval: (query) => {
      const status = query.state.data?.status ?? "";
      return UNDER_WAY.has(status) ? LOOK_MS : status === "waiting" ? WAIT_MS : false;
    },
  });
  const decide = useMutation({
    mutationFn: async (verdict: "approve" | "refuse") => {
      if (verdict === "approve") await unwrap(http.POST("/api/v1/plans/{plan_id}/approve", { params, body: { hash: plan.hash ?? "" } }));
      else await unwrap(http.POST("/api/v1/plans/{plan_id}/refuse", { params, body: { reason: "" } }));
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ["plan", id] }),
  });
  const status = now.data?.status ?? "waiting";
  return (
    <section className="plan" aria-label={`Plan: ${plan.title ?? ""}`}>
      <p className="plan-title">
        {plan.title} <Badge tone={TONES[status] ?? "info"}>{status}</Badge>
      </p>
      {plan.summary && <pre className="step-text">{plan.summary}</pre>}
      {plan.diff && <Difference text={plan.diff} />}
      {now.data?.result && <p>{now.data.result.sentence}</p>}
      {status === "waiting" && (
        <>
          <p className="muted">Nothing has changed. An approval is for exactly this, and for five minutes.</p>
          <div className="chat-choices">
            <Button weight="primary" onClick={() => decide.mutate("approve")} disabled={decide.isPending}>
              Approve
            </Button>
            <Button onClick={() => decide.mutate("refuse")} disabled={decide.isPending}>
              Refuse
            </Button>
          </div>
        </>
      )}
      <FailureLine error={decide.error ?? now.error} />
    </section>
  );
}

/** Lines with a word's worth of colour; their signs say the same without it. */
function Difference({ text }: { text: string }) {
  return (
    <pre className="step-text">
      {text.split("\n").map((line, index) => (
        <span key={index} className={line.startsWith("+") ? "line-more" : line.startsWith("-") ? "line-less" : undefined}>
          {line}
          {"\n"}
        </span>
      ))}
    </pre>
  );
}
