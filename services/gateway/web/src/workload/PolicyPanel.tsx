// How a workload is scaled. What will change is said before it is saved.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";

import { ApiError, http, unwrap, type Policy, type Workload } from "../api/client";
import { significant } from "../format";
import { Button, Segmented, TextField } from "../ui/controls";
import { FailureLine } from "../ui/states";

type Mode = Policy["mode"];

const MODES: { value: Mode; label: string }[] = [
  { value: "observe", label: "Observe" },
  { value: "recommend", label: "Recommend" },
  { value: "auto", label: "Auto" },
];

interface Draft {
  mode: Mode;
  min: string;
  max: string;
  shortPercent: string;
}

const draftOf = (workload: Workload): Draft => ({
  mode: workload.policy.mode,
  min: String(workload.policy.min_replicas),
  max: String(workload.policy.max_replicas),
  shortPercent: significant(workload.policy.slo_short_share * 100),
});

const same = (one: Draft, other: Draft): boolean =>
  one.mode === other.mode && one.min === other.min && one.max === other.max && one.shortPercent === other.shortPercent;

export function PolicyPanel({ workload }: { workload: Workload }) {
  const stored = draftOf(workload);
  const [edited, setEdited] = useState<Draft | null>(null);
  const draft = edited ?? stored;
  const queries = useQueryClient();
  const save = useMutation({
    mutationFn: (wanted: Draft) =>
      unwrap(
        http.PUT("/api/v1/workloads/{workload_id}/policy", {
          params: { path: { workload_id: workload.id } },
          body: {
            mode: wanted.mode,
            min_replicas: Number(wanted.min),
            max_replicas: Number(wanted.max),
            target_utilization: workload.policy.target_utilization,
            slo_short_share: Number(wanted.shortPercent) / 100,
          },
        }),
      ),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["timeline", workload.id] });
      void queries.invalidateQueries({ queryKey: ["workloads"] });
      setEdited(null);
    },
  });
  const edit = (change: Partial<Draft>) => {
    save.reset();
    setEdited({ ...draft, ...change });
  };
  const wrong = (field: string) =>
    save.error instanceof ApiError
      ? save.error.fields.find((item) => item.field.startsWith("body") && item.field.endsWith(field))?.message
      : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate(draft);
  };
  const changed = !same(draft, stored);
  const fixed = !workload.may_change;
  return (
    <section className="panel" aria-labelledby="policy-title">
      <div className="panel-head">
        <h2 id="policy-title">Policy</h2>
        {!workload.policy.updated_at && <span className="muted">default, nobody has set one</span>}
      </div>
      <form className="policy panel-body" onSubmit={submit}>
        <Segmented legend="Mode" choices={MODES} value={draft.mode} onChange={(mode) => edit({ mode })} disabled={fixed} />
        <div className="policy-bounds">
          <TextField
            label="Min pods"
            type="number"
            min={1}
            max={10000}
            required
            disabled={fixed}
            value={draft.min}
            error={wrong("min_replicas")}
            onChange={(event) => edit({ min: event.target.value })}
          />
          <TextField
            label="Max pods"
            type="number"
            min={1}
            max={10000}
            required
            disabled={fixed}
            value={draft.max}
            error={wrong("max_replicas")}
            onChange={(event) => edit({ max: event.target.value })}
          />
          <TextField
            label="Short at most"
            type="number"
            min={0.01}
            max={20}
            step="any"
            required
            unit="% of time"
            disabled={fixed}
            value={draft.shortPercent}
            error={wrong("slo_short_share")}
            onChange={(event) => edit({ shortPercent: event.target.value })}
          />
        </div>
        <p className="policy-meaning">{meaning(workload.name, draft)}</p>
        <FailureLine error={save.error} />
        <div className="policy-acts">
          <Button type="submit" weight="primary" disabled={fixed || !changed || save.isPending}>
            {save.isPending ? "Saving …" : "Save policy"}
          </Button>
          {changed && <Button onClick={() => setEdited(null)}>Undo changes</Button>}
          {fixed && <span className="muted">You may look at this cluster and not change it. Ask its owner.</span>}
          {save.isSuccess && !changed && (
            <span className="policy-saved" role="status">
              ✓ Saved. The scaler obeys from its next cycle on.
            </span>
          )}
        </div>
      </form>
    </section>
  );
}

function meaning(name: string, draft: Draft): string {
  const bounds = `between ${draft.min || "?"} and ${draft.max || "?"} pods`;
  switch (draft.mode) {
    case "observe":
      return `${name} is watched and foreseen. Nothing is changed.`;
    case "recommend":
      return `Decisions ${bounds} are told here, and carried out by nobody.`;
    default:
      return `${name} is scaled ${bounds} without asking, so that it is short of capacity at most ${draft.shortPercent || "?"} % of the time.`;
  }
}
