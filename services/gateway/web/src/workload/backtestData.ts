// The result of a backtest as its job carries it, and which of its many contenders are worth a line.
export interface Contender {
  kind: "predictive" | "predictive_floor" | "hpa" | "rightsized" | "as_it_ran";
  target_percent: number | null;
  replicas: number | null;
  short_share: number;
  pod_hours: number;
  changes_per_day: number;
  within_slo: boolean;
  on_front: boolean;
}

export interface BacktestResult {
  days: number;
  history_days: number;
  forecast_share: number;
  slo_short_share: number;
  startup_seconds: number[];
  startup_measured: boolean;
  /** Absent in results of earlier releases. */
  metrics_lag_seconds?: number | null;
  contenders: Contender[];
  as_it_ran: Contender | null;
  recommendation: { kind: string | null; target_percent: number | null; sentence: string };
}

/** A job's result is whatever its worker wrote; one of another release may lack what we need. */
export function resultOf(result: unknown): BacktestResult | null {
  const isOne = typeof result === "object" && result !== null && "contenders" in result && "recommendation" in result;
  return isOne ? (result as BacktestResult) : null;
}

export function nameOf(row: Contender): string {
  switch (row.kind) {
    case "predictive":
      return "Predictive, SLO leads";
    case "predictive_floor":
      return `Predictive over ${row.target_percent} %`;
    case "hpa":
      return `HPA at ${row.target_percent} %`;
    case "rightsized":
      return `VPA, ${row.replicas} pods`;
    case "as_it_ran":
      return "As it ran";
  }
}

/** Ours, what ran, VPA, the cheapest HPA within the SLO and every twentieth target: the cheapest first. */
export function shown(result: BacktestResult): Contender[] {
  const hpas = result.contenders.filter((row) => row.kind === "hpa");
  const within = hpas.filter((row) => row.within_slo).sort((one, other) => one.pod_hours - other.pod_hours)[0];
  const usual = (row: Contender) => row === within || (row.target_percent !== null && row.target_percent >= 40 && row.target_percent % 20 === 0);
  const rows = result.contenders.filter((row) => row.kind !== "hpa" || usual(row));
  if (result.as_it_ran) rows.push(result.as_it_ran);
  return rows.sort((one, other) => one.pod_hours - other.pod_hours);
}
