// Cost against time short of capacity: HPA's targets are a curve, and what lies left of and below it is better in both.
import type { Schemas } from "../api/client";
import { money, percent, significant } from "../format";
import { nameOf, type BacktestResult, type Contender } from "./backtestData";

const WIDTH = 520;
const HEIGHT = 280;
const EDGE = { left: 62, right: 20, top: 12, bottom: 36 };
/** Never short at all has no place on a logarithm: it stands on the lower edge. */
const LEAST = 0.0001;
const TICKS = [0.0001, 0.001, 0.01, 0.1, 1];

export function ParetoPicture({ result, cost }: { result: BacktestResult; cost: Schemas["CostView"] | null }) {
  const hpas = result.contenders
    .filter((row) => row.kind === "hpa" && (row.target_percent ?? 0) >= 20)
    .sort((one, other) => (one.target_percent ?? 0) - (other.target_percent ?? 0));
  // Ours last, so that it lies on top.
  const others = [...(result.as_it_ran ? [result.as_it_ran] : []), ...result.contenders.filter((row) => row.kind !== "hpa").reverse()];
  const scale = scaleOf([...hpas, ...others]);
  const words = (hours: number) => (cost ? money(hours * cost.pod_hour, cost.currency) : `${significant(hours)}`);
  const slo = scale.y(result.slo_short_share);
  return (
    <figure className="pareto">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={said(result)}>
        {TICKS.map((share) => (
          <g key={share}>
            <line className="pareto-grid" x1={EDGE.left} x2={WIDTH - EDGE.right} y1={scale.y(share)} y2={scale.y(share)} />
            <text x={EDGE.left - 6} y={scale.y(share) + 4} textAnchor="end">
              {share === LEAST ? "≤ " : ""}
              {percent(share)}
            </text>
          </g>
        ))}
        {scale.ticks.map((hours) => (
          <text key={hours} x={scale.x(hours)} y={HEIGHT - EDGE.bottom + 16} textAnchor="middle">
            {words(hours)}
          </text>
        ))}
        <text x={(EDGE.left + WIDTH - EDGE.right) / 2} y={HEIGHT - 4} textAnchor="middle">
          {cost ? "cost" : "pod-hours"} of {significant(result.days)} days
        </text>
        <line className="pareto-slo" x1={EDGE.left} x2={WIDTH - EDGE.right} y1={slo} y2={slo} />
        <polyline className="pareto-hpa" points={hpas.map((row) => `${scale.x(row.pod_hours)},${scale.y(row.short_share)}`).join(" ")} />
        {hpas.map((row) => (
          <Dot key={nameOf(row)} row={row} scale={scale} label={(row.target_percent ?? 1) % 20 === 0 ? `${row.target_percent} %` : null} />
        ))}
        {others.map((row) => (
          <Dot key={nameOf(row)} row={row} scale={scale} label={null} />
        ))}
      </svg>
      <figcaption className="pareto-legend">
        <span className="pareto-key pareto-key-predictive">predictive, SLO leads</span>
        <span className="pareto-key pareto-key-predictive_floor">predictive over the target</span>
        <span className="pareto-key pareto-key-hpa">HPA by target</span>
        <span className="pareto-key pareto-key-rightsized">VPA</span>
        {result.as_it_ran && <span className="pareto-key pareto-key-as_it_ran">as it ran</span>}
        <span className="pareto-key pareto-key-slo">SLO</span>
      </figcaption>
    </figure>
  );
}

function Dot({ row, scale, label }: { row: Contender; scale: Scale; label: string | null }) {
  const [x, y] = [scale.x(row.pod_hours), scale.y(row.short_share)];
  const isFarRight = x > WIDTH - 60;
  return (
    <g>
      <circle className={`pareto-dot pareto-${row.kind}`} cx={x} cy={y} r={row.kind === "hpa" ? 3 : 6}>
        <title>{`${nameOf(row)}: short ${percent(row.short_share)}, ${significant(row.pod_hours)} pod-hours`}</title>
      </circle>
      {label && (
        <text x={isFarRight ? x - 2 : x + 6} y={y - 6} textAnchor={isFarRight ? "end" : "start"}>
          {label}
        </text>
      )}
    </g>
  );
}

interface Scale {
  x: (hours: number) => number;
  y: (share: number) => number;
  ticks: number[];
}

function scaleOf(rows: Contender[]): Scale {
  const hours = rows.map((row) => row.pod_hours);
  const [low, high] = [Math.min(...hours) * 0.95, Math.max(...hours) * 1.03];
  const [width, height] = [WIDTH - EDGE.left - EDGE.right, HEIGHT - EDGE.top - EDGE.bottom];
  const span = Math.log10(1 / LEAST);
  return {
    x: (value) => EDGE.left + (width * (value - low)) / Math.max(high - low, 1e-9),
    y: (share) => EDGE.top + (height * Math.log10(1 / Math.min(Math.max(share, LEAST), 1))) / span,
    ticks: [0, 1, 2, 3].map((part) => low + ((high - low) * (part + 0.5)) / 4),
  };
}

function said(result: BacktestResult): string {
  const ours = result.contenders.find((row) => row.kind === "predictive");
  return `Cost against time short of capacity. ${ours ? `Predictive: ${significant(ours.pod_hours)} pod-hours, short ${percent(ours.short_share)}.` : ""} The same figures stand in the table.`;
}
