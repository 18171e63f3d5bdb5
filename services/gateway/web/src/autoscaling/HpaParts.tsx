// The parts of an HPA's form that repeat: metrics, and rules for one direction.
import { useId } from "react";

import { Button, TextField } from "../ui/controls";
import { MEASURES, metricOf, type DirectionDraft, type Kind, type LimitDraft, type Measure, type MetricDraft } from "./hpaDraft";

const KINDS: Record<Kind, string> = {
  cpu: "CPU",
  memory: "memory",
  pods: "a metric of its pods",
  object: "a metric of another object",
  external: "a metric from outside",
};
const UNITS: Record<Measure, string> = { utilization: "% of request", average: "for each pod", value: "in all" };
/** Beside the target itself, where there is little room. */
const SHORT_UNITS: Record<Measure, string> = { utilization: "%", average: "a pod", value: "in all" };
const SELECTS = { "": "default", Max: "the most change", Min: "the least change", Disabled: "not at all" } as const;

function Choice<T extends string>({ label, value, choices, onChange }: { label: string; value: T; choices: readonly (readonly [T, string])[]; onChange: (value: T) => void }) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => onChange(event.target.value as T)}>
        {choices.map(([name, words]) => (
          <option key={name} value={name}>
            {words}
          </option>
        ))}
      </select>
      <div className="field-hint" />
    </div>
  );
}

export function HpaMetrics({ metrics, change, add }: { metrics: MetricDraft[]; change: (metrics: MetricDraft[]) => void; add: () => void }) {
  const set = (at: number, metric: MetricDraft) => change(metrics.map((old, index) => (index === at ? metric : old)));
  return (
    <fieldset className="hpa-part">
      <legend>Goes by the highest of</legend>
      {metrics.map((metric, index) => (
        <MetricRow key={index} metric={metric} change={(next) => set(index, next)} remove={() => change(metrics.filter((_, at) => at !== index))} />
      ))}
      <div className="policy-acts">
        <Button className="button-small" onClick={add}>
          Add a metric
        </Button>
      </div>
    </fieldset>
  );
}

function MetricRow({ metric, change, remove }: { metric: MetricDraft; change: (metric: MetricDraft) => void; remove: () => void }) {
  const isOwned = metric.kind === "cpu" || metric.kind === "memory";
  const text = (name: "container" | "name" | "objectKind" | "objectName" | "objectApi" | "labels" | "amount", label: string, more: object = {}) => (
    <TextField label={label} value={metric[name]} onChange={(event) => change({ ...metric, [name]: event.target.value })} {...more} />
  );
  return (
    <div className="hpa-row">
      <div className="pair">
        <Choice label="Metric" value={metric.kind} choices={Object.entries(KINDS) as [Kind, string][]} onChange={(kind) => change(metricOf(kind))} />
        {isOwned ? text("container", "Container", { placeholder: "all of them" }) : text("name", "Name", { required: true, placeholder: "http_requests" })}
        {metric.kind === "object" && text("objectKind", "Object's kind", { required: true })}
        {metric.kind === "object" && text("objectName", "Object's name", { required: true })}
        {metric.kind === "object" && text("objectApi", "Object's API version", { required: true })}
        {!isOwned && text("labels", "Labels", { placeholder: "queue=orders" })}
        {MEASURES[metric.kind].length > 1 && (
          <Choice label="Held at" value={metric.measure} choices={MEASURES[metric.kind].map((name) => [name, UNITS[name]] as const)} onChange={(measure) => change({ ...metric, measure })} />
        )}
        {text("amount", "Target", { required: true, unit: SHORT_UNITS[metric.measure], ...(metric.measure === "utilization" ? { type: "number", min: 1, max: 1000 } : { placeholder: "500m" }) })}
      </div>
      <Button className="button-small" onClick={remove} aria-label={`Remove ${KINDS[metric.kind]}`}>
        Remove
      </Button>
    </div>
  );
}

export function HpaBehaviour({ title, rules, change }: { title: string; rules: DirectionDraft; change: (rules: DirectionDraft) => void }) {
  const isSet = Boolean(rules.window || rules.select || rules.tolerance || rules.limits.length);
  const limit = (at: number, next: Partial<LimitDraft>) => change({ ...rules, limits: rules.limits.map((old, index) => (index === at ? { ...old, ...next } : old)) });
  return (
    <details className="hpa-part" open={isSet}>
      <summary>{title}</summary>
      <div className="pair">
        <TextField label="Waits for" type="number" min={0} max={3600} unit="s" placeholder="default" value={rules.window} onChange={(event) => change({ ...rules, window: event.target.value })} />
        <TextField label="Ignores changes below" placeholder="0.1" pattern="[0-9]+(\.[0-9]+)?" hint="relative; since Kubernetes 1.33" value={rules.tolerance} onChange={(event) => change({ ...rules, tolerance: event.target.value })} />
        <Choice label="Of several limits" value={rules.select} choices={Object.entries(SELECTS) as [DirectionDraft["select"], string][]} onChange={(select) => change({ ...rules, select })} />
      </div>
      {rules.limits.map((item, index) => (
        <div className="hpa-row" key={index}>
          <div className="pair">
            <TextField label="At most" type="number" min={1} required value={item.value} onChange={(event) => limit(index, { value: event.target.value })} />
            <Choice label="In" value={item.kind} choices={[["Pods", "pods"], ["Percent", "%"]]} onChange={(kind) => limit(index, { kind })} />
            <TextField label="Within" type="number" min={1} max={1800} unit="s" required value={item.period} onChange={(event) => limit(index, { period: event.target.value })} />
          </div>
          <Button className="button-small" onClick={() => change({ ...rules, limits: rules.limits.filter((_, at) => at !== index) })}>
            Remove
          </Button>
        </div>
      ))}
      <div className="policy-acts">
        <Button className="button-small" onClick={() => change({ ...rules, limits: [...rules.limits, { kind: "Pods", value: "4", period: "15" }] })}>
          Add a limit
        </Button>
      </div>
    </details>
  );
}
