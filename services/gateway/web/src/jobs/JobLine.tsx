// A job in a line: what, how far, what came of it, and what can be done about it.
import "./jobs.css";

import { useQuery } from "@tanstack/react-query";

import type { Job } from "../api/client";
import { clustersQuery } from "../api/queries";
import { Badge, type Tone } from "../ui/controls";
import { Time } from "../ui/Time";
import { JobActs } from "./JobActs";
import { JobResult } from "./JobResult";
import { jobName } from "./words";

const STATES: Record<Job["status"], [Tone, string]> = {
  processing: ["info", "running"],
  completed: ["good", "done"],
  failed: ["bad", "failed"],
};

export function JobLine({ job, isOpen = false }: { job: Job; isOpen?: boolean }) {
  const cluster = useQuery(clustersQuery).data?.items.find((item) => item.id === job.cluster_id);
  const [tone, word] = STATES[job.status];
  const runs = job.status === "processing";
  return (
    <li className="job">
      <div className="job-head">
        <strong>{jobName(job.kind)}</strong>
        {cluster && <span className="muted">{cluster.name}</span>}
        {job.attempt > 1 && <span className="muted">attempt {job.attempt}</span>}
        <Badge tone={tone}>{word}</Badge>
        <span className="job-at">
          <Time at={runs ? job.created_at : job.updated_at} relative />
        </span>
        <JobActs job={job} />
      </div>
      {runs && (
        <div className="progress" role="progressbar" aria-label={jobName(job.kind)} aria-valuemin={0} aria-valuemax={100} aria-valuenow={job.progress}>
          <span style={{ width: `${job.progress}%` }} />
        </div>
      )}
      <p className="job-says">{job.error ?? job.message}</p>
      {isOpen && <JobResult result={job.result} />}
    </li>
  );
}
