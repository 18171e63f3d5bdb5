// The cluster that the shell speaks of: the address's, else the one looked at last, else the first.
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { useMatch } from "react-router";

import type { Cluster } from "../api/client";
import { clustersQuery } from "../api/queries";
import { readStored, writeStored } from "../storage";

const KEY = "ai4k8s.cluster";
export const NEW = "new";

export interface CurrentCluster {
  id: string | null;
  cluster: Cluster | undefined;
  all: Cluster[];
  isLoaded: boolean;
}

export function useCurrentCluster(): CurrentCluster {
  const clusters = useQuery(clustersQuery);
  const all = clusters.data?.items ?? [];
  const inAddress = useMatch("/clusters/:clusterId/*")?.params.clusterId;
  const wanted = inAddress && inAddress !== NEW ? inAddress : readStored(KEY);
  const cluster = all.find((item) => item.id === wanted) ?? (inAddress && inAddress !== NEW ? undefined : all[0]);
  const id = cluster?.id ?? null;
  useEffect(() => {
    if (id) writeStored(KEY, id);
  }, [id]);
  return { id, cluster, all, isLoaded: clusters.isSuccess };
}
