// What the workloads of a namespace may have and cost together. A budget warns when it is nearly used, and then binds.
import { useState, type FormEvent } from "react";

import { http, unwrap, type Schemas } from "../api/client";
import { useCluster } from "../pages/ClusterLayout";
import { Badge, Button, Segmented, TextField } from "../ui/controls";
import { FailureLine } from "../ui/states";
import { Panel } from "./Panel";
import { useWish } from "./useOrder";

type Budget = Schemas["AutoscalingStatus"]["budgets"][number];

const EMPTY = { namespace: "", pods: "", cost: "", period: "month" as "day" | "month" };
const PERIODS = [
  { value: "day", label: "a day" },
  { value: "month", label: "a month" },
] as const;

export function Budgets({ budgets }: { budgets: Budget[] }) {
  const cluster = useCluster();
  const [draft, setDraft] = useState(EMPTY);
  const path = { cluster_id: cluster.id };
  const set = useWish(
    (body: typeof draft) =>
      unwrap(
        http.PUT("/api/v1/clusters/{cluster_id}/budgets/{namespace}", {
          params: { path: { ...path, namespace: body.namespace } },
          body: {
            max_replicas: body.pods ? Number(body.pods) : null,
            max_cost: body.cost ? Number(body.cost) : null,
            cost_period: body.cost ? body.period : null,
          },
        }),
      ),
    () => setDraft(EMPTY),
  );
  const remove = useWish((namespace: string) =>
    unwrap(http.DELETE("/api/v1/clusters/{cluster_id}/budgets/{namespace}", { params: { path: { ...path, namespace } } })),
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    set.mutate(draft);
  };
  const currency = budgets.find((item) => item.currency)?.currency;
  return (
    <Panel title="Budgets">
      {budgets.length === 0 && <p className="muted">None. A budget bounds the pods that a namespace&apos;s workloads have together, or what they cost.</p>}
      <ul className="scaling-list">
        {budgets.map((item) => (
          <li key={item.namespace}>
            <span>
              {item.text} {item.level === "over" && <Badge tone="bad">binds</Badge>}
              {item.level === "near" && <Badge tone="warn">nearly used up</Badge>}
            </span>
            {cluster.may_change && (
              <Button className="button-small" onClick={() => remove.mutate(item.namespace)} disabled={remove.isPending} aria-label={`Remove the budget of ${item.namespace}`}>
                Remove
              </Button>
            )}
          </li>
        ))}
      </ul>
      {cluster.may_change && (
        <form className="schedule-form" onSubmit={submit}>
          <TextField label="Namespace" required value={draft.namespace} onChange={(event) => setDraft({ ...draft, namespace: event.target.value })} />
          <div className="pair">
            <TextField label="Pods at most" type="number" min={1} required={!draft.cost} value={draft.pods} onChange={(event) => setDraft({ ...draft, pods: event.target.value })} />
            <TextField label="Cost at most" type="number" min={0} step="any" unit={currency ?? "by your prices"} required={!draft.pods} value={draft.cost} onChange={(event) => setDraft({ ...draft, cost: event.target.value })} />
          </div>
          {draft.cost && <Segmented legend="Over" choices={PERIODS} value={draft.period} onChange={(period) => setDraft({ ...draft, period })} />}
          <div className="policy-acts">
            <Button type="submit" disabled={set.isPending}>
              Set
            </Button>
          </div>
        </form>
      )}
      <FailureLine error={set.error ?? remove.error} />
    </Panel>
  );
}
