// A workload's state in a word.
import type { Workload } from "../api/client";
import { Badge, type Tone } from "../ui/controls";

export function WorkloadStatus({ workload }: { workload: Workload }) {
  const [tone, word] = statusOf(workload);
  return <Badge tone={tone}>{word}</Badge>;
}

export function statusOf(workload: Workload): [Tone, string] {
  if (workload.gone_at) return ["neutral", "gone"];
  if (workload.outlook.kind === "blind") return ["bad", "no metrics"];
  const waits = Object.entries(workload.pending).sort(([, one], [, other]) => other - one)[0];
  if (waits) return ["warn", `${waits[1]} ${waits[0] === "Pending" ? "pending" : waits[0]}`];
  if (workload.rollout_in_progress) return ["info", "rolling out"];
  if (workload.ready_replicas < workload.desired_replicas) return ["info", "scaling up"];
  if (!workload.scalable) return ["good", "running"];
  if (workload.outlook.kind === "not_ready") return ["neutral", "collecting"];
  if (workload.outlook.kind === "rising") return ["forecast", "rise ahead"];
  if (workload.outlook.kind === "unforeseen" || workload.outlook.kind === "no_request") return ["warn", "not foreseen"];
  return ["good", "enough"];
}
