// A cluster's workloads: what each will need, what it has, and how it is scaled.
import "./workloads.css";

import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useParams } from "react-router";

import { http, unwrap, type Cluster, type Workload } from "../api/client";
import { clusterQuery, jobQuery, workloadsQuery } from "../api/queries";
import { useClusterRoom } from "../live/live";
import { Badge, Button, type Tone } from "../ui/controls";
import { EmptyState, FailureLine, FailureState, Skeleton } from "../ui/states";
import { Time } from "../ui/Time";
import { AttentionBanners } from "../workload/AttentionBanners";
import { Sentence } from "../workload/Sentence";

export function Workloads() {
  const { clusterId = "" } = useParams();
  const cluster = useQuery(clusterQuery(clusterId));
  const workloads = useQuery(workloadsQuery(clusterId));
  useClusterRoom(clusterId);
  if (cluster.isError) return <FailureState error={cluster.error} retry={() => void cluster.refetch()} />;
  return (
    <>
      <ClusterHead cluster={cluster.data} />
      {cluster.data && <AttentionBanners attention={cluster.data.attention} />}
      {workloads.isError ? (
        <FailureState error={workloads.error} retry={() => void workloads.refetch()} />
      ) : workloads.isPending ? (
        <Skeleton height={360} label="Loading workloads" />
      ) : workloads.data.items.length === 0 ? (
        <EmptyState title="No workloads seen yet">
          They appear here after the first cycle, within a minute. If not, the credential may lack the right to list
          Deployments: check the connection above.
        </EmptyState>
      ) : (
        <WorkloadTable workloads={workloads.data.items} />
      )}
    </>
  );
}

function ClusterHead({ cluster }: { cluster: Cluster | undefined }) {
  const [jobId, setJobId] = useState<string | null>(null);
  const check = useMutation({
    mutationFn: (id: string) =>
      unwrap(http.POST("/api/v1/clusters/{cluster_id}/test", { params: { path: { cluster_id: id } } })),
    onSuccess: (job) => setJobId(job.job_id),
  });
  if (!cluster) return <Skeleton height={32} />;
  return (
    <div className="cluster-head">
      <h1>{cluster.name}</h1>
      <Badge tone={cluster.attention.length === 0 ? "good" : cluster.status === "pending" ? "neutral" : "bad"}>
        {cluster.attention.length === 0 ? "observed" : cluster.status}
      </Badge>
      {cluster.demo && <Badge tone="info">simulated</Badge>}
      <span className="muted">
        {cluster.server_version && `Kubernetes ${cluster.server_version}, `}
        {cluster.last_success_at ? (
          <>
            seen <Time at={cluster.last_success_at} relative />, every {cluster.interval_seconds} s
          </>
        ) : (
          "not seen yet"
        )}
      </span>
      {cluster.may_change && (
        <Button onClick={() => check.mutate(cluster.id)} disabled={check.isPending}>
          Check connection
        </Button>
      )}
      <FailureLine error={check.error} />
      {jobId && <CheckProgress jobId={jobId} />}
    </div>
  );
}

function CheckProgress({ jobId }: { jobId: string }) {
  const job = useQuery(jobQuery(jobId)).data;
  if (!job) return null;
  const tone: Tone = job.status === "completed" ? "good" : job.status === "failed" ? "bad" : "info";
  return (
    <span role="status">
      <Badge tone={tone}>
        {job.status === "processing" ? `${job.progress} %` : job.status}: {job.error ?? job.message}
      </Badge>
    </span>
  );
}

const MODE_TONE = { observe: "neutral", recommend: "info", auto: "good" } as const;

function WorkloadTable({ workloads }: { workloads: Workload[] }) {
  const [filter, setFilter] = useState("");
  const shown = workloads.filter((item) => `${item.namespace}/${item.name}`.includes(filter.trim()));
  return (
    <section className="panel" aria-labelledby="workloads-title">
      <div className="panel-head">
        <h2 id="workloads-title">Workloads</h2>
        <input
          className="filter"
          type="search"
          placeholder="Filter by namespace or name"
          aria-label="Filter workloads"
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
        />
      </div>
      <table className="rows">
        <thead>
          <tr>
            <th scope="col">Workload</th>
            <th scope="col">What it will need</th>
            <th scope="col" className="number">
              Ready / wanted
            </th>
            <th scope="col">Mode</th>
            <th scope="col">Status</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((item) => (
            <tr key={item.id}>
              <th scope="row">
                <Link to={`/clusters/${item.cluster_id}/workloads/${item.id}`}>
                  <span className="muted">{item.namespace} / </span>
                  {item.name}
                </Link>
                {item.kind !== "Deployment" && <span className="muted"> {item.kind}</span>}
              </th>
              <td data-label="Needs">
                <Sentence workload={item} short />
              </td>
              <td className="number" data-label="Ready / wanted">
                {item.ready_replicas} / {item.scaling?.wanted_replicas ?? item.desired_replicas}
              </td>
              <td data-label="Mode">
                <Badge tone={MODE_TONE[item.policy.mode]}>{item.policy.mode}</Badge>
              </td>
              <td data-label="Status">
                <WorkloadStatus workload={item} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {shown.length === 0 && <p className="panel-empty">Nothing matches “{filter}”.</p>}
    </section>
  );
}

export function WorkloadStatus({ workload }: { workload: Workload }) {
  const [tone, word] = statusOf(workload);
  return <Badge tone={tone}>{word}</Badge>;
}

function statusOf(workload: Workload): [Tone, string] {
  if (workload.gone_at) return ["neutral", "gone"];
  if (workload.outlook.kind === "blind") return ["bad", "no metrics"];
  if (workload.rollout_in_progress) return ["info", "rolling out"];
  if (workload.ready_replicas < workload.desired_replicas) return ["info", "scaling up"];
  if (workload.outlook.kind === "not_ready") return ["neutral", "collecting"];
  if (workload.outlook.kind === "rising") return ["forecast", "rise ahead"];
  if (workload.outlook.kind === "unforeseen" || workload.outlook.kind === "no_request") return ["warn", "not foreseen"];
  return ["good", "enough"];
}
