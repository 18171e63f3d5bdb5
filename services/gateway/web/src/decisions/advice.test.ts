import { describe, expect, it } from "vitest";

import type { DecisionDetail } from "../api/client";
import { adviceOf, explanationOf } from "./advice";

const decision = (advice: unknown): DecisionDetail => ({ advice }) as DecisionDetail;

describe("adviceOf", () => {
  it("knows that there is none", () => {
    expect(adviceOf(decision(null))).toBeNull();
  });

  it("fills in what earlier releases did not say", () => {
    const advice = adviceOf(decision({ provider: "rules", text: "Fine.", target_replicas: 4 }));
    expect(advice).toMatchObject({ settled_by: "rules", scores: [], word: null, clamp: "", text: "Fine." });
  });
});

describe("explanationOf", () => {
  it("waits for the end of the job", () => {
    expect(explanationOf(undefined)).toBeNull();
    expect(explanationOf({ status: "processing", result: null } as never)).toBeNull();
    expect(explanationOf({ status: "completed", result: { text: "So.", provider: "rules", note: "" } } as never)?.text).toBe("So.");
  });
});
