import { describe, expect, it } from "vitest";

import { bodyOf, freshHpa, hpaDraftOf, type Spec } from "./hpaDraft";

const TARGET = { api_version: "apps/v1", kind: "Deployment", name: "web" };
const WHOLE: Spec = {
  minReplicas: 2,
  maxReplicas: 9,
  metrics: [
    { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } } },
    { type: "ContainerResource", containerResource: { name: "memory", container: "app", target: { type: "AverageValue", averageValue: "200Mi" } } },
    { type: "Pods", pods: { metric: { name: "requests" }, target: { type: "AverageValue", averageValue: "50" } } },
    {
      type: "Object",
      object: { metric: { name: "hits" }, describedObject: { apiVersion: "networking.k8s.io/v1", kind: "Ingress", name: "main" }, target: { type: "Value", value: "2k" } },
    },
    { type: "External", external: { metric: { name: "queue", selector: { matchLabels: { queue: "orders" } } }, target: { type: "AverageValue", averageValue: "30" } } },
  ],
  behavior: {
    scaleUp: { stabilizationWindowSeconds: 0, selectPolicy: "Max", policies: [{ type: "Pods", value: 4, periodSeconds: 15 }] },
    scaleDown: { tolerance: "0.05", stabilizationWindowSeconds: 60 },
  },
};

describe("an HPA's draft", () => {
  it("takes every kind of metric and both directions from a spec and sends them back", () => {
    const draft = hpaDraftOf(WHOLE);
    const body = draft && bodyOf(draft, TARGET);
    expect(body?.metrics.map((metric) => [metric.kind, metric.container, metric.name, metric.utilization_percent ?? metric.average_value ?? metric.value])).toEqual([
      ["cpu", null, null, 70],
      ["memory", "app", null, "200Mi"],
      ["pods", null, "requests", "50"],
      ["object", null, "hits", "2k"],
      ["external", null, "queue", "30"],
    ]);
    expect(body?.metrics[4]?.labels).toEqual({ queue: "orders" });
    expect(body?.metrics[3]?.described_object).toEqual({ api_version: "networking.k8s.io/v1", kind: "Ingress", name: "main" });
    expect(body?.scale_up).toEqual({ stabilization_window_seconds: 0, select: "Max", tolerance: null, limits: [{ kind: "Pods", value: 4, period_seconds: 15 }] });
    expect(body?.scale_down).toEqual({ stabilization_window_seconds: 60, select: null, tolerance: "0.05", limits: [] });
  });

  it("leaves alone what it cannot show", () => {
    const metrics = [{ type: "External", external: { metric: { name: "q", selector: { matchExpressions: [{}] } }, target: { value: "1" } } }];
    expect(hpaDraftOf({ ...WHOLE, metrics })).toBeNull();
  });

  it("has no behaviour until some is given", () => {
    expect(bodyOf(freshHpa(1, 5), TARGET).scale_up).toBeNull();
  });
});
