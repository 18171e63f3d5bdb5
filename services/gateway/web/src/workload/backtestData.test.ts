import { describe, expect, it } from "vitest";

import { nameOf, resultOf, shown, type BacktestResult, type Contender } from "./backtestData";

const row = (kind: Contender["kind"], target: number | null, hours: number, short: number): Contender => ({
  kind,
  target_percent: target,
  replicas: null,
  short_share: short,
  pod_hours: hours,
  changes_per_day: 1,
  within_slo: short <= 0.01,
  on_front: false,
});

const result: BacktestResult = {
  days: 12,
  history_days: 14,
  forecast_share: 1,
  slo_short_share: 0.01,
  startup_seconds: [30],
  startup_measured: true,
  contenders: [
    row("predictive", null, 50, 0.006),
    row("hpa", 55, 70, 0.009),
    row("hpa", 50, 80, 0.004),
    row("hpa", 60, 60, 0.02),
    row("hpa", 20, 200, 0),
  ],
  as_it_ran: row("as_it_ran", null, 90, 0.03),
  recommendation: { kind: "predictive", target_percent: null, sentence: "" },
};

describe("a backtest's table", () => {
  it("shows ours, what ran, the cheapest HPA within the SLO and usual targets, the cheapest first", () => {
    expect(shown(result).map(nameOf)).toEqual(["Predictive, SLO leads", "HPA at 60 %", "HPA at 55 %", "As it ran"]);
  });

  it("does not trust a result of another shape", () => {
    expect(resultOf({ checks: [] })).toBeNull();
    expect(resultOf(null)).toBeNull();
    expect(resultOf(result)).toBe(result);
  });
});
