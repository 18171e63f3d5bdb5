// What is heard of answers that are not written yet: words as they come, and tool calls with their results.
import { useSyncExternalStore } from "react";

import type { Payload } from "../live/room";

export interface Table {
  columns: string[];
  rows: string[][];
  total?: number | null;
}

export interface Finding {
  severity: "critical" | "warning" | "info";
  subject: string;
  title: string;
  evidence?: string[];
  cause?: string;
  next_step?: string;
}

export interface PlanShown {
  id?: string | null;
  hash?: string;
  title?: string;
  summary?: string;
  diff?: string;
}

export interface Result {
  summary: string;
  table?: Table | null;
  text?: string | null;
  language?: string;
  findings?: Finding[];
  plan?: PlanShown | null;
  narrow?: string;
}

/** One tool call, as it is stored and told; without result and error it is under way. */
export interface Step {
  tool: string;
  arguments: Record<string, unknown>;
  result: Result | null;
  error: string;
  seconds: number | null;
}

export interface Heard {
  words: string;
  steps: Step[];
}

const NOTHING: Heard = { words: "", steps: [] };
const KEPT = 50;
const heard = new Map<string, Heard>();
const listeners = new Set<() => void>();

/** Take in one live event of the name `chat`. */
export function hear(payload: Payload): void {
  const id = String(payload.question_id ?? "");
  if (!id) return;
  heard.set(id, after(heard.get(id) ?? NOTHING, payload));
  for (const old of [...heard.keys()].slice(0, Math.max(0, heard.size - KEPT))) heard.delete(old);
  for (const listener of listeners) listener();
}

/** What is known after an event. */
export function after(before: Heard, payload: Payload): Heard {
  const number = Number(payload.number ?? 0) - 1;
  switch (payload.type) {
    case "words":
      return { ...before, words: before.words + String(payload.text ?? "") };
    case "words_void":
      return { ...before, words: "" };
    case "step_begun":
      return { words: "", steps: placed(before.steps, number, { tool: String(payload.tool), arguments: {}, result: null, error: "", seconds: null }) };
    case "step":
      return { ...before, steps: placed(before.steps, number, payload.step as unknown as Step) };
    default:
      return before;
  }
}

function placed(steps: Step[], number: number, step: Step): Step[] {
  const copy = [...steps];
  copy[number] = step;
  return copy;
}

export function useHeard(questionId: string): Heard {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => heard.get(questionId) ?? NOTHING,
  );
}
