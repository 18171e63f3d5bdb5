// An order is a job of the scaler: given, followed to its end, and told. What it changes is asked for anew.
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { http, unwrap, type Schemas } from "../api/client";
import { useToasts } from "../ui/toasts";

type JobView = Schemas["JobView"];

const POLL_MS = 400;
const PATIENCE_MS = 60_000;
const STALE = ["scaling", "autoscaling", "timeline", "decisions", "decision", "workloads", "overview", "freezes", "jobs", "sizes"];

export function useOrder<T>(give: (input: T) => Promise<JobView>, onDone?: () => void) {
  const queries = useQueryClient();
  const tell = useToasts();
  return useMutation({
    mutationFn: async (input: T) => follow(await give(input)),
    onSuccess: (job) => {
      tell({ tone: "good", text: `${job.message}.` });
      onDone?.();
    },
    onSettled: () => Promise.all(STALE.map((key) => queries.invalidateQueries({ queryKey: [key] }))),
  });
}

/** For wishes that are stored at once. */
export function useWish<T>(wish: (input: T) => Promise<unknown>, onDone?: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: wish,
    onSuccess: () => onDone?.(),
    onSettled: () => Promise.all(STALE.map((key) => queries.invalidateQueries({ queryKey: [key] }))),
  });
}

async function follow(job: JobView): Promise<JobView> {
  const until = Date.now() + PATIENCE_MS;
  let now = job;
  while (now.status === "processing") {
    if (Date.now() > until) throw new Error("It is still on its way. Its steps are under Jobs.");
    await new Promise((wake) => setTimeout(wake, POLL_MS));
    now = await unwrap(http.GET("/api/v1/jobs/{job_id}", { params: { path: { job_id: job.job_id } } }));
  }
  if (now.status === "failed") throw new Error(now.error ?? now.message);
  return now;
}
