// What findings are called, and how pressing each is.
import type { Schemas } from "../api/client";
import { bytes, cores, significant } from "../format";
import type { Tone } from "../ui/controls";

export type Finding = Schemas["ContainerSize"]["findings"][number];

export const FINDINGS: Record<Finding, [Tone, string]> = {
  oom_killed: ["bad", "killed for memory"],
  oom_risk: ["bad", "near its memory limit"],
  throttled: ["warn", "slowed by its limit"],
  noisy_neighbour: ["warn", "noisy neighbour"],
  under_provisioned: ["warn", "asks for too little"],
  no_request: ["info", "asks for nothing"],
  idle: ["info", "idle"],
  over_provisioned: ["info", "asks for too much"],
};

/** Small amounts in millicores: 0.021 cores is not how anybody writes it. */
export function cpu(millicores: number): string {
  if (millicores < 1000) return `${significant(millicores)} m`;
  return millicores === 1000 ? "1 core" : cores(millicores);
}

export function savingWords(saving: Schemas["Saving"]): string {
  const parts = [
    signed(saving.cpu_millicores, cpu),
    signed(saving.memory_bytes, bytes),
    saving.money_per_month === null ? "" : signed(saving.money_per_month, (value) => `${significant(value)} ${saving.currency ?? ""} a month`),
  ];
  return parts.filter(Boolean).join(", ");
}

/** What it saves, and what it takes more, each in words. */
export function savedAndTaken(saving: Schemas["Saving"]): [saved: string, taken: string] {
  const parts: [number | null, (value: number) => string][] = [
    [saving.cpu_millicores, cpu],
    [saving.memory_bytes, bytes],
    [saving.money_per_month, (value) => `${significant(value)} ${saving.currency ?? ""} a month`],
  ];
  const words = (sign: number): string =>
    parts.flatMap(([value, inWords]) => (value !== null && sign * value > 1e-9 ? [inWords(sign * value)] : [])).join(", ");
  return [words(1), words(-1)];
}

function signed(value: number | null, words: (value: number) => string): string {
  if (value === null || Math.abs(value) < 1e-9) return "";
  return value > 0 ? words(value) : `−${words(-value)}`;
}
