// What waits for a yes or a no: plans from chat, manifests and programs, and what the scaler recommends. Then what was decided.
import "../plans/plans.css";

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useSearchParams } from "react-router";

import { http, unwrap, type Schemas } from "../api/client";
import { useOrder } from "../autoscaling/useOrder";
import { ApprovalCard } from "../plans/ApprovalCard";
import { plansQuery, type PlanItem } from "../plans/queries";
import { countdown, originOf, stateOf } from "../plans/words";
import { useNow } from "../ui/clock";
import { Badge, Button, ButtonLink, Shape } from "../ui/controls";
import { EmptyState, FailureLine, FailureState, OnlyLooking, RowsSkeleton } from "../ui/states";
import { Time } from "../ui/Time";

type Recommendation = Schemas["WaitingRecommendation"];

export function Approvals() {
  const plans = useQuery(plansQuery());
  const [search] = useSearchParams();
  if (plans.isPending) return <RowsSkeleton rows={8} label="Loading approvals" />;
  if (plans.isError && !plans.data) return <FailureState isPage error={plans.error} retry={() => void plans.refetch()} />;
  const { waiting, recommendations, recent } = plans.data;
  const count = waiting.length + recommendations.length;
  if (count === 0 && recent.length === 0) {
    return (
      <>
        <h1>Approvals</h1>
        <EmptyState title="Nothing waits for you" next={<ButtonLink to="/">Go to the dashboard</ButtonLink>}>
          Whatever shall change in a cluster is shown here first: the exact difference, what it affects, and the way back. It is done
          only when somebody who may says yes.
        </EmptyState>
      </>
    );
  }
  return (
    <>
      <h1>Approvals</h1>
      <p className="sentence">
        {count === 0 ? "Nothing waits for you." : count === 1 ? "One thing waits for a yes or a no." : `${count} things wait for a yes or a no.`}
      </p>
      <FailureLine error={plans.error} />
      {waiting.map((plan) => (
        <ApprovalCard key={plan.id} planId={plan.id} />
      ))}
      {recommendations.length > 0 && (
        <section className="panel" aria-labelledby="recommended-title">
          <div className="panel-head">
            <h2 id="recommended-title">Recommended by the scaler</h2>
          </div>
          <ul className="plan-list">
            {recommendations.map((item) => (
              <RecommendationLine key={item.decision_id} item={item} />
            ))}
          </ul>
        </section>
      )}
      {recent.length > 0 && (
        <section className="panel" aria-labelledby="recent-title">
          <div className="panel-head">
            <h2 id="recent-title">Decided of late</h2>
            <span className="muted">newest first</span>
          </div>
          <ul className="plan-list">
            {recent.map((plan) => (
              <PlanLine key={plan.id} plan={plan} isOpenAtFirst={search.get("plan") === plan.id} />
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function RecommendationLine({ item }: { item: Recommendation }) {
  const params = { path: { decision_id: item.decision_id } };
  const order = useOrder((act: "apply" | "dismiss") =>
    act === "apply"
      ? unwrap(http.POST("/api/v1/decisions/{decision_id}/apply", { params }))
      : unwrap(http.POST("/api/v1/decisions/{decision_id}/dismiss", { params })),
  );
  return (
    <li className="plan-advice">
      <Shape tone="forecast" />
      <Link to={`/clusters/${item.cluster_id}/workloads/${item.workload_id}`}>
        {item.namespace}/{item.name}
      </Link>
      <strong>
        {item.from_replicas} → {item.to_replicas} pods
      </strong>
      <span className="muted">
        {item.cluster_name}, <Time at={item.decided_at} relative />
      </span>
      <span className="plan-said">{item.reason}</span>
      {!item.may_apply ? (
        <OnlyLooking act="apply or dismiss it" />
      ) : (
        <>
          <Button weight="primary" disabled={order.isPending} onClick={() => order.mutate("apply")}>
            Apply: set {item.to_replicas}
          </Button>
          <Button disabled={order.isPending} onClick={() => order.mutate("dismiss")}>
            Dismiss
          </Button>
        </>
      )}
      <FailureLine error={order.error} />
    </li>
  );
}

function PlanLine({ plan, isOpenAtFirst }: { plan: PlanItem; isOpenAtFirst: boolean }) {
  const [isOpen, setOpen] = useState(isOpenAtFirst);
  const now = useNow(60_000);
  const [tone, word] = stateOf(plan.status);
  return (
    <li>
      <button type="button" className="plan-line" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <strong>{plan.title}</strong>
        <Badge tone={tone}>{word}</Badge>
        <span className="muted">
          {plan.cluster_name} · {plan.objects === 1 ? "1 object" : `${plan.objects} objects`} · {plan.asked_by} {originOf(plan.origin)}
        </span>
        <span className="plan-line-at">
          {plan.status === "waiting" ? countdown(new Date(plan.expires_at), now) : <Time at={plan.finished_at ?? plan.created_at} relative />}
        </span>
        {plan.result && <span className="plan-said">{plan.result.sentence}</span>}
      </button>
      {isOpen && (
        <div className="plan-opened">
          <ApprovalCard planId={plan.id} />
        </div>
      )}
    </li>
  );
}
