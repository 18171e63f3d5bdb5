// Leaving: the session ends on the server, and nothing of what was seen stays in the page.
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { http, unwrap } from "../api/client";
import { sessionQuery } from "../api/queries";

export function useLogOut(): () => void {
  const queries = useQueryClient();
  const { mutate } = useMutation({
    mutationFn: () => unwrap(http.POST("/api/v1/auth/logout")),
    onSettled: () => {
      queries.setQueryData(sessionQuery.queryKey, null);
      queries.removeQueries({ predicate: (query) => query.queryKey[0] !== sessionQuery.queryKey[0] });
    },
  });
  return mutate;
}
