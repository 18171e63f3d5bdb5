// What runs for you right now, in the bar: progress, and the newest results.
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";

import { jobsQuery } from "../api/queries";
import { JobLine } from "../jobs/JobLine";
import { Icon } from "../ui/icons";
import { Popover } from "../ui/Popover";

const SHOWN = 5;

export function JobTray() {
  const jobs = useQuery(jobsQuery).data?.items ?? [];
  const running = jobs.filter((job) => job.status === "processing").length;
  return (
    <Popover
      label={running === 0 ? "Jobs: none running" : `Jobs: ${running} running`}
      width={420}
      face={
        <>
          <Icon name="jobs" />
          {running > 0 && <span className="count">{running}</span>}
        </>
      }
    >
      {(close) => (
        <>
          <div className="popover-head">
            <h2>Jobs</h2>
            <Link to="/jobs" onClick={close}>
              All jobs
            </Link>
          </div>
          {jobs.length === 0 ? (
            <p className="popover-empty">Nothing yet. What takes longer than a moment, such as checking a connection, shows here.</p>
          ) : (
            <ul className="job-list">
              {jobs.slice(0, SHOWN).map((job) => (
                <JobLine key={job.job_id} job={job} />
              ))}
            </ul>
          )}
        </>
      )}
    </Popover>
  );
}
