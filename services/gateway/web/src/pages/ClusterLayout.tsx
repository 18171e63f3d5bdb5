// What every page of a cluster begins with: its name, whether it is seen, and what must be known before trusting the rest.
import "./cluster.css";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Outlet, useOutletContext, useParams } from "react-router";

import { http, unwrap, type Cluster } from "../api/client";
import { clusterQuery } from "../api/queries";
import { AttentionBanners } from "../cluster/AttentionBanners";
import { sightOf } from "../cluster/health";
import { Badge, Button } from "../ui/controls";
import { FailureLine, FailureState, Skeleton } from "../ui/states";
import { Time } from "../ui/Time";
import { useToasts } from "../ui/toasts";

export const useCluster = (): Cluster => useOutletContext<Cluster>();

export function ClusterLayout() {
  const { clusterId = "" } = useParams();
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
      <Outlet context={cluster.data} />
    </>
  );
}

function ClusterHead({ cluster }: { cluster: Cluster }) {
  const queries = useQueryClient();
  const [tone, word] = sightOf(cluster);
  const tell = useToasts();
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
      {cluster.may_change && (
        <Button className="head-act" onClick={() => check.mutate()} disabled={check.isPending}>
          Check connection
        </Button>
      )}
      <FailureLine error={check.error} />
    </div>
  );
}
