// One time axis: demand, ready capacity, forecast with its bands, past forecasts, gaps, decisions, now and the future.
import "uplot/dist/uPlot.min.css";
import "./chart.css";

import { useCallback, useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import uPlot from "uplot";

import type { Timeline } from "../api/client";
import { clock } from "../format";
import { BANDS, SERIES, toChartData, type ChartData } from "./chartData";
import { drawAbove, drawBelow, token } from "./chartDrawing";
import { Markers, placeMarkers, type Marker } from "./Markers";
import { Readout, readAt, type Reading } from "./Readout";

interface Props {
  timeline: Timeline;
  /** What is in sight, in seconds. */
  from: number;
  to: number;
  onZoom: (from: number, to: number) => void;
  onOpen: (ids: string[]) => void;
}

const HEIGHT_WIDE = 380;
const HEIGHT_NARROW = 280;
const NARROW = 640;

export function TimeChart({ timeline, from, to, onZoom, onOpen }: Props) {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const data = useMemo(() => toChartData(timeline), [timeline]);
  const latest = useRef({ data, onZoom, from, to });
  latest.current = { data, onZoom, from, to };
  const [markers, setMarkers] = useState<Marker[]>([]);
  const [reading, setReading] = useState<Reading | null>(null);

  useEffect(() => {
    const element = holder.current;
    if (!element) return undefined;
    const chart = new uPlot(
      options(element.clientWidth, {
        data: () => latest.current.data,
        range: () => [latest.current.from, latest.current.to],
        drawn: (drawn) => setMarkers(placeMarkers(drawn, latest.current.data.decisions)),
        cursor: (drawn) => setReading(readAt(drawn, latest.current.data)),
        zoomed: (start, end) => latest.current.onZoom(start, end),
      }),
      latest.current.data.aligned,
      element,
    );
    plot.current = chart;
    const resized = new ResizeObserver(() => chart.setSize(sizeFor(element.clientWidth)));
    resized.observe(element);
    const redraw = () => chart.redraw(true, true);
    const themed = new MutationObserver(redraw);
    themed.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    const system = matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", redraw);
    return () => {
      resized.disconnect();
      themed.disconnect();
      system.removeEventListener("change", redraw);
      chart.destroy();
      plot.current = null;
    };
  }, []);

  useEffect(() => {
    const chart = plot.current;
    if (!chart) return;
    // Where an hour is a few pixels, steps would paint everything over.
    const isCoarse = timeline.step_seconds > 120;
    Object.assign(chart.series[SERIES.capacity] ?? {}, isCoarse ? { width: 1, alpha: 0.6 } : { width: 2, alpha: 1 });
    chart.batch(() => {
      chart.setData(data.aligned, false);
      chart.setScale("x", { min: from, max: to });
    });
  }, [data, from, to, timeline.step_seconds]);

  const moveCursor = useCallback((event: KeyboardEvent) => {
    const chart = plot.current;
    const stepPixels = { ArrowLeft: -8, ArrowRight: 8, PageUp: -80, PageDown: 80 }[event.key];
    if (!chart || stepPixels === undefined) return;
    event.preventDefault();
    const width = chart.over.clientWidth;
    const here = chart.cursor.left !== undefined && chart.cursor.left >= 0 ? chart.cursor.left : chart.valToPos(latest.current.data.now, "x");
    chart.setCursor({ left: Math.min(Math.max(here + stepPixels, 0), width - 1), top: 10 }, true);
  }, []);

  const at = reading ? reading.at : data.now;
  return (
    <figure className="chart">
      <Legend
        hasHpa={timeline.hpa_counterfactual !== null}
        hasPeak={timeline.step_seconds > 60}
        hasSaturated={data.saturated.length > 0}
        hasAnomalies={data.anomalies.length > 0}
      />
      <Readout reading={reading} now={data.now} />
      <div className="chart-stage">
        <div
          className="chart-plot"
          role="slider"
          tabIndex={0}
          aria-label="Moment on the time axis; arrow keys move it"
          aria-valuemin={Math.round(from)}
          aria-valuemax={Math.round(to)}
          aria-valuenow={Math.round(at)}
          aria-valuetext={reading ? reading.words : `now, ${clock(new Date(data.now * 1000))}`}
          onKeyDown={moveCursor}
          ref={holder}
        />
        <Markers markers={markers} onOpen={onOpen} />
      </div>
    </figure>
  );
}

function sizeFor(width: number): { width: number; height: number } {
  return { width, height: width < NARROW ? HEIGHT_NARROW : HEIGHT_WIDE };
}

interface Wires {
  data: () => ChartData;
  range: () => [number, number];
  drawn: (chart: uPlot) => void;
  cursor: (chart: uPlot) => void;
  zoomed: (from: number, to: number) => void;
}

function options(width: number, wires: Wires): uPlot.Options {
  const line = (name: string, widthPixels: number, more: Partial<uPlot.Series> = {}): uPlot.Series => ({
    stroke: () => token(name),
    width: widthPixels,
    points: { show: false },
    ...more,
  });
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  const steps = stepped ? { paths: stepped } : {};
  const edge: uPlot.Series = { stroke: "transparent", width: 0, points: { show: false } };
  const axis = { stroke: () => token("--chart-axis"), font: "12px system-ui, sans-serif", ticks: { show: false } };
  return {
    ...sizeFor(width),
    ms: 1e-3,
    legend: { show: false },
    padding: [26, width < NARROW ? 4 : 8, 0, 0],
    cursor: {
      hover: { prox: 12, skip: [undefined] },
      drag: { x: true, y: false, setScale: false },
      points: { size: 6 },
      y: false,
    },
    select: { show: true, left: 0, top: 0, width: 0, height: 0 },
    scales: {
      x: { time: true, range: () => wires.range() },
      y: { range: () => [0, Math.max(wires.data().highest * 1.08, 0.1)] },
    },
    axes: [
      { ...axis, grid: { stroke: () => token("--chart-grid"), width: 1 }, space: 64, size: width < NARROW ? 36 : 34, values: timeLabels },
      {
        ...axis,
        grid: { stroke: () => token("--chart-grid"), width: 1 },
        size: 46,
        label: "cores",
        labelSize: 18,
        labelFont: "12px system-ui, sans-serif",
        values: (_, splits) => splits.map((value) => String(Number(value.toPrecision(3)))),
      },
      {
        ...axis,
        side: 1,
        scale: "y",
        size: 40,
        label: "pods",
        labelSize: 18,
        labelFont: "12px system-ui, sans-serif",
        grid: { show: false },
        show: wires.data().requestCores !== null,
        splits: (_, __, min, max) => podSplits(min, max, wires.data().requestCores),
        values: (_, splits) => splits.map((value) => String(Math.round(value / (wires.data().requestCores ?? 1)))),
      },
    ],
    series: [
      {},
      line("--chart-capacity", 2, steps),
      line("--chart-hpa", 1.4, { ...steps, dash: [5, 4] }),
      line("--chart-peak", 1),
      line("--chart-demand", 1.6),
      line("--chart-forecast", 2),
      ...BANDS.flatMap(() => [edge, edge]),
    ],
    bands: BANDS.map((band, index) => ({
      series: [SERIES.firstBand + 2 * index, SERIES.firstBand + 2 * index + 1],
      fill: () => token(band.token),
    })),
    hooks: {
      drawClear: [(chart) => drawBelow(chart, wires.data())],
      draw: [
        (chart) => {
          drawAbove(chart, wires.data());
          wires.drawn(chart);
        },
      ],
      setCursor: [wires.cursor],
      setSelect: [
        (chart) => {
          const { left, width: selected } = chart.select;
          if (selected < 8) return;
          wires.zoomed(chart.posToVal(left, "x"), chart.posToVal(left + selected, "x"));
          chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    },
  };
}

function podSplits(min: number, max: number, requestCores: number | null): number[] {
  if (!requestCores) return [];
  const most = max / requestCores;
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].find((candidate) => most / candidate <= 8) ?? 2000;
  const splits = [];
  for (let count = Math.ceil(min / requestCores / step) * step; count <= most; count += step) splits.push(count * requestCores);
  return splits;
}

const DAY = 86_400;

function timeLabels(_: uPlot, splits: number[], __: number, ___: number, increment: number): string[] {
  let shown = "";
  return splits.map((value) => {
    const at = new Date(value * 1000);
    const day = at.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
    if (increment >= DAY) return day;
    const time = at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
    const label = shown !== "" && day !== shown ? `${time}\n${day}` : time;
    shown = day;
    return label;
  });
}

interface Shown {
  hasHpa: boolean;
  hasPeak: boolean;
  hasSaturated: boolean;
  hasAnomalies: boolean;
}

function Legend({ hasHpa, hasPeak, hasSaturated, hasAnomalies }: Shown) {
  return (
    <figcaption className="legend">
      <span className="key key-demand">demand{hasPeak ? " (mean, peak)" : ""}</span>
      <span className="key key-capacity">ready capacity</span>
      <span className="key key-forecast">forecast</span>
      <span className="key key-band">50, 80, 95 % bands</span>
      <span className="key key-past">earlier forecasts</span>
      {hasHpa && <span className="key key-hpa">HPA would have</span>}
      {hasAnomalies && <span className="key key-anomaly">anomaly</span>}
      {hasSaturated && <span className="key key-saturated">at its limit: demand may be higher</span>}
    </figcaption>
  );
}
