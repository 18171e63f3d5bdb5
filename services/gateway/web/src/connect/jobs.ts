// Start a job and follow it to its end.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { http, unwrap, type Schemas } from "../api/client";

type JobView = Schemas["JobView"];

const ASK_AGAIN_MS = 700;

export interface Followed {
  start: () => void;
  /** Follow a job that somebody else started. */
  follow: (jobId: string) => void;
  reset: () => void;
  job: JobView | undefined;
  isRunning: boolean;
  error: Error | null;
}

export function useFollowedJob(begin: () => Promise<JobView>): Followed {
  const [id, setId] = useState<string | null>(null);
  const queries = useQueryClient();
  const started = useMutation({
    mutationFn: begin,
    onSuccess: (job) => {
      setId(job.job_id);
      void queries.invalidateQueries({ queryKey: ["jobs"] });
    },
  });
  const followed = useQuery({
    queryKey: ["jobs", "one", id],
    queryFn: () => unwrap(http.GET("/api/v1/jobs/{job_id}", { params: { path: { job_id: id ?? "" } } })),
    enabled: id !== null,
    refetchInterval: (query) => (query.state.data && query.state.data.status !== "processing" ? false : ASK_AGAIN_MS),
  });
  const job = id === null ? undefined : followed.data;
  return {
    start: () => started.mutate(),
    follow: setId,
    reset: () => {
      started.reset();
      setId(null);
    },
    job,
    isRunning: started.isPending || (id !== null && (!job || job.status === "processing")),
    error: started.error ?? followed.error,
  };
}
