// A cluster at a glance: in a sentence, what needs me, what it has, what is coming, what was done.
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";

import type { ClusterSummary, Need, Workload } from "../api/client";
import { clusterOutlooksQuery, decisionsQuery, overviewQuery, workloadsQuery } from "../api/queries";
import { HealthPanel } from "../cluster/HealthPanel";
import { usageOf } from "../cluster/usage";
import { DoneForYou } from "../decisions/DoneForYou";
import { count, significant } from "../format";
import { Sources } from "../observed/Sources";
import { Outlooks } from "../outlooks/Outlooks";
import { Meter } from "../ui/Meter";
import { FailureState, RowsSkeleton, Skeleton } from "../ui/states";
import { Sentence } from "../workload/Sentence";
import { WorkloadStatus } from "../workload/WorkloadStatus";
import { useCluster } from "./ClusterLayout";
import { NeedsPanel } from "./Dashboard";

const DECISIONS_SHOWN = 8;
const COMING_SHOWN = 6;

export function ClusterOverview() {
  const cluster = useCluster();
  const overview = useQuery(overviewQuery(cluster.id));
  const workloads = useQuery(workloadsQuery(cluster.id));
  const decisions = useQuery(decisionsQuery(cluster.id, DECISIONS_SHOWN));
  const outlooks = useQuery(clusterOutlooksQuery(cluster.id));
  if (overview.isError && !overview.data) return <FailureState error={overview.error} retry={() => void overview.refetch()} />;
  const summary = overview.data?.clusters[0];
  return (
    <>
      {summary && overview.data ? (
        <>
          <p className="sentence">{sentenceOf(summary)}</p>
          <ClusterNeeds needs={overview.data.needs} />
          <Figures summary={summary} />
          <HealthPanel clusterId={cluster.id} />
        </>
      ) : (
        <Skeleton height={220} label="Loading the overview" />
      )}
      {workloads.data ? <Coming workloads={workloads.data.items} clusterId={cluster.id} /> : <RowsSkeleton label="Loading what is coming" />}
      <Outlooks title="The next six hours" query={outlooks} />
      {decisions.data ? <DoneForYou decisions={decisions.data.items} withCluster={[]} /> : <RowsSkeleton label="Loading decisions" />}
      <Sources clusterId={cluster.id} />
    </>
  );
}

/** What the banners above say already is not said twice. */
function ClusterNeeds({ needs }: { needs: Need[] }) {
  const others = needs.filter((need) => need.kind !== "cluster");
  return others.length === 0 && needs.length > 0 ? null : <NeedsPanel needs={others} />;
}

function sentenceOf(summary: ClusterSummary): string {
  const { cluster } = summary;
  const short = summary.workloads_short;
  const state = short === 0 ? "all have the pods they ask for" : short === 1 ? "1 waits for pods" : `${short} wait for pods`;
  if (cluster.workloads === 0) return `${cluster.name}: no workloads seen yet. They appear with the first cycle.`;
  const auto = summary.workloads_auto;
  const scaled = auto === 0 ? "None is scaled for you yet." : `${count(auto, "is", "are")} scaled for you.`;
  return `${cluster.name} has ${count(cluster.workloads, "workload")}: ${state}. ${scaled}`;
}

function Figures({ summary }: { summary: ClusterSummary }) {
  const { cluster } = summary;
  const cpu = usageOf("cpu", summary.cpu_usage_millicores, summary.cpu_allocatable_millicores);
  const requested = usageOf("cpu", summary.cpu_requested_millicores, summary.cpu_allocatable_millicores);
  return (
    <dl className="figures">
      <Figure name="CPU in use">
        <Meter label="CPU in use" share={cpu.share} words={cpu.words} />
      </Figure>
      <Figure name="CPU requested">
        <Meter label="CPU requested by workloads" share={requested.share} words={requested.words} />
      </Figure>
      <Figure name="Nodes">
        <Link to={`/clusters/${cluster.id}/nodes`}>
          {summary.nodes_ready} of {significant(summary.nodes)} ready
        </Link>
      </Figure>
      <Figure name="Pods of workloads">
        {summary.pods_ready} of {significant(summary.pods_desired)} ready
      </Figure>
      <Figure name="Scaled">
        {summary.workloads_auto} auto, {summary.workloads_recommend} recommend,{" "}
        {cluster.workloads - summary.workloads_auto - summary.workloads_recommend} observe
      </Figure>
      <Figure name="Incidents">
        <Link to={`/clusters/${cluster.id}/incidents`}>{summary.incidents_open === 0 ? "none open" : `${summary.incidents_open} open`}</Link>
      </Figure>
      <Figure name="Foreseen">
        {summary.workloads_foreseen} of {count(cluster.workloads, "workload")}
      </Figure>
    </dl>
  );
}

function Figure({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Rises first, by when they come. */
function Coming({ workloads, clusterId }: { workloads: Workload[]; clusterId: string }) {
  const rises = workloads
    .filter(({ outlook }) => outlook.kind === "rising" || outlook.kind === "scaling")
    .sort((one, other) => Date.parse(one.outlook.needed_at ?? "") - Date.parse(other.outlook.needed_at ?? ""));
  return (
    <section className="panel" aria-labelledby="coming-title">
      <div className="panel-head">
        <h2 id="coming-title">What is coming</h2>
        <span className="muted">within the hour</span>
        <Link className="panel-more" to={`/clusters/${clusterId}/workloads`}>
          All workloads
        </Link>
      </div>
      {rises.length === 0 ? (
        <p className="panel-empty">
          {workloads.some((item) => item.forecast_status === "ready")
            ? "No workload will need more pods than it has."
            : "Nothing can be foreseen yet: 24 h of history are needed, or a Prometheus with the past."}
        </p>
      ) : (
        <ul className="coming">
          {rises.slice(0, COMING_SHOWN).map((workload) => (
            <li key={workload.id}>
              <Link to={`/clusters/${clusterId}/workloads/${workload.id}`}>
                {workload.namespace} / {workload.name}
              </Link>
              <WorkloadStatus workload={workload} />
              <span className="coming-what">
                <Sentence workload={workload} short />
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
