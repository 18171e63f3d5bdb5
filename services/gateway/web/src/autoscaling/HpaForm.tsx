// An HPA: its bounds, any number of metrics of every kind, and how fast it may move in each direction.
import { useState, type FormEvent } from "react";

import { http, unwrap, type Schemas, type Workload } from "../api/client";
import { Button, TextField } from "../ui/controls";
import { FailureLine } from "../ui/states";
import { bodyOf, freshHpa, hpaDraftOf, metricOf, type DirectionDraft, type HpaDraft, type Spec } from "./hpaDraft";
import { HpaBehaviour, HpaMetrics } from "./HpaParts";
import { useOrder } from "./useOrder";

type Autoscaler = Schemas["AutoscalerView"];
type HpaBody = Schemas["HpaBody"];

/** Whether the form can show all of it: what it cannot show it must not overwrite. */
export const isPlain = (hpa: Autoscaler): boolean => hpaDraftOf(hpa.spec as Spec) !== null;

export function HpaForm({ workload, hpa, close }: { workload: Workload; hpa: Autoscaler | null; close: () => void }) {
  const fresh = freshHpa(workload.policy.min_replicas, workload.policy.max_replicas);
  const [draft, setDraft] = useState<HpaDraft>((hpa && hpaDraftOf(hpa.spec as Spec)) ?? fresh);
  const edit = (change: Partial<HpaDraft>) => setDraft({ ...draft, ...change });
  const save = useOrder((body: HpaBody) => {
    const path = { cluster_id: workload.cluster_id };
    return hpa
      ? unwrap(http.PUT("/api/v1/clusters/{cluster_id}/hpas/{namespace}/{name}", { params: { path: { ...path, namespace: hpa.namespace, name: hpa.name } }, body }))
      : unwrap(http.POST("/api/v1/clusters/{cluster_id}/hpas", { params: { path }, body: { ...body, namespace: workload.namespace, name: workload.name } }));
  }, close);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate(bodyOf(draft, { api_version: "apps/v1", kind: workload.kind, name: workload.name }));
  };
  const bound = (name: "min" | "max", label: string, least: number) => (
    <TextField label={label} type="number" min={least} unit="pods" required value={draft[name]} onChange={(event) => edit({ [name]: event.target.value })} />
  );
  const direction = (name: "up" | "down") => (change: DirectionDraft) => edit({ [name]: change });
  return (
    <form className="schedule-form" onSubmit={submit}>
      <div className="pair">
        {bound("min", "Min pods", 0)}
        {bound("max", "Max pods", 1)}
      </div>
      <HpaMetrics metrics={draft.metrics} change={(metrics) => edit({ metrics })} add={() => edit({ metrics: [...draft.metrics, metricOf("cpu")] })} />
      <HpaBehaviour title="How fast up" rules={draft.up} change={direction("up")} />
      <HpaBehaviour title="How fast down" rules={draft.down} change={direction("down")} />
      <FailureLine error={save.error} />
      <div className="policy-acts">
        <Button type="submit" weight="primary" disabled={save.isPending || draft.metrics.length === 0}>
          {save.isPending ? "On its way …" : hpa ? "Save HPA" : "Create HPA"}
        </Button>
        <Button onClick={close}>Discard</Button>
      </div>
    </form>
  );
}
