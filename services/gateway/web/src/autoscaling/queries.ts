// What the autoscaling panels ask for.
import { queryOptions } from "@tanstack/react-query";

import { http, unwrap } from "../api/client";

const REFETCH_MS = 15_000;

export const scalingQuery = (workloadId: number) =>
  queryOptions({
    queryKey: ["scaling", workloadId],
    queryFn: () => unwrap(http.GET("/api/v1/workloads/{workload_id}/scaling", { params: { path: { workload_id: workloadId } } })),
    refetchInterval: REFETCH_MS,
  });

export const autoscalingQuery = (clusterId: string) =>
  queryOptions({
    queryKey: ["autoscaling", clusterId],
    queryFn: () => unwrap(http.GET("/api/v1/clusters/{cluster_id}/autoscaling", { params: { path: { cluster_id: clusterId } } })),
    refetchInterval: REFETCH_MS,
  });

export const freezesQuery = queryOptions({
  queryKey: ["freezes"],
  queryFn: () => unwrap(http.GET("/api/v1/freezes")),
  refetchInterval: REFETCH_MS,
});
