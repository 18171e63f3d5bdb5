// How plans are told.
import type { Tone } from "../ui/controls";

export const STATES: Record<string, [Tone, string]> = {
  waiting: ["warn", "waits for approval"],
  expired: ["neutral", "expired"],
  refused: ["neutral", "refused"],
  approved: ["info", "approved"],
  applying: ["info", "being applied"],
  following: ["info", "rolling out"],
  applied: ["good", "done"],
  failed: ["bad", "failed"],
};

export const stateOf = (status: string): [Tone, string] => STATES[status] ?? ["neutral", status];

export const toneOf = (weight: string): Tone => (weight === "bad" ? "bad" : weight === "warn" ? "warn" : "info");

const VERBS: Record<string, string> = {
  create: "create",
  apply: "change",
  patch: "change",
  replace: "change",
  delete: "delete",
  evict: "evict",
  scale: "scale",
};

export const verbOf = (verb: string): string => VERBS[verb] ?? verb;

const ORIGINS: Record<string, string> = {
  chat: "from the chat",
  mcp: "through MCP",
  manifest: "as a manifest",
  recommendation: "from a recommendation",
  page: "from a page",
  undo: "as an undo",
};

export const originOf = (origin: string): string => ORIGINS[origin] ?? origin;

/** "4:07" until a moment; "0:00" when it is past. */
export function countdown(until: Date, now: Date): string {
  const seconds = Math.max(0, Math.ceil((until.getTime() - now.getTime()) / 1_000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
