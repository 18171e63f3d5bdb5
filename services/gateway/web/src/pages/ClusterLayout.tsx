// What every page of a cluster begins with: its name, whether it is seen, and what must be known before trusting the rest.
import "./cluster.css";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Outlet, useMatch, useOutletContext, useParams } from "react-router";

import { http, unwrap, type Cluster } from "../api/client";
import { clusterQuery } from "../api/queries";
import { AttentionBanners } from "../cluster/AttentionBanners";
import { sightOf } from "../cluster/health";
import { useMonitoring } from "../cluster/monitoring";
import { Badge, Button, ButtonLink } from "../ui/controls";
import { EmptyState, FailureLine, FailureState, Skeleton } from "../ui/states";
import { Time } from "../ui/Time";
import { useToasts } from "../ui/toasts";

export const useCluster = (): Cluster => useOutletContext<Cluster>();

export function ClusterLayout() {
  const { clusterId = "" } = useParams();
  const isConnection = useMatch("/clusters/:clusterId/connection") !== null;
  const cluster = useQuery(clusterQuery(clusterId));
  if (cluster.isError && !cluster.data) return <FailureState isPage error={cluster.error} retry={() => void cluster.refetch()} />;
  if (!cluster.data) {
    return (
      <>
        <Skeleton height={32} label="Loading the cluster" />
        <Skeleton height={320} />
      </>
    );
  }
  return (
    <>
      <ClusterHead cluster={cluster.data} />
      {cluster.isRefetchError && <FailureLine error={cluster.error} />}
      <AttentionBanners attention={cluster.data.attention} />
      {cluster.data.monitoring === "not_started" && !isConnection ? <NotStarted cluster={cluster.data} /> : <Outlet context={cluster.data} />}
    </>
  );
}

/** What its pages would show does not exist yet: the next step instead. */
function NotStarted({ cluster }: { cluster: Cluster }) {
  const monitoring = useMonitoring(cluster);
  const connection = (
    <ButtonLink to={`/clusters/${cluster.id}/connection`} weight={cluster.connection_ok ? "plain" : "primary"}>
      Look at its connection
    </ButtonLink>
  );
  return (
    <EmptyState
      title="Nothing is read from this cluster yet"
      next={
        <div className="head-acts">
          {cluster.may_manage && (
            <Button weight={cluster.connection_ok ? "primary" : "plain"} disabled={monitoring.isPending} onClick={() => monitoring.mutate("start")}>
              Start monitoring
            </Button>
          )}
          {connection}
          <FailureLine error={monitoring.error} />
        </div>
      }
    >
      {cluster.connection_summary || "Its connection has not been tested."} Workloads, nodes and forecasts appear within a minute after monitoring
      is started; nothing is scaled until you set a policy to auto.
    </EmptyState>
  );
}

function MonitoringAct({ cluster }: { cluster: Cluster }) {
  const monitoring = useMonitoring(cluster);
  const tell = useToasts();
  if (!cluster.may_manage || cluster.monitoring === "not_started") return null;
  const isPaused = cluster.monitoring === "paused";
  const act = () =>
    monitoring.mutate(isPaused ? "resume" : "pause", {
      onSuccess: () =>
        tell(
          isPaused
            ? { tone: "good", text: `${cluster.name} is watched again.` }
            : {
                tone: "info",
                text: `${cluster.name} is paused: nothing is read and nothing is scaled.`,
                act: { name: "Resume", run: () => monitoring.mutate("resume") },
              },
        ),
    });
  return (
    <>
      <Button onClick={act} disabled={monitoring.isPending}>
        {isPaused ? "Resume" : "Pause"}
      </Button>
      <FailureLine error={monitoring.error} />
    </>
  );
}

function ClusterHead({ cluster }: { cluster: Cluster }) {
  const queries = useQueryClient();
  const [tone, word] = sightOf(cluster);
  const tell = useToasts();
  const isConnection = useMatch("/clusters/:clusterId/connection") !== null;
  const check = useMutation({
    mutationFn: () => unwrap(http.POST("/api/v1/clusters/{cluster_id}/test", { params: { path: { cluster_id: cluster.id } } })),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["jobs"] });
      tell({ tone: "info", text: `Checking the connection to ${cluster.name}. Its steps are under Jobs.` });
    },
  });
  return (
    <div className="cluster-head">
      <h1>{cluster.name}</h1>
      <Badge tone={tone}>{word}</Badge>
      {cluster.demo && <Badge tone="info">simulated</Badge>}
      <span className="muted">
        {cluster.server_version && `Kubernetes ${cluster.server_version.replace(/^v/, "")}, `}
        {cluster.last_success_at ? (
          <>
            seen <Time at={cluster.last_success_at} relative />, every {cluster.interval_seconds} s
          </>
        ) : (
          "not seen yet"
        )}
      </span>
      <span className="head-act head-acts">
        <MonitoringAct cluster={cluster} />
        {cluster.may_manage && !isConnection && (
          <Button onClick={() => check.mutate()} disabled={check.isPending}>
            Check connection
          </Button>
        )}
      </span>
      <FailureLine error={check.error} />
    </div>
  );
}
