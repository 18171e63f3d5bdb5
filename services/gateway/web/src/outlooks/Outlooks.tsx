// What is foreseen beside a workload's CPU: memory, network, disks and requests, and whole node groups and clusters.
import "./outlooks.css";

import type { UseQueryResult } from "@tanstack/react-query";

import type { Schemas } from "../api/client";
import { bytes, cores, percent, significant } from "../format";
import { FailureState, RowsSkeleton } from "../ui/states";
import { Time } from "../ui/Time";

type Outlook = Schemas["OutlookOf"];
type Measure = Outlook["measure"];

const NAMES: Record<Measure, string> = {
  cpu: "CPU",
  memory: "Memory",
  network_receive: "Network in",
  network_transmit: "Network out",
  disk_read: "Disk reads",
  disk_write: "Disk writes",
  requests: "Requests",
};

export function Outlooks({ title, query }: { title: string; query: UseQueryResult<Schemas["OutlookList"], Error> }) {
  if (query.isError && !query.data) return <FailureState error={query.error} retry={() => void query.refetch()} />;
  if (!query.data) return <RowsSkeleton rows={3} label={`Loading ${title.toLowerCase()}`} />;
  const { items, missing, made_at: madeAt } = query.data;
  return (
    <section className="panel" aria-labelledby="outlooks-title">
      <div className="panel-head">
        <h2 id="outlooks-title">{title}</h2>
        {madeAt && (
          <span className="muted">
            made <Time at={madeAt} relative />
          </span>
        )}
      </div>
      {items.length > 0 && <Rows items={items} />}
      {madeAt === null && <p className="panel-empty">Nothing is foreseen here yet. The first outlooks come within five minutes of the first cycle.</p>}
      {missing.length > 0 && (
        <p className="panel-empty">
          Not measured in the last 14 days: {missing.map((measure) => NAMES[measure].toLowerCase().replace("cpu", "CPU")).join(", ")}. Memory comes with
          metrics-server, the others need a Prometheus with cAdvisor's series.
        </p>
      )}
    </section>
  );
}

function Rows({ items }: { items: Outlook[] }) {
  const hasSubjects = new Set(items.map((item) => item.subject + item.name)).size > 1;
  const told = items.filter((item) => item.start_at);
  const silent = bySilence(items.filter((item) => !item.start_at));
  return (
    <table className="rows outlooks">
      <thead>
        <tr>
          {hasSubjects && <th scope="col">Of</th>}
          <th scope="col">Quantity</th>
          <th scope="col">Next 6 h</th>
          <th scope="col">Peak</th>
          <th scope="col">Trend</th>
          <th scope="col">Growth</th>
        </tr>
      </thead>
      <tbody>
        {told.map((item) => (
          <tr key={`${item.subject}/${item.name}/${item.measure}`}>
            {hasSubjects && <td data-label="Of">{subjectOf(item)}</td>}
            <th scope="row">{NAMES[item.measure]}</th>
            <td data-label="Next 6 h">
              <Band outlook={item} />
            </td>
            <td data-label="Peak">
              {inUnits(item.measure, item.peak_value ?? 0)} {item.peak_at && <>at <Time at={item.peak_at} /></>}
            </td>
            <td data-label="Trend">
              {item.trend}
              {item.status === "no_skill" ? <span className="muted"> (no better than naive so far)</span> : ""}
            </td>
            <td data-label="Growth">{item.growth_per_week === null ? <span className="muted">none that is not chance</span> : growth(item.growth_per_week)}</td>
          </tr>
        ))}
        {silent.map(([first, ...others]) =>
          first ? (
            <tr key={`${first.subject}/${first.name}/${first.detail}`}>
              {hasSubjects && <td data-label="Of">{subjectOf(first)}</td>}
              <td className="muted" colSpan={5} data-label="Not ready">
                {[first, ...others].map((item) => NAMES[item.measure]).join(", ")}: {first.detail || "nothing is said yet"}
              </td>
            </tr>
          ) : null,
        )}
      </tbody>
    </table>
  );
}

/** What cannot be said for one reason is said once. */
function bySilence(items: Outlook[]): Outlook[][] {
  const groups = new Map<string, Outlook[]>();
  for (const item of items) {
    const key = JSON.stringify([item.subject, item.name, item.detail]);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return [...groups.values()];
}

function subjectOf({ subject, name }: Outlook): string {
  if (subject === "cluster") return "All workloads";
  return name === "other" ? "Nodes of no known type" : `${name} nodes`;
}

const growth = (share: number): string => `${share > 0 ? "+" : ""}${percent(share)} a week`;

export function inUnits(measure: Measure, value: number): string {
  if (measure === "cpu") return cores(value);
  if (measure === "memory") return bytes(value);
  return measure === "requests" ? `${significant(value)}/s` : `${bytes(value)}/s`;
}

const WIDTH = 180;
const HEIGHT = 34;

/** The median with its 80 % interval, from zero up, so that two rows of one quantity compare. */
function Band({ outlook }: { outlook: Outlook }) {
  const at = (level: number): number[] => outlook.values[outlook.levels.findIndex((candidate) => Math.abs(candidate - level) < 0.001)] ?? [];
  const [low, middle, high] = [at(0.1), at(0.5), at(0.9)];
  const highest = Math.max(...high, 1e-9);
  const point = (value: number, step: number): string =>
    `${((step / Math.max(middle.length - 1, 1)) * WIDTH).toFixed(1)},${(HEIGHT - 1 - (value / highest) * (HEIGHT - 2)).toFixed(1)}`;
  const first = middle[0] ?? 0;
  const last = middle.at(-1) ?? 0;
  return (
    <svg
      className="outlook-band"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`From ${inUnits(outlook.measure, first)} now to ${inUnits(outlook.measure, last)} in six hours`}
    >
      <polygon points={[...high.map(point), ...low.map(point).reverse()].join(" ")} />
      <polyline points={middle.map(point).join(" ")} />
    </svg>
  );
}
