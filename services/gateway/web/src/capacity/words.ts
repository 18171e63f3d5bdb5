// What can run out, and how much of it there is, in words.
import type { Schemas } from "../api/client";
import { bytes, cores, significant } from "../format";

type Outlook = Schemas["OutlookRow"];

export const RESOURCES: Record<string, string> = {
  cpu: "CPU in use",
  memory: "memory in use",
  cpu_requests: "CPU requests",
  memory_requests: "memory requests",
  pods: "pods",
  storage: "storage",
  "requests.cpu": "CPU requests",
  "requests.memory": "memory requests",
  "limits.cpu": "CPU limits",
  "limits.memory": "memory limits",
};

const SCOPES = { cluster: "Cluster", pool: "Pool", quota: "Quota", claim: "Volume claim" } as const;

export const placeOf = (item: Outlook): string => (item.name ? `${SCOPES[item.scope]} ${item.name}` : SCOPES[item.scope]);

export function amountWords(item: Outlook): string {
  const say = wordsOf(item);
  return `${item.used === null ? "–" : say(item.used)} of ${item.limit === null ? "–" : say(item.limit)}`;
}

function wordsOf(item: Outlook): (value: number) => string {
  const resource = item.resource.replace(/^(requests|limits)\./, "");
  if (item.scope === "quota" && resource === "cpu") return (value) => cores(value * 1000);
  if (resource === "cpu" || resource === "cpu_requests") return cores;
  return ["memory", "memory_requests", "storage", "ephemeral-storage"].includes(resource) ? bytes : significant;
}
