// An HPA while it is being edited, and its way from and to autoscaling/v2. What cannot be shown whole is not offered for editing.
import type { Schemas } from "../api/client";

type Body = Schemas["HpaBody"];
export type Kind = Body["metrics"][number]["kind"];
export type Measure = "utilization" | "average" | "value";

export interface MetricDraft {
  kind: Kind;
  /** Of CPU and memory: one container only; empty for all of them. */
  container: string;
  name: string;
  measure: Measure;
  amount: string;
  objectKind: string;
  objectName: string;
  objectApi: string;
  labels: string;
}

export interface LimitDraft {
  kind: "Pods" | "Percent";
  value: string;
  period: string;
}

export interface DirectionDraft {
  window: string;
  select: "" | "Max" | "Min" | "Disabled";
  tolerance: string;
  limits: LimitDraft[];
}

export interface HpaDraft {
  min: string;
  max: string;
  metrics: MetricDraft[];
  up: DirectionDraft;
  down: DirectionDraft;
}

interface Target {
  type?: string;
  averageUtilization?: number;
  averageValue?: string;
  value?: string;
}
interface Named {
  metric?: { name: string; selector?: { matchLabels?: Record<string, string>; matchExpressions?: unknown } };
  describedObject?: { apiVersion?: string; kind: string; name: string };
  target: Target;
}
interface Owned {
  name: string;
  container?: string;
  target: Target;
}
interface Metric {
  type: string;
  resource?: Owned;
  containerResource?: Owned;
  pods?: Named;
  object?: Named;
  external?: Named;
}
interface Rules {
  stabilizationWindowSeconds?: number | null;
  selectPolicy?: "Max" | "Min" | "Disabled";
  tolerance?: string | number;
  policies?: { type: "Pods" | "Percent"; value: number; periodSeconds: number }[];
}
export interface Spec {
  minReplicas?: number;
  maxReplicas?: number;
  metrics?: Metric[];
  behavior?: { scaleUp?: Rules; scaleDown?: Rules };
}

const NO_RULES: DirectionDraft = { window: "", select: "", tolerance: "", limits: [] };
const EMPTY: MetricDraft = {
  kind: "cpu",
  container: "",
  name: "",
  measure: "utilization",
  amount: "",
  objectKind: "Ingress",
  objectName: "",
  objectApi: "networking.k8s.io/v1",
  labels: "",
};

export const metricOf = (kind: Kind): MetricDraft => ({ ...EMPTY, kind, measure: MEASURES[kind][0] ?? "average" });

/** What a metric of a kind can be held at. */
export const MEASURES: Record<Kind, readonly Measure[]> = {
  cpu: ["utilization", "average"],
  memory: ["utilization", "average"],
  pods: ["average"],
  object: ["value", "average"],
  external: ["average", "value"],
};

export const freshHpa = (min: number, max: number): HpaDraft => ({
  min: String(min),
  max: String(max),
  metrics: [{ ...EMPTY, amount: "80" }],
  up: NO_RULES,
  down: NO_RULES,
});

/** A spec as the form shows it; null where it holds something that the form cannot show. */
export function hpaDraftOf(spec: Spec): HpaDraft | null {
  const metrics = (spec.metrics ?? []).map(readMetric);
  if (metrics.some((metric) => metric === null)) return null;
  return {
    min: String(spec.minReplicas ?? 1),
    max: String(spec.maxReplicas ?? ""),
    metrics: metrics.filter((metric) => metric !== null),
    up: readRules(spec.behavior?.scaleUp),
    down: readRules(spec.behavior?.scaleDown),
  };
}

function readMetric(metric: Metric): MetricDraft | null {
  const owned = metric.resource ?? metric.containerResource;
  if (owned) {
    if (owned.name !== "cpu" && owned.name !== "memory") return null;
    return { ...EMPTY, kind: owned.name, container: owned.container ?? "", ...readTarget(owned.target) };
  }
  const named = metric.pods ?? metric.object ?? metric.external;
  if (!named?.metric || named.metric.selector?.matchExpressions) return null;
  const labels = Object.entries(named.metric.selector?.matchLabels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(", ");
  const kind: Kind = metric.pods ? "pods" : metric.object ? "object" : "external";
  const { describedObject: about } = named;
  const object = about ? { objectKind: about.kind, objectName: about.name, objectApi: about.apiVersion ?? "v1" } : {};
  return { ...EMPTY, kind, name: named.metric.name, labels, ...object, ...readTarget(named.target) };
}

function readTarget(target: Target): Pick<MetricDraft, "measure" | "amount"> {
  if (target.averageUtilization !== undefined) return { measure: "utilization", amount: String(target.averageUtilization) };
  if (target.averageValue !== undefined) return { measure: "average", amount: target.averageValue };
  return { measure: "value", amount: target.value ?? "" };
}

const readRules = (rules: Rules | undefined): DirectionDraft => ({
  window: rules?.stabilizationWindowSeconds == null ? "" : String(rules.stabilizationWindowSeconds),
  select: rules?.selectPolicy ?? "",
  tolerance: rules?.tolerance === undefined ? "" : String(rules.tolerance),
  limits: (rules?.policies ?? []).map((item) => ({ kind: item.type, value: String(item.value), period: String(item.periodSeconds) })),
});

/** What is sent. */
export function bodyOf(draft: HpaDraft, target: Body["target"]): Body {
  return {
    target,
    min_replicas: Number(draft.min),
    max_replicas: Number(draft.max),
    metrics: draft.metrics.map(writeMetric),
    scale_up: writeRules(draft.up),
    scale_down: writeRules(draft.down),
  };
}

function writeMetric(metric: MetricDraft): Body["metrics"][number] {
  const isOwned = metric.kind === "cpu" || metric.kind === "memory";
  return {
    kind: metric.kind,
    container: isOwned && metric.container ? metric.container : null,
    name: isOwned ? null : metric.name,
    utilization_percent: metric.measure === "utilization" ? Number(metric.amount) : null,
    average_value: metric.measure === "average" ? metric.amount : null,
    value: metric.measure === "value" ? metric.amount : null,
    described_object: metric.kind === "object" ? { api_version: metric.objectApi, kind: metric.objectKind, name: metric.objectName } : null,
    labels: isOwned ? {} : labelsOf(metric.labels),
  };
}

function labelsOf(text: string): Record<string, string> {
  const pairs = text.split(",").map((pair) => pair.split("=").map((part) => part.trim()));
  return Object.fromEntries(pairs.filter(([key]) => key).map(([key, value]) => [key, value ?? ""]));
}

function writeRules(rules: DirectionDraft): NonNullable<Body["scale_up"]> | null {
  if (!rules.window && !rules.select && !rules.tolerance && rules.limits.length === 0) return null;
  return {
    stabilization_window_seconds: rules.window === "" ? null : Number(rules.window),
    select: rules.select || null,
    tolerance: rules.tolerance || null,
    limits: rules.limits.map((item) => ({ kind: item.kind, value: Number(item.value), period_seconds: Number(item.period) })),
  };
}
