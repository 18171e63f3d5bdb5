// Severities as tones: never colour alone, the word stands beside it.
import type { Anomaly, Incident } from "../api/client";
import { bytes, cores, significant } from "../format";
import type { Tone } from "../ui/controls";

export const SEVERITY_TONE: Record<Incident["severity"], Tone> = { low: "info", medium: "warn", high: "bad", critical: "bad" };

const METRICS: Record<string, string> = {
  cpu: "CPU",
  memory: "Memory",
  memory_per_pod: "Memory of a pod",
  requests: "Requests",
  network_receive: "Network received",
  network_transmit: "Network sent",
  disk_read: "Disk reads",
  disk_write: "Disk writes",
};

export const metricName = (metric: string): string => METRICS[metric] ?? metric.replaceAll("_", " ");

export function amount(metric: string, value: number): string {
  if (metric === "cpu") return cores(value);
  if (metric === "requests") return `${significant(value)}/s`;
  return metric.startsWith("memory") ? bytes(value) : `${bytes(value)}/s`;
}

/** What is going on with it, in a word. */
export function stateOf(incident: Incident): [Tone, string] {
  if (incident.closed_at) return ["neutral", "over"];
  if (incident.muted) return ["neutral", "muted"];
  if (incident.acknowledgement) return ["info", "acknowledged"];
  return ["warn", "open"];
}

export const subjectName = ({ subject }: Anomaly): string =>
  subject.namespace ? `${subject.namespace} / ${subject.name}` : subject.name || "gone";
