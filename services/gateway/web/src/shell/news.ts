// What happened lately that concerns a person, newest first: changes that were made, and jobs that ended.
import type { Decision, Job } from "../api/client";
import { jobName } from "../jobs/words";
import type { Tone } from "../ui/controls";

export interface News {
  id: string;
  at: string;
  tone: Tone;
  text: string;
  detail: string;
  path: string;
}

const TOLD: Partial<Record<Decision["outcome"], [Tone, string]>> = {
  applied: ["good", "scaled"],
  failed: ["bad", "could not be scaled"],
  held: ["warn", "held back"],
};

export function newsOf(decisions: readonly Decision[], jobs: readonly Job[]): News[] {
  const changes = decisions.flatMap((decision): News[] => {
    const told = TOLD[decision.outcome];
    if (!told) return [];
    const [tone, word] = told;
    return [
      {
        id: decision.id,
        at: decision.outcome_at ?? decision.decided_at,
        tone,
        text: `${decision.workload} ${word}, ${decision.from_replicas} → ${decision.to_replicas} pods`,
        detail: decision.outcome_detail || decision.reason,
        path: `/clusters/${decision.cluster_id}/workloads/${decision.workload_id}?decision=${decision.id}`,
      },
    ];
  });
  const ended = jobs
    // An answer is shown in its conversation: nobody has to be told of it besides.
    .filter((job) => job.status !== "processing" && job.kind !== "chat.answer_message.v1")
    .map((job): News => {
      const failed = job.status === "failed";
      return {
        id: job.job_id,
        at: job.updated_at,
        tone: failed ? "bad" : "good",
        text: `${jobName(job.kind)} ${failed ? "failed" : "done"}`,
        detail: job.error ?? job.message,
        path: "/jobs",
      };
    });
  return [...changes, ...ended].sort((one, other) => Date.parse(other.at) - Date.parse(one.at));
}
