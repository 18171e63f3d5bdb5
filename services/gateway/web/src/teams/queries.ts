// Teams and tokens: what is asked for, and what a change of them makes stale.
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { http, unwrap } from "../api/client";

export const ROLES = ["viewer", "operator", "admin"] as const;
export type Role = (typeof ROLES)[number];

export const MEANING: Record<Role, string> = {
  viewer: "looks, chats, drafts manifests",
  operator: "also scales and changes objects by plans",
  admin: "also connects clusters, and says who may what",
};

export const teamsQuery = queryOptions({
  queryKey: ["teams"],
  queryFn: () => unwrap(http.GET("/api/v1/teams")),
});

export const teamQuery = (teamId: string) =>
  queryOptions({
    queryKey: ["teams", teamId],
    queryFn: () => unwrap(http.GET("/api/v1/teams/{team_id}", { params: { path: { team_id: teamId } } })),
  });

/** A change of who may what: clusters and their buttons may look different afterwards. */
export function useTeamChange<T>(change: (input: T) => Promise<unknown>, done?: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["teams"] });
      void queries.invalidateQueries({ queryKey: ["clusters"] });
      done?.();
    },
  });
}
