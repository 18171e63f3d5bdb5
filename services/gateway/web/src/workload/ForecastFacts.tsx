// What the forecast says in short, and how earlier ones turned out: nobody should trust one without its record.
import "../ui/facts.css";
import "./forecast.css";

import type { ReactNode } from "react";

import type { Schemas, Timeline } from "../api/client";
import { cores, duration, percent, pods, significant } from "../format";
import { Time } from "../ui/Time";

type InShort = Schemas["ForecastInShort"];
type TrackRecord = Schemas["TrackRecord"];

export function ForecastFacts({ timeline }: { timeline: Timeline }) {
  const { forecast, track_record: record, workload } = timeline;
  return (
    <section className="panel" aria-labelledby="forecast-title">
      <div className="panel-head">
        <h2 id="forecast-title">Forecast</h2>
        {forecast && (
          <span className="muted">
            made <Time at={forecast.made_at} relative />
          </span>
        )}
      </div>
      <div className="forecast-facts">
        {forecast?.in_short ? (
          <Short said={forecast.in_short} request={workload.cpu_request_millicores} />
        ) : (
          <p className="muted">
            {forecast ? `No forecast: ${forecast.detail || "it says nothing about the next hours yet"}.` : "No forecast was made yet."}
          </p>
        )}
        <Track record={record} />
      </div>
    </section>
  );
}

function Short({ said, request }: { said: InShort; request: number | null }) {
  const rhythms = Object.entries(said.rhythms);
  return (
    <dl className="facts">
      <Fact name="Next 6 h">
        {said.trend}
        {said.trend === "stable" ? "" : ` (p ${said.trend_p_value < 0.001 ? "< 0.001" : significant(said.trend_p_value)})`}
      </Fact>
      <Fact name="Peak">
        {cores(said.peak_millicores)}
        {request ? `, ${pods(Math.max(1, Math.ceil(said.peak_millicores / request)))}` : ""}, at <Time at={said.peak_at} />
      </Fact>
      <Fact name="Rhythm">
        {rhythms.length > 0 ? rhythms.map(([name, share]) => `${name} (explains ${percent(share)})`).join(", ") : "none found"}
      </Fact>
      <Fact name="Growth">
        {said.growth_per_week === null ? "none that is not chance" : `${said.growth_per_week > 0 ? "+" : ""}${percent(said.growth_per_week)} a week`}
      </Fact>
      <Fact name="Spikes">
        {said.spikes ? `${significant(said.spikes.per_day)} a day, to ${significant(said.spikes.height)} times the hours around them` : "hardly any"}
      </Fact>
      {said.shifted_at && said.shift_millicores !== null && (
        <Fact name="New level">
          {said.shift_millicores > 0 ? "+" : "-"}
          {cores(Math.abs(said.shift_millicores))} since <Time at={said.shifted_at} />
        </Fact>
      )}
    </dl>
  );
}

function Track({ record }: { record: TrackRecord[] }) {
  if (record.length === 0) {
    return <p className="muted">No forecast has come due yet. The first is judged a quarter of an hour after it was made.</p>;
  }
  return (
    <table className="rows">
      <caption className="muted">How forecasts of the last {record[0]?.days} days turned out</caption>
      <thead>
        <tr>
          <th scope="col">Ahead</th>
          <th scope="col" className="number">
            Judged
          </th>
          <th scope="col" className="number">
            Inside 50, 80, 95 %
          </th>
          <th scope="col" className="number">
            Mean error
          </th>
          <th scope="col">Beside naive</th>
        </tr>
      </thead>
      <tbody>
        {record.map((row) => (
          <tr key={row.horizon_minutes}>
            <th scope="row">{duration(row.horizon_minutes * 60)}</th>
            <td className="number" data-label="Judged">
              {significant(row.judged)}
            </td>
            <td className="number" data-label="Inside 50, 80, 95 %">
              {[row.inside_50_share, row.inside_80_share, row.inside_95_share].map(percent).join(", ")}
            </td>
            <td className="number" data-label="Mean error">
              {cores(row.mean_error_millicores)}
            </td>
            <td data-label="Beside naive">{against(row.relative_error)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function against(relative: number | null): string {
  if (relative === null) return "naive was never wrong";
  return relative <= 1 ? `${percent(1 - relative)} less error` : `${percent(relative - 1)} more error`;
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
