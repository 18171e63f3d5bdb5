// Ending a job, or trying it again.
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { http, unwrap, type Job } from "../api/client";
import { Button } from "../ui/controls";
import { FailureLine } from "../ui/states";

export function JobActs({ job }: { job: Job }) {
  const queries = useQueryClient();
  const params = { path: { job_id: job.job_id } };
  const act = useMutation({
    mutationFn: (what: "cancel" | "retry") =>
      what === "cancel"
        ? unwrap(http.POST("/api/v1/jobs/{job_id}/cancel", { params }))
        : unwrap(http.POST("/api/v1/jobs/{job_id}/retry", { params })),
    onSettled: () => queries.invalidateQueries({ queryKey: ["jobs"] }),
  });
  return (
    <>
      {job.cancel_requested && job.status === "processing" && <span className="muted">ends at its next step …</span>}
      {job.may_cancel && (
        <Button className="button-small" disabled={act.isPending} onClick={() => act.mutate("cancel")}>
          Cancel
        </Button>
      )}
      {job.may_retry && (
        <Button className="button-small" disabled={act.isPending} onClick={() => act.mutate("retry")}>
          Try again
        </Button>
      )}
      <FailureLine error={act.error} />
    </>
  );
}
