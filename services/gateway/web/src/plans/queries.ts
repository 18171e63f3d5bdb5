// Plans: what is asked for, looked at, approved and followed. Chat, manifests and pages use these.
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { http, unwrap, type Schemas } from "../api/client";

export type Plan = Schemas["PlanView"];
export type PlanItem = Schemas["PlanItem"];
type PlanJob = Schemas["PlanJob"];
export type NewPlan = Schemas["NewPlan"];

const POLL_MS = 400;
const PATIENCE_MS = 60_000;
const MOVING = new Set(["approved", "applying", "following"]);

export const isMoving = (plan: Pick<Plan, "status">): boolean => MOVING.has(plan.status);

export const planQuery = (planId: string) =>
  queryOptions({
    queryKey: ["plan", planId],
    queryFn: () => unwrap(http.GET("/api/v1/plans/{plan_id}", { params: { path: { plan_id: planId } } })),
    // Live events tell the one who asked for the job; whoever else looks on asks by themselves.
    refetchInterval: (query) => (query.state.data && isMoving(query.state.data) ? 1_000 : 10_000),
  });

export const plansQuery = (clusterId: string | null = null) =>
  queryOptions({
    queryKey: ["plans", clusterId],
    queryFn: () => unwrap(http.GET("/api/v1/plans", { params: { query: { cluster_id: clusterId } } })),
    refetchInterval: 10_000,
  });

/** Have a plan made; the answer is its id once it can be looked at. */
export function useMakePlan(onMade: (planId: string) => void) {
  return usePlanJob((plan: NewPlan) => unwrap(http.POST("/api/v1/plans", { body: plan })), onMade);
}

/** Have the way back made: a plan of its own. */
export function useUndoPlan(onMade: (planId: string) => void) {
  return usePlanJob(
    (planId: string) => unwrap(http.POST("/api/v1/plans/{plan_id}/undo", { params: { path: { plan_id: planId } } })),
    onMade,
  );
}

function usePlanJob<T>(ask: (input: T) => Promise<PlanJob>, onMade: (planId: string) => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (input: T) => {
      const asked = await ask(input);
      await ended(asked.job_id);
      return asked.plan_id;
    },
    onSuccess: onMade,
    onSettled: () => Promise.all(["plans", "plan", "jobs", "overview"].map((key) => queries.invalidateQueries({ queryKey: [key] }))),
  });
}

async function ended(jobId: string): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const job = await unwrap(http.GET("/api/v1/jobs/{job_id}", { params: { path: { job_id: jobId } } }));
    if (job.status === "completed") return;
    if (job.status === "failed") throw new Error(job.error ?? job.message);
    if (Date.now() > until) throw new Error("It is still being tried on the cluster. It will appear under Approvals.");
    await new Promise((wake) => setTimeout(wake, POLL_MS));
  }
}
