// What uPlot does not draw by itself: the future's ground, gaps, earlier forecasts, saturated samples and the now-line.
import type uPlot from "uplot";

import type { ChartData } from "./chartData";

let tokens: { theme: string; values: Map<string, string> } = { theme: "", values: new Map() };
let probe: HTMLElement | null = null;

/** A colour of tokens.css as it is in the present theme. Read once per theme: this runs for every frame. */
export function token(name: string): string {
  const chosen = document.documentElement.dataset.theme ?? "";
  const theme = chosen || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  if (tokens.theme !== theme) tokens = { theme, values: new Map() };
  const known = tokens.values.get(name);
  if (known !== undefined) return known;
  const value = resolve(name);
  tokens.values.set(name, value);
  return value;
}

/** A custom property keeps its text, light-dark() and all; only a real property is computed to a colour. */
function resolve(name: string): string {
  if (!probe) {
    probe = document.createElement("span");
    probe.hidden = true;
    document.body.append(probe);
  }
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}

export function drawBelow(chart: uPlot, data: ChartData): void {
  const { ctx, bbox } = chart;
  const right = bbox.left + bbox.width;
  const now = clamp(chart.valToPos(data.now, "x", true), bbox.left, right);
  ctx.save();
  ctx.fillStyle = token("--chart-future");
  ctx.fillRect(now, bbox.top, right - now, bbox.height);
  drawAnomalies(chart, data);
  ctx.fillStyle = token("--chart-gap");
  for (const gap of data.gaps) {
    const from = clamp(chart.valToPos(gap.from, "x", true), bbox.left, right);
    const to = clamp(chart.valToPos(gap.to, "x", true), bbox.left, right);
    ctx.fillRect(from, bbox.top, to - from, bbox.height);
    if (to - from > 70 * devicePixelRatio) write(ctx, "no data", (from + to) / 2, bbox.top + 14 * devicePixelRatio, "center");
  }
  ctx.restore();
}

/** A ground behind each anomaly with a bar at its foot: it is seen where the line is busy, and without colours. */
function drawAnomalies(chart: uPlot, data: ChartData): void {
  const { ctx, bbox } = chart;
  const right = bbox.left + bbox.width;
  const bar = 4 * devicePixelRatio;
  for (const one of data.anomalies) {
    const from = clamp(chart.valToPos(one.from, "x", true), bbox.left, right);
    const to = clamp(chart.valToPos(one.to, "x", true), bbox.left, right);
    const width = Math.max(to - from, 2 * devicePixelRatio);
    if (from >= right || to <= bbox.left) continue;
    ctx.fillStyle = token("--chart-anomaly-ground");
    ctx.fillRect(from, bbox.top, width, bbox.height);
    ctx.fillStyle = token("--chart-anomaly");
    ctx.fillRect(from, bbox.top + bbox.height - bar, width, bar);
  }
}

export function drawAbove(chart: uPlot, data: ChartData): void {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.strokeStyle = token("--chart-past");
  ctx.lineWidth = devicePixelRatio;
  for (const line of data.past) {
    ctx.beginPath();
    line.times.forEach((at, index) => {
      ctx.lineTo(chart.valToPos(at, "x", true), chart.valToPos(line.cores[index] ?? 0, "y", true));
    });
    ctx.stroke();
  }
  drawSaturated(chart, data);
  ctx.restore();
  drawNow(chart, data);
}

function drawSaturated(chart: uPlot, data: ChartData): void {
  const { ctx, bbox } = chart;
  ctx.strokeStyle = token("--chart-saturated");
  ctx.lineWidth = 1.5 * devicePixelRatio;
  const radius = 2.5 * devicePixelRatio;
  let last = Number.NEGATIVE_INFINITY;
  for (const point of data.saturated) {
    const x = chart.valToPos(point.at, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width || x - last < 2 * radius) continue;
    last = x;
    ctx.beginPath();
    ctx.arc(x, chart.valToPos(point.cores, "y", true), radius, 0, 2 * Math.PI);
    ctx.stroke();
  }
}

function drawNow(chart: uPlot, data: ChartData): void {
  const { ctx, bbox } = chart;
  const x = chart.valToPos(data.now, "x", true);
  if (x < bbox.left || x > bbox.left + bbox.width) return;
  ctx.save();
  ctx.strokeStyle = token("--chart-now");
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  write(ctx, "now", x + 4 * devicePixelRatio, bbox.top + 14 * devicePixelRatio, "left");
  ctx.restore();
}

function write(ctx: CanvasRenderingContext2D, text: string, x: number, y: number, align: CanvasTextAlign): void {
  ctx.fillStyle = token("--chart-axis");
  ctx.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.textAlign = align;
  ctx.textBaseline = "alphabetic";
  ctx.fillText(text, x, y);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
