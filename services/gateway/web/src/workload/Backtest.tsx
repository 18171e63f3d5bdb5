// What policies would have done to this workload in its stored past: a picture, a table, and what speaks for what.
import "./backtest.css";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { http, unwrap, type Schemas, type Workload } from "../api/client";
import { backtestQuery } from "../api/queries";
import { money, percent, significant } from "../format";
import { Badge, Button } from "../ui/controls";
import { FailureLine, OnlyLooking, Skeleton } from "../ui/states";
import { Time } from "../ui/Time";
import { nameOf, resultOf, shown, type BacktestResult, type Contender } from "./backtestData";
import { ParetoPicture } from "./ParetoPicture";

type Cost = Schemas["CostView"] | null;

export function Backtest({ workload }: { workload: Workload }) {
  const queries = useQueryClient();
  const query = backtestQuery(workload.id);
  const backtest = useQuery(query);
  const start = useMutation({
    mutationFn: () =>
      unwrap(
        http.POST("/api/v1/workloads/{workload_id}/backtest", {
          params: { path: { workload_id: workload.id } },
          body: { days: 14, slo_short_share: null },
        }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: query.queryKey }),
  });
  const job = backtest.data?.job ?? null;
  const isRunning = job?.status === "processing" || start.isPending;
  const result = job?.status === "completed" ? resultOf(job.result) : null;
  return (
    <section className="panel" aria-labelledby="backtest-title">
      <div className="panel-head">
        <h2 id="backtest-title">Backtest</h2>
        {result && job && (
          <span className="muted">
            {significant(result.days)} days replayed <Time at={job.updated_at} relative />
          </span>
        )}
        <Button className="panel-more" disabled={isRunning || !workload.may_change} onClick={() => start.mutate()}>
          {isRunning ? "Replaying …" : result ? "Replay again" : "Replay its past"}
        </Button>
      </div>
      <div className="panel-body">
        {!workload.may_change && <OnlyLooking act="replay its past" />}
        <FailureLine error={start.error ?? backtest.error} />
        {backtest.isPending && <Skeleton height={60} label="Looking for an earlier backtest" />}
        {isRunning && (
          <p role="status" className="backtest-progress">
            <progress max={100} value={job?.progress ?? 0} aria-label="Replay" /> {job?.message ?? "asking"}
          </p>
        )}
        {!isRunning && job?.status === "failed" && <p className="backtest-failed">✕ {job.error}</p>}
        {result ? (
          <Result result={result} cost={backtest.data?.cost ?? null} />
        ) : (
          backtest.isSuccess && !isRunning && job?.status !== "failed" && <Invitation name={workload.name} />
        )}
      </div>
    </section>
  );
}

function Invitation({ name }: { name: string }) {
  return (
    <p className="muted">
      Replays what {name} was asked to do in the last 14 days under predictive scaling, HPA at many targets and VPA, with the
      start-up times that were measured here, and says which settings that speaks for. Nothing is changed.
    </p>
  );
}

function Result({ result, cost }: { result: BacktestResult; cost: Cost }) {
  const rows = shown(result);
  return (
    <>
      <p className="backtest-advice">{result.recommendation.sentence}</p>
      <div className="backtest">
        <ParetoPicture result={result} cost={cost} />
        <Rows rows={rows} result={result} cost={cost} />
      </div>
      <p className="backtest-how muted">{howItWasDone(result)}</p>
    </>
  );
}

function Rows({ rows, result, cost }: { rows: Contender[]; result: BacktestResult; cost: Cost }) {
  return (
    <table className="rows">
      <thead>
        <tr>
          <th scope="col">Policy</th>
          <th scope="col" className="number">
            Short
          </th>
          <th scope="col" className="number">
            {cost ? "Cost" : "Pod-hours"}
          </th>
          <th scope="col" className="number">
            Changes a day
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={nameOf(row)}>
            <th scope="row">
              {nameOf(row)} {isAdvised(row, result) && <Badge tone="good">recommended</Badge>}
            </th>
            <td className="number" data-label="Short">
              {percent(row.short_share)}
              {!row.within_slo && <span className="backtest-over"> over</span>}
            </td>
            <td className="number" data-label={cost ? "Cost" : "Pod-hours"}>
              {cost ? money(row.pod_hours * cost.pod_hour, cost.currency) : significant(row.pod_hours)}
            </td>
            <td className="number" data-label="Changes a day">
              {significant(row.changes_per_day)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const isAdvised = (row: Contender, { recommendation }: BacktestResult): boolean =>
  row.kind === recommendation.kind && row.target_percent === recommendation.target_percent;

function howItWasDone(result: BacktestResult): string {
  const startup = result.startup_measured
    ? `start-up times measured here (${Math.min(...result.startup_seconds)} to ${Math.max(...result.startup_seconds)} s)`
    : "assumed start-up times of 60 to 90 s, for none was measured yet";
  const foreseen =
    result.forecast_share > 0
      ? `a forecast could be used ${percent(result.forecast_share)} of the time`
      : "no forecast could be used: its history is too short or has no rhythm";
  const lag = result.metrics_lag_seconds;
  const late = lag == null ? "metrics as late as usual, for that was not measured yet" : `metrics as late as measured here (${significant(lag)} s at a decision)`;
  return `Short: share of the time with too few ready pods, at most ${percent(result.slo_short_share)} wanted. Replayed with ${startup}; ${late}; ${foreseen}; the first days of ${significant(result.history_days)} only served to learn from.`;
}
