// One plan: exactly what would be done, what it affects, five minutes to say yes or no; then how it goes, what came of it,
// and the way back. Used wherever a write is asked for.
import "./plans.css";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { http, unwrap } from "../api/client";
import { useNow } from "../ui/clock";
import { Badge, Button, Shape } from "../ui/controls";
import { FailureLine, FailureState, RowsSkeleton } from "../ui/states";
import { Time } from "../ui/Time";
import { Diff } from "./Diff";
import { isMoving, planQuery, useUndoPlan, type Plan } from "./queries";
import { countdown, originOf, stateOf, toneOf, verbOf } from "./words";

const LASTS_MS = 300_000;
/** More than this many differences are folded: the list says first what is touched at all. */
const OPEN_DIFFS = 3;

export function ApprovalCard({ planId, onEnded }: { planId: string; onEnded?: () => void }) {
  const plan = useQuery(planQuery(planId));
  if (plan.isPending) return <RowsSkeleton rows={4} label="Loading the plan" />;
  if (plan.isError && !plan.data) return <FailureState error={plan.error} retry={() => void plan.refetch()} />;
  return <Card plan={plan.data} {...(onEnded ? { onEnded } : {})} />;
}

function Card({ plan, onEnded }: { plan: Plan; onEnded?: () => void }) {
  const [tone, word] = stateOf(plan.status);
  const [undoId, setUndoId] = useState<string | null>(null);
  return (
    <article className="panel" aria-label={`Plan: ${plan.title}`}>
      <div className="panel-head">
        <h2>{plan.title}</h2>
        <Badge tone={tone}>{word}</Badge>
        <span className="muted">
          {plan.cluster_name} · {plan.asked_by || "somebody"} {originOf(plan.origin)}, <Time at={plan.created_at} relative />
        </span>
      </div>
      <div className="panel-body plan-body">
        <Effects plan={plan} />
        <Changes plan={plan} />
        <p className="plan-back">
          {plan.undo_problem ? `Not all of it can be undone: ${plan.undo_problem}.` : "All of it can be undone from here."}
        </p>
        {plan.status === "waiting" && <Verdict plan={plan} {...(onEnded ? { onEnded } : {})} />}
        {isMoving(plan) && <Progress plan={plan} />}
        <Outcome plan={plan} onUndo={setUndoId} />
      </div>
      {undoId && (
        <div className="plan-undo">
          <ApprovalCard planId={undoId} />
        </div>
      )}
    </article>
  );
}

function Effects({ plan }: { plan: Plan }) {
  if (plan.effects.length === 0) return <p className="muted">No pods are touched, and nothing else looks after these objects.</p>;
  return (
    <ul className="plan-effects" aria-label="What it affects">
      {plan.effects.map((effect) => (
        <li key={effect.text}>
          <Shape tone={toneOf(effect.weight)} /> {effect.text}
        </li>
      ))}
    </ul>
  );
}

function Changes({ plan }: { plan: Plan }) {
  return (
    <ul className="plan-changes" aria-label="What changes">
      {plan.changes.map((change, index) => {
        const name = change.namespace ? `${change.namespace}/${change.name}` : change.name;
        return (
          <li key={index}>
            <details open={plan.changes.length <= OPEN_DIFFS}>
              <summary>
                <strong>{verbOf(change.verb)}</strong> {change.kind} {name}
                {change.through === "scaler" && <span className="muted"> by the scaler</span>}
              </summary>
              <Diff text={change.diff} label={`${change.kind} ${name}`} />
            </details>
          </li>
        );
      })}
    </ul>
  );
}

function Verdict({ plan, onEnded }: { plan: Plan; onEnded?: () => void }) {
  const queries = useQueryClient();
  const now = useNow(1_000);
  const until = new Date(plan.expires_at);
  const left = Math.max(0, until.getTime() - now.getTime());
  const say = useMutation({
    mutationFn: async (verdict: "approve" | "refuse") => {
      const params = { path: { plan_id: plan.id } };
      if (verdict === "approve") await unwrap(http.POST("/api/v1/plans/{plan_id}/approve", { params, body: { hash: plan.hash } }));
      else await unwrap(http.POST("/api/v1/plans/{plan_id}/refuse", { params, body: { reason: "" } }));
    },
    onSuccess: () => onEnded?.(),
    onSettled: () => Promise.all(["plan", "plans", "overview", "jobs"].map((key) => queries.invalidateQueries({ queryKey: [key] }))),
  });
  return (
    <div className="plan-verdict">
      <div className="plan-clock">
        <span role="timer" aria-label="Time left to approve">
          {countdown(until, now)}
        </span>
        <div className="progress" aria-hidden="true">
          <span style={{ width: `${Math.min(100, (100 * left) / LASTS_MS)}%` }} />
        </div>
      </div>
      <Button weight="primary" disabled={!plan.may_approve || left === 0 || say.isPending} onClick={() => say.mutate("approve")}>
        {say.isPending && say.variables === "approve" ? "On its way …" : "Approve"}
      </Button>
      <Button disabled={!plan.may_refuse || say.isPending || left === 0} onClick={() => say.mutate("refuse")}>
        Refuse
      </Button>
      {plan.why_not && <span className="muted">You cannot approve{plan.may_refuse ? "" : " or refuse"} it: {plan.why_not}.</span>}
      <FailureLine error={say.error} />
    </div>
  );
}

function Progress({ plan }: { plan: Plan }) {
  const percent = plan.job?.progress ?? 0;
  return (
    <div className="plan-progress" aria-live="polite">
      <div className="progress" role="progressbar" aria-label="How far it is" aria-valuemin={0} aria-valuemax={100} aria-valuenow={percent}>
        <span style={{ width: `${percent}%` }} />
      </div>
      <span>{plan.job?.message ?? "waiting for its turn"}</span>
    </div>
  );
}

function Outcome({ plan, onUndo }: { plan: Plan; onUndo: (planId: string) => void }) {
  const undo = useUndoPlan(onUndo);
  const said = plan.verdict && `${plan.verdict.verdict === "approve" ? "Approved" : "Refused"} by ${plan.verdict.by}`;
  if (plan.status === "waiting" || isMoving(plan)) return null;
  return (
    <div className="plan-outcome">
      {plan.status === "expired" && <p>Nobody approved it within five minutes. Have it made again to look at how things stand now.</p>}
      {plan.result && (
        <p>
          <Shape tone={plan.status === "applied" ? "good" : "bad"} /> {plan.result.sentence}
        </p>
      )}
      {plan.verdict && (
        <p className="muted">
          {said}, <Time at={plan.verdict.at} relative />
          {plan.verdict.reason && `: ${plan.verdict.reason}`}
        </p>
      )}
      {plan.may_undo && (
        <Button disabled={undo.isPending} onClick={() => undo.mutate(plan.id)}>
          {undo.isPending ? "Looking for the way back …" : "Undo"}
        </Button>
      )}
      <FailureLine error={undo.error} />
    </div>
  );
}
