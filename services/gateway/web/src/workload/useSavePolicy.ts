// Storing a policy, and asking anew for everything that it changes.
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { http, unwrap, type Workload } from "../api/client";
import { policyOf, type Draft } from "./policyDraft";

export function useSavePolicy(workload: Workload, onStored: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (wanted: Draft) =>
      unwrap(
        http.PUT("/api/v1/workloads/{workload_id}/policy", {
          params: { path: { workload_id: workload.id } },
          body: policyOf(wanted, workload.policy),
        }),
      ),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["timeline", workload.cluster_id, workload.id] });
      void queries.invalidateQueries({ queryKey: ["workloads"] });
      void queries.invalidateQueries({ queryKey: ["overview"] });
      onStored();
    },
  });
}
