// What a policy would do if it were saved: in a sentence, at once, and how to go back.
import { keepPreviousData, useQuery } from "@tanstack/react-query";

import { http, unwrap, type Workload } from "../api/client";
import { cores, pods } from "../format";
import { FailureLine, Skeleton } from "../ui/states";
import { isComplete, policyOf, type Draft } from "./policyDraft";
import { Sentence } from "./Sentence";

export function PolicyPreview({ workload, draft }: { workload: Workload; draft: Draft }) {
  const body = policyOf(draft, workload.policy);
  const preview = useQuery({
    queryKey: ["policy-preview", workload.id, body],
    queryFn: () =>
      unwrap(http.POST("/api/v1/workloads/{workload_id}/policy/preview", { params: { path: { workload_id: workload.id } }, body })),
    enabled: isComplete(draft),
    placeholderData: keepPreviousData,
  });
  if (!isComplete(draft)) return <p className="muted">Min pods up to max pods, both whole numbers: then a preview shows here.</p>;
  if (preview.isError) return <FailureLine error={preview.error} />;
  if (!preview.data) return <Skeleton height={96} label="Loading the preview" />;
  const { outlook, now_replicas: now, next_replicas: next, acts, cpu_request_change_millicores: change } = preview.data;
  return (
    <section className="preview" aria-live="polite" aria-label="If you save this">
      <h3>If you save this</h3>
      <p>
        <Sentence workload={{ ...workload, outlook, policy: { mode: draft.mode } }} />
      </p>
      <p>{atOnce(draft, now, next, acts, change)}</p>
      <p className="preview-undo">
        {acts
          ? "To undo, set it back at any time: nothing more is changed then, and pods stay as they are at that moment."
          : "Nothing in the cluster changes. You can set it back at any time."}
      </p>
    </section>
  );
}

function atOnce(draft: Draft, now: number, next: number | null, acts: boolean, change: number | null): string {
  if (draft.mode === "observe") return "Nothing is decided or recommended.";
  if (next === null) return "It was not evaluated lately: its first decision comes with the next cycle.";
  const cost = change === null || change === 0 ? "" : `, ${change > 0 ? "adding" : "freeing"} ${cores(Math.abs(change))} of requests`;
  if (next === now) return `Next cycle: stays at ${pods(now)}.`;
  return acts ? `Next cycle: ${now} → ${pods(next)}${cost}.` : `Next cycle: ${pods(next)} recommended, ${now} now${cost}.`;
}
