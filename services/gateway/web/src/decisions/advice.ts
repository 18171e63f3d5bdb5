// What the advisor says of a decision, as the ledger keeps it.
import type { DecisionDetail, Schemas } from "../api/client";

export interface Score {
  replicas: number;
  risk: number | null;
  performance: number;
  cost: number;
  stability: number;
  forecast_fit: number;
  timing: number;
  total: number;
}

export interface Word {
  provider: string;
  model: string;
  action: string;
  target_replicas: number;
  reasoning: string;
  facts: string[];
}

export interface Advice {
  provider: string;
  text: string;
  cached: boolean;
  target_replicas: number;
  settled_by: "rules" | "model";
  scores: Score[];
  word: Word | null;
  clamp: string;
  note: string;
  fallbacks: string[];
  calibrated_confidence: number | null;
  calibration: string;
  autoscaler: string;
  autoscaler_reason: string;
  refine?: { to: number; taken: boolean; reason: string };
}

/** Null for none; what earlier releases did not say is filled in. */
export function adviceOf(decision: DecisionDetail): Advice | null {
  const value = decision.advice;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  const nothing: Omit<Advice, "provider" | "text" | "target_replicas"> = {
    cached: false,
    settled_by: "rules",
    scores: [],
    word: null,
    clamp: "",
    note: "",
    fallbacks: [],
    calibrated_confidence: null,
    calibration: "",
    autoscaler: "",
    autoscaler_reason: "",
  };
  return { ...nothing, ...(value as unknown as Advice) };
}

export interface Explanation {
  text: string;
  provider: string;
  note: string;
}

export function explanationOf(job: Schemas["JobView"] | undefined): Explanation | null {
  const value = job?.status === "completed" ? job.result : null;
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as unknown as Explanation) : null;
}
