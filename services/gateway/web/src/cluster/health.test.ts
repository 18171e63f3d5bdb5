import { describe, expect, it } from "vitest";

import type { ClusterSummary } from "../api/client";
import { healthOf } from "./health";

const calm = {
  cluster: { attention: [], workloads: 6 },
  nodes: 3,
  nodes_ready: 3,
  pods_ready: 12,
  pods_desired: 12,
  workloads_short: 0,
  workloads_foreseen: 5,
} as unknown as ClusterSummary;

const attention = (kind: string) => ({ ...calm, cluster: { ...calm.cluster, attention: [{ kind }] } }) as unknown as ClusterSummary;

describe("healthOf", () => {
  it("names what health is made of", () => {
    expect(healthOf(calm)).toMatchObject({ word: "healthy", ingredients: ["3 nodes ready", "12 of 12 pods ready", "5 of 6 foreseen"] });
  });

  it("sorts what cannot be seen before what lacks nodes before what is scaling", () => {
    const weights = [attention("unreachable"), { ...calm, nodes_ready: 2 }, { ...calm, workloads_short: 1 }, calm].map((item) => healthOf(item).weight);
    expect(weights).toEqual([3, 2, 1, 0]);
  });

  it("does not tell old counts as new", () => {
    expect(healthOf(attention("unreachable")).ingredients[0]).toBe("as last seen");
  });

  it("takes what somebody chose for no sickness", () => {
    expect(healthOf(attention("paused")).tone).toBe("neutral");
  });
});
