import { describe, expect, it } from "vitest";

import { draftOf, isComplete, policyOf, same } from "./policyDraft";

const policy = {
  mode: "auto",
  min_replicas: 2,
  max_replicas: 20,
  target_utilization: 80,
  slo_short_share: 0.015,
  actuator: "hpa_floor",
  max_step_up: 4,
  max_step_down: null,
  cooldown_up_seconds: 0,
  cooldown_down_seconds: 60,
  slo_leads: false,
  rolls_back_rollouts: true,
  updated_at: null,
} as const;

describe("a policy's draft", () => {
  it("gives back what it was made of", () => {
    const { updated_at: _, ...stored } = policy;
    expect(policyOf(draftOf(policy), policy)).toEqual(stored);
  });

  it("is the same only with every field", () => {
    const draft = draftOf(policy);
    expect([same(draft, { ...draft }), same(draft, { ...draft, max: "21" })]).toEqual([true, false]);
  });

  it("is not asked about while a number is missing or the bounds are crossed", () => {
    const draft = draftOf(policy);
    expect([draft, { ...draft, min: "" }, { ...draft, max: "1" }, { ...draft, shortPercent: "50" }].map(isComplete)).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});
