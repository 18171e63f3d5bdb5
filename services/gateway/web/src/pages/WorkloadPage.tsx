// The page: a sentence, one time axis, the decisions, the policy.
import "../workload/workload.css";

import { useQuery } from "@tanstack/react-query";
import { useCallback } from "react";
import { Link, useParams, useSearchParams } from "react-router";

import type { Workload } from "../api/client";
import { clusterQuery, timelineQuery, workloadOutlooksQuery, type Span } from "../api/queries";
import { FreezeSwitch, FrozenBanner } from "../autoscaling/FreezeSwitch";
import { scalingQuery } from "../autoscaling/queries";
import { ScalingPanel } from "../autoscaling/ScalingPanel";
import { AttentionBanners } from "../cluster/AttentionBanners";
import { DecisionDrawer } from "../decisions/DecisionDrawer";
import { DecisionPanel } from "../decisions/DecisionPanel";
import { useOpened } from "../decisions/opened";
import { clock, duration, HOURS_A_MONTH, money } from "../format";
import { WorkloadDetails } from "../observed/WorkloadDetails";
import { Outlooks } from "../outlooks/Outlooks";
import { useShortcuts } from "../shell/keys";
import { SizePanel } from "../sizing/SizePanel";
import { Badge, Button, Segmented } from "../ui/controls";
import { EmptyState, FailureLine, FailureState, Skeleton } from "../ui/states";
import { useNow } from "../ui/clock";
import { AnomalyPanel } from "../workload/AnomalyPanel";
import { MODE_TONE } from "../workload/modes";
import { Backtest } from "../workload/Backtest";
import { ForecastFacts } from "../workload/ForecastFacts";
import { PolicyPanel } from "../workload/PolicyPanel";
import { Sentence } from "../workload/Sentence";
import { TimeChart } from "../workload/TimeChart";
import { WorkloadStatus } from "../workload/WorkloadStatus";

const RANGES = [
  { value: "1h", label: "1 h", seconds: 3_600, aheadSeconds: 1_800 },
  { value: "6h", label: "6 h", seconds: 21_600, aheadSeconds: 10_800 },
  { value: "24h", label: "24 h", seconds: 86_400, aheadSeconds: 21_600 },
  { value: "7d", label: "7 d", seconds: 604_800, aheadSeconds: 21_600 },
  { value: "14d", label: "14 d", seconds: 1_209_600, aheadSeconds: 21_600 },
] as const;
const DEFAULT = RANGES[1];

