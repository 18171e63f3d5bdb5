// From the gateway's answer to columns on one shared time axis. A null is a gap; undefined only means 'other series'.
import uPlot, { type AlignedData } from "uplot";

import type { Anomaly, Decision, Timeline } from "../api/client";

/** Outer to inner, as drawn. Each is a pair of quantile levels. */
export const BANDS = [
  { name: "95 %", low: 0.025, high: 0.975, token: "--chart-band-95" },
  { name: "80 %", low: 0.1, high: 0.9, token: "--chart-band-80" },
  { name: "50 %", low: 0.25, high: 0.75, token: "--chart-band-50" },
] as const;

/** Positions of the series in the data; 0 is time. */
export const SERIES = { capacity: 1, hpa: 2, peak: 3, demand: 4, median: 5, firstBand: 6 } as const;

export interface PastLine {
  madeAt: number;
  times: number[];
  cores: number[];
}

export interface ChartData {
  aligned: AlignedData;
  past: PastLine[];
  saturated: { at: number; cores: number }[];
  gaps: { from: number; to: number }[];
  decisions: Decision[];
  anomalies: { from: number; to: number; anomaly: Anomaly }[];
  requestCores: number | null;
  now: number;
  highest: number;
}

const EXPAND_NULLS = 2;

const seconds = (iso: string): number => Date.parse(iso) / 1000;
const toCores = (value: number | null | undefined): number | null => (value == null ? null : value / 1000);

export function toChartData(timeline: Timeline): ChartData {
  const { history, workload } = timeline;
  const requestCores = workload.cpu_request_millicores ? workload.cpu_request_millicores / 1000 : null;
  const at = history.at.map(seconds);
  const past = timeline.past_forecasts.map((line) => pathLine(line));
  const hpa = timeline.hpa_counterfactual;
  const tables: AlignedData[] = [
    [at, history.capacity_millicores.map(toCores)],
    hpa && requestCores
      ? [hpa.at.map(seconds), hpa.replicas.map((count) => (count == null ? null : count * requestCores))]
      : [[seconds(timeline.now)], [undefined]],
    [at, history.cpu_demand_peak_millicores.map(toCores), history.cpu_demand_millicores.map(toCores)],
    forecastColumns(timeline),
  ];
  // A gap lasts until the series' own next value, whatever moments other series put in between.
  const aligned = uPlot.join(tables, tables.map((columns) => columns.map(() => EXPAND_NULLS)));
  return {
    aligned,
    past,
    saturated: history.at.flatMap((_, index) => {
      const value = history.cpu_demand_millicores[index];
      return history.cpu_saturated[index] && value != null ? [{ at: at[index] ?? 0, cores: value / 1000 }] : [];
    }),
    gaps: findGaps(at, history.cpu_demand_millicores, seconds(timeline.now)),
    decisions: timeline.decisions,
    anomalies: timeline.anomalies.map((anomaly) => ({ from: seconds(anomaly.started_at), to: seconds(anomaly.last_at), anomaly })),
    requestCores,
    now: seconds(timeline.now),
    highest: highestOf(aligned),
  };
}

function pathLine(line: Timeline["past_forecasts"][number]): PastLine {
  const start = seconds(line.start_at);
  return {
    madeAt: seconds(line.made_at),
    times: line.median_millicores.map((_, step) => start + step * line.step_seconds),
    cores: line.median_millicores.map((value) => value / 1000),
  };
}

function forecastColumns(timeline: Timeline): AlignedData {
  const { forecast } = timeline;
  const columns = 1 + 2 * BANDS.length;
  if (!forecast?.start_at || !forecast.step_seconds || forecast.values.length === 0) {
    return [[seconds(timeline.now)], ...Array.from({ length: columns }, () => [undefined])];
  }
  const start = seconds(forecast.start_at);
  const step = forecast.step_seconds;
  const times = (forecast.values[0] ?? []).map((_, index) => start + index * step);
  const row = (level: number): (number | null)[] => {
    const index = forecast.levels.findIndex((candidate) => Math.abs(candidate - level) < 0.011);
    return index < 0 ? times.map(() => null) : (forecast.values[index] ?? []).map(toCores);
  };
  return [times, row(0.5), ...BANDS.flatMap((band) => [row(band.high), row(band.low)])];
}

function findGaps(at: number[], values: (number | null)[], now: number): { from: number; to: number }[] {
  return values.flatMap((value, index) => {
    if (value !== null) return [];
    return [{ from: at[Math.max(0, index - 1)] ?? now, to: at[index + 1] ?? now }];
  });
}

function highestOf(aligned: AlignedData): number {
  let highest = 0;
  for (const column of aligned.slice(1)) {
    for (const value of column) if (value != null && value > highest) highest = value;
  }
  return highest;
}
