// The numbers under the cursor.
import type uPlot from "uplot";

import { clock, cores, pods } from "../format";
import { SERIES, type ChartData } from "./chartData";

export interface Reading {
  at: number;
  words: string;
  parts: { name: string; value: string }[];
}

export function readAt(chart: uPlot, data: ChartData): Reading | null {
  const { idxs, left } = chart.cursor;
  if (left === undefined || left < 0) return null;
  const at = chart.posToVal(left, "x");
  // Each series has its own nearest sample: they share the axis and not the moments.
  const read = (series: number): number | null => {
    const index = idxs?.[series];
    return index == null ? null : (data.aligned[series]?.[index] ?? null);
  };
  const parts: Reading["parts"] = [];
  const add = (name: string, value: string | null) => value !== null && parts.push({ name, value });
  const demand = read(SERIES.demand);
  const capacity = read(SERIES.capacity);
  const median = read(SERIES.median);
  const [high, low] = [read(SERIES.firstBand), read(SERIES.firstBand + 1)];
  add("demand", demand === null ? null : cores(demand * 1000));
  if (capacity !== null) {
    const ready = data.requestCores ? ` = ${pods(capacity / data.requestCores)}` : "";
    add("ready", `${cores(capacity * 1000)}${ready}`);
  }
  add("forecast", median === null ? null : cores(median * 1000));
  if (low !== null && high !== null) add("95 %", `${cores(low * 1000)} to ${cores(high * 1000)}`);
  const time = clock(new Date(at * 1000));
  return { at, parts, words: `${time}: ${parts.map((part) => `${part.name} ${part.value}`).join(", ") || "no data"}` };
}

export function Readout({ reading, now }: { reading: Reading | null; now: number }) {
  return (
    <p className="readout" aria-hidden="true">
      <strong>{reading ? clock(new Date(reading.at * 1000)) : `now ${clock(new Date(now * 1000))}`}</strong>
      {reading?.parts.map((part) => (
        <span key={part.name}>
          {part.name} <b>{part.value}</b>
        </span>
      ))}
      {!reading && <span>Point at the axis for numbers, drag to zoom.</span>}
    </p>
  );
}
