// Start, pause or resume watching a cluster.
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { http, unwrap, type Cluster, type Schemas } from "../api/client";

export function useMonitoring(cluster: Cluster) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (act: Schemas["MonitoringAct"]) =>
      unwrap(http.POST("/api/v1/clusters/{cluster_id}/monitoring/{act}", { params: { path: { cluster_id: cluster.id, act } } })),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["clusters"] });
      for (const kind of ["overview", "workloads", "nodes"]) void queries.invalidateQueries({ queryKey: [kind] });
    },
  });
}
