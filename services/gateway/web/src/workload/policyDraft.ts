// A policy while it is being edited: fields hold what is typed, which is not always a number yet.
import type { Policy, Workload } from "../api/client";
import type { Mode } from "./modes";

export interface Draft {
  mode: Mode;
  min: string;
  max: string;
  shortPercent: string;
  sloLeads: boolean;
  rollsBack: boolean;
}

export const draftOf = (policy: Workload["policy"]): Draft => ({
  mode: policy.mode,
  min: String(policy.min_replicas),
  max: String(policy.max_replicas),
  shortPercent: String(Number((policy.slo_short_share * 100).toPrecision(6))),
  sloLeads: policy.slo_leads,
  rollsBack: policy.rolls_back_rollouts,
});

export const same = (one: Draft, other: Draft): boolean =>
  (Object.keys(one) as (keyof Draft)[]).every((field) => one[field] === other[field]);

/** What is stored. What the form does not show stays as it is. */
export const policyOf = (draft: Draft, before: Omit<Workload["policy"], "updated_at">): Policy => ({
  mode: draft.mode,
  min_replicas: Number(draft.min),
  max_replicas: Number(draft.max),
  target_utilization: before.target_utilization,
  slo_short_share: Number(draft.shortPercent) / 100,
  actuator: before.actuator,
  max_step_up: before.max_step_up ?? null,
  max_step_down: before.max_step_down ?? null,
  cooldown_up_seconds: before.cooldown_up_seconds,
  cooldown_down_seconds: before.cooldown_down_seconds,
  slo_leads: draft.sloLeads,
  rolls_back_rollouts: draft.rollsBack,
});

/** Whether it can be asked about: whole numbers in order, and a share that the gateway takes. */
export function isComplete(draft: Draft): boolean {
  const [min, max, short] = [Number(draft.min), Number(draft.max), Number(draft.shortPercent)];
  return Number.isInteger(min) && Number.isInteger(max) && min >= 1 && max >= min && short >= 0.01 && short <= 20;
}