export function WorkloadPage() {
  const { clusterId = "", workloadId = "" } = useParams();
  const view = useView();
  const cluster = useQuery(clusterQuery(clusterId));
  const timeline = useQuery(timelineQuery(clusterId, Number(workloadId), view.span));
  const outlooks = useQuery(workloadOutlooksQuery(clusterId, Number(workloadId)));
  const scaling = useQuery(scalingQuery(Number(workloadId)));
  const { ids, open, close } = useOpened();
  const now = useNow(1_000).getTime() / 1000;
  const [from, to] = view.sight(now);

  if (timeline.isError && !timeline.data) {
    return <FailureState isPage error={timeline.error} retry={() => void timeline.refetch()} />;
  }
  const workload = timeline.data?.workload;
  const isEmpty = timeline.data?.history.at.length === 0 && !timeline.data.forecast?.start_at;
  return (
    <>
      <div className="crumbs">
        <nav aria-label="Breadcrumb">
          <Link to={`/clusters/${clusterId}`}>{cluster.data?.name ?? "…"}</Link> /{" "}
          {workload ? <Link to={`/clusters/${clusterId}/workloads?q=${workload.namespace}/`}>{workload.namespace}</Link> : "…"} /{" "}
          <h1>{workload?.name ?? "…"}</h1>
        </nav>
        {workload && (
          <>
            <Badge tone={MODE_TONE[workload.policy.mode]}>{workload.policy.mode}</Badge>
            <WorkloadStatus workload={workload} />
            <span className="muted">
              {workload.ready_replicas} of {workload.desired_replicas} ready
              {workload.cost ? `, ${money(workload.cost.now_hour * HOURS_A_MONTH, workload.cost.currency)} a month${planned(workload.cost)}` : ""}
              {workload.startup_p95_seconds ? `, a pod takes ${duration(workload.startup_p95_seconds)} to be ready` : ""}
            </span>
            <FreezeSwitch
              scope={{ workload_id: workload.id }}
              name={workload.name}
              freezes={scaling.data?.freezes ?? []}
              mayChange={workload.may_change}
            />
          </>
        )}
      </div>
      {cluster.data && <AttentionBanners attention={cluster.data.attention} />}
      {scaling.data && <FrozenBanner freezes={scaling.data.freezes} />}
      {timeline.isRefetchError && <FailureLine error={timeline.error} />}
      {workload ? (
        <p className="sentence">
          <Sentence workload={workload} />
        </p>
      ) : (
        <Skeleton height={30} label="Loading the workload" />
      )}
      <section className="panel" aria-label="Time axis">
        <div className="panel-head">
          <Segmented legend="Range" choices={RANGES} value={view.range} onChange={view.setRange} />
          {view.range === null && (
            <>
              <span className="muted">
                {clock(new Date(from * 1000))} to {clock(new Date(to * 1000))}
              </span>
              <Button onClick={() => view.setRange(DEFAULT.value)}>Reset zoom</Button>
            </>
          )}
        </div>
        {!timeline.data ? (
          <div className="panel-body">
            <Skeleton height={420} label="Loading the time axis" />
          </div>
        ) : isEmpty ? (
          <div className="panel-body">
            <EmptyState title="Nothing was measured in this span">
              The first sample comes with the next cycle. With Prometheus connected, the past 14 days follow within minutes.
            </EmptyState>
          </div>
        ) : (
          <TimeChart timeline={timeline.data} from={from} to={to} onZoom={view.zoom} onOpen={open} />
        )}
      </section>
      {timeline.data && <AnomalyPanel anomalies={timeline.data.anomalies} clusterId={clusterId} />}
      {timeline.data && <ForecastFacts timeline={timeline.data} />}
      <Outlooks title="Beside CPU" query={outlooks} />
      <div className="below">
        <div className="aside">
          {timeline.data ? (
            <DecisionPanel decisions={timeline.data.decisions} mode={timeline.data.workload.policy.mode} onOpen={open} />
          ) : (
            <Skeleton height={240} label="Loading decisions" />
          )}
          {workload?.scalable && <Backtest workload={workload} key={`backtest-${workload.id}`} />}
          {workload && <SizePanel workloadId={workload.id} />}
        </div>
        {workload && !workload.scalable ? null : workload ? (
          <div className="aside">
            <PolicyPanel workload={workload} key={workload.id} />
            <ScalingPanel workload={workload} key={`scaling-${workload.id}`} />
          </div>
        ) : (
          <Skeleton height={240} label="Loading the policy" />
        )}
      </div>
      {workload && <WorkloadDetails workloadId={workload.id} />}
      {ids.length > 0 && <DecisionDrawer ids={ids} onClose={close} key={ids.join()} />}
    </>
  );
}

/** What the plan changes about the cost, if it does. */
function planned({ now_hour: now, wanted_hour: wanted, currency }: NonNullable<Workload["cost"]>): string {
  return wanted === null || wanted === now ? "" : ` (planned: ${money(wanted * HOURS_A_MONTH, currency)})`;
}

type Range = (typeof RANGES)[number]["value"];

interface View {
  /** Null while zoomed. */
  range: Range | null;
  span: Span;
  sight: (now: number) => [from: number, to: number];
  setRange: (range: Range) => void;
  zoom: (from: number, to: number) => void;
}

/** What is in sight lives in the address: a link shows the same. */
function useView(): View {
  const [search, setSearch] = useSearchParams();
  const setRange = useCallback((range: Range) => setSearch({ range }, { replace: true }), [setSearch]);
  useShortcuts(
    RANGES.map((item, index) => ({
      keys: String(index + 1),
      name: `Show ${item.label}`,
      group: "On the time axis",
      run: () => setRange(item.value),
    })),
  );
  const zoom = useCallback(
    (from: number, to: number) => setSearch({ from: iso(from), to: iso(to) }),
    [setSearch],
  );
  const from = Date.parse(search.get("from") ?? "") / 1000;
  const to = Date.parse(search.get("to") ?? "") / 1000;
  if (to - from >= 60) {
    return { range: null, span: { seconds: 0, from, to }, sight: () => [from, to], setRange, zoom };
  }
  const chosen = RANGES.find((item) => item.value === search.get("range")) ?? DEFAULT;
  return {
    range: chosen.value,
    span: { seconds: chosen.seconds, from: 0, to: 0 },
    sight: (now) => [now - chosen.seconds, now + chosen.aheadSeconds],
    setRange,
    zoom,
  };
}

const iso = (seconds: number): string => new Date(Math.round(seconds) * 1000).toISOString().replace(".000Z", "Z");
