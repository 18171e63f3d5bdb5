// Everything long that you asked for: how far it is, and what came of it.
import { useQuery } from "@tanstack/react-query";

import { jobsQuery } from "../api/queries";
import { JobLine } from "../jobs/JobLine";
import { ButtonLink } from "../ui/controls";
import { EmptyState, FailureLine, FailureState, RowsSkeleton } from "../ui/states";

export function Jobs() {
  const jobs = useQuery(jobsQuery);
  return (
    <>
      <h1>Jobs</h1>
      {jobs.isPending ? (
        <RowsSkeleton label="Loading jobs" />
      ) : jobs.isError && !jobs.data ? (
        <FailureState error={jobs.error} retry={() => void jobs.refetch()} />
      ) : jobs.data.items.length === 0 ? (
        <EmptyState title="No jobs yet" next={<ButtonLink to="/">Go to the dashboard</ButtonLink>}>
          What takes longer than a moment runs as a job and stays here with its result, also when you close the page. Checking a
          cluster's connection is one: open a cluster and press “Check connection”.
        </EmptyState>
      ) : (
        <>
          <FailureLine error={jobs.error} />
          <section className="panel" aria-label="Your jobs">
            <ul className="job-list job-list-whole">
              {jobs.data.items.map((job) => (
                <JobLine key={job.job_id} job={job} isOpen />
              ))}
            </ul>
          </section>
        </>
      )}
    </>
  );
}
