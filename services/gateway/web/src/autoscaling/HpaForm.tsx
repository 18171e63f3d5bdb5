// An HPA in the few fields that most need; metrics and behaviour that the form does not show stay as they are.
import { useState, type FormEvent } from "react";

import { http, unwrap, type Schemas, type Workload } from "../api/client";
import { Button, TextField } from "../ui/controls";
import { FailureLine } from "../ui/states";
import { useOrder } from "./useOrder";

type Autoscaler = Schemas["AutoscalerView"];
type HpaBody = Schemas["HpaBody"];

interface Spec {
  minReplicas?: number;
  maxReplicas?: number;
  metrics?: { type: string; resource?: { name: string; target: { averageUtilization?: number } } }[];
  behavior?: unknown;
}

/** Whether the form can show all of it: what it cannot show it must not overwrite. */
export function isPlain(hpa: Autoscaler): boolean {
  const spec = hpa.spec as Spec;
  const metrics = spec.metrics ?? [];
  return !spec.behavior && metrics.every((metric) => metric.resource?.target.averageUtilization !== undefined);
}

const percentOf = (hpa: Autoscaler | null, name: string): string => {
  const metric = ((hpa?.spec ?? {}) as Spec).metrics?.find((item) => item.resource?.name === name);
  return String(metric?.resource?.target.averageUtilization ?? "");
};

export function HpaForm({ workload, hpa, close }: { workload: Workload; hpa: Autoscaler | null; close: () => void }) {
  const spec = (hpa?.spec ?? {}) as Spec;
  const [draft, setDraft] = useState({
    min: String(spec.minReplicas ?? workload.policy.min_replicas),
    max: String(spec.maxReplicas ?? workload.policy.max_replicas),
    cpu: hpa ? percentOf(hpa, "cpu") : "80",
    memory: percentOf(hpa, "memory"),
  });
  const save = useOrder((body: HpaBody) => {
    const path = { cluster_id: workload.cluster_id };
    return hpa
      ? unwrap(http.PUT("/api/v1/clusters/{cluster_id}/hpas/{namespace}/{name}", { params: { path: { ...path, namespace: hpa.namespace, name: hpa.name } }, body }))
      : unwrap(http.POST("/api/v1/clusters/{cluster_id}/hpas", { params: { path }, body: { ...body, namespace: workload.namespace, name: workload.name } }));
  }, close);
  const field = (name: keyof typeof draft, label: string, unit: string, isRequired = false) => (
    <TextField label={label} type="number" min={1} unit={unit} required={isRequired} value={draft[name]} onChange={(event) => setDraft({ ...draft, [name]: event.target.value })} />
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate({
      target: { api_version: "apps/v1", kind: workload.kind, name: workload.name },
      min_replicas: Number(draft.min),
      max_replicas: Number(draft.max),
      metrics: (["cpu", "memory"] as const).flatMap((kind) => (draft[kind] ? [{ kind, utilization_percent: Number(draft[kind]), labels: {} }] : [])),
    });
  };
  return (
    <form className="schedule-form" onSubmit={submit}>
      <div className="pair">
        {field("min", "Min pods", "pods", true)}
        {field("max", "Max pods", "pods", true)}
        {field("cpu", "CPU target", "% of request")}
        {field("memory", "Memory target", "% of request")}
      </div>
      <FailureLine error={save.error} />
      <div className="policy-acts">
        <Button type="submit" weight="primary" disabled={save.isPending || (!draft.cpu && !draft.memory)}>
          {save.isPending ? "On its way …" : hpa ? "Save HPA" : "Create HPA"}
        </Button>
        <Button onClick={close}>Discard</Button>
      </div>
    </form>
  );
}
