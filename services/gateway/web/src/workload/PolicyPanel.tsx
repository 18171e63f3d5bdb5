// How a workload is scaled. What a change would do is shown before it is saved; afterwards there is a way back.
import { useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";

import { ApiError, type Workload } from "../api/client";
import { scalingQuery } from "../autoscaling/queries";
import { percent, pods, significant } from "../format";
import { Button, Segmented, TextField } from "../ui/controls";
import { Meter } from "../ui/Meter";
import { FailureLine, OnlyLooking } from "../ui/states";
import type { Mode } from "./modes";
import { draftOf, same, type Draft } from "./policyDraft";
import { PolicyPreview } from "./PolicyPreview";
import { useSavePolicy } from "./useSavePolicy";

const MODES: { value: Mode; label: string }[] = [
  { value: "observe", label: "Observe" },
  { value: "recommend", label: "Recommend" },
  { value: "auto", label: "Auto" },
];

export function PolicyPanel({ workload }: { workload: Workload }) {
  const stored = draftOf(workload.policy);
  const [edited, setEdited] = useState<Draft | null>(null);
  /** What was in force before the latest save, to go back to. */
  const [before, setBefore] = useState<Draft | null>(null);
  const draft = edited ?? stored;
  // More trust is given on what there is to go by.
  const scaling = useQuery(scalingQuery(workload.id));
  const save = useSavePolicy(workload, () => setEdited(null));
  const edit = (change: Partial<Draft>) => {
    save.reset();
    setBefore(null);
    setEdited({ ...draft, ...change });
  };
  const store = (wanted: Draft, wayBack: Draft | null) => {
    setBefore(wayBack);
    save.mutate(wanted);
  };
  const wrong = (field: string) =>
    save.error instanceof ApiError
      ? save.error.fields.find((item) => item.field.startsWith("body") && item.field.endsWith(field))?.message
      : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    store(draft, stored);
  };
  const changed = !same(draft, stored);
  const fixed = !workload.may_change;
  const number = (name: "min" | "max" | "shortPercent", label: string, field: string, more: object) => (
    <TextField
      label={label}
      type="number"
      required
      disabled={fixed}
      value={draft[name]}
      error={wrong(field)}
      onChange={(event) => edit({ [name]: event.target.value })}
      {...more}
    />
  );
  return (
    <section className="panel" aria-labelledby="policy-title">
      <div className="panel-head">
        <h2 id="policy-title">Policy</h2>
        {!workload.policy.updated_at && <span className="muted">default, nobody has set one</span>}
      </div>
      <form className="policy panel-body" onSubmit={submit}>
        <Segmented legend="Mode" choices={MODES} value={draft.mode} onChange={(mode) => edit({ mode })} disabled={fixed} />
        <div className="policy-bounds">
          {number("min", "Min pods", "min_replicas", { min: 1, max: 10_000 })}
          {number("max", "Max pods", "max_replicas", { min: 1, max: 10_000 })}
          {number("shortPercent", "Short at most", "slo_short_share", { min: 0.01, max: 20, step: "any", unit: "% of time" })}
        </div>
        <label className="policy-lead">
          <input type="checkbox" checked={draft.sloLeads} disabled={fixed} onChange={(event) => edit({ sloLeads: event.target.checked })} />
          <span>
            The SLO leads <span className="muted">cheaper: pods run fuller than {workload.policy.target_utilization} % while a forecast carries the headroom</span>
          </span>
        </label>
        {draft.mode === "auto" && workload.kind === "Deployment" && (
          <label className="policy-lead">
            <input type="checkbox" checked={draft.rollsBack} disabled={fixed} onChange={(event) => edit({ rollsBack: event.target.checked })} />
            <span>
              Roll bad revisions back{" "}
              <span className="muted">a new revision after which it is short beyond its SLO; otherwise that is only recommended</span>
            </span>
          </label>
        )}
        <p className="policy-meaning">{meaning(workload.name, draft)}</p>
        <Budget workload={workload} />
        {changed && <PolicyPreview workload={workload} draft={draft} />}
        {draft.mode !== stored.mode && scaling.data && <p className="muted">What speaks for it: {scaling.data.evidence.text}</p>}
        <FailureLine error={save.error} />
        <div className="policy-acts">
          <Button type="submit" weight="primary" disabled={fixed || !changed || save.isPending}>
            {save.isPending ? "Saving …" : "Save policy"}
          </Button>
          {changed && <Button onClick={() => setEdited(null)}>Discard</Button>}
          {fixed && <OnlyLooking act="change the policy" />}
        </div>
        {save.isSuccess && !changed && (
          <div className="policy-saved" role="status">
            <span>✓ Saved. The scaler obeys from its next cycle on.</span>
            {before && !same(before, stored) && (
              <Button onClick={() => store(before, null)} disabled={save.isPending}>
                Undo: back to {before.mode}, {before.min} to {before.max} pods
              </Button>
            )}
          </div>
        )}
      </form>
    </section>
  );
}

/** What was spent of the SLO, and what risk costs by now. */
function Budget({ workload }: { workload: Workload }) {
  const budget = workload.scaling?.budget;
  if (!budget) return null;
  return (
    <div className="budget">
      {budget.left_share !== null && <Meter label="SLO budget spent" share={1 - budget.left_share} words={`${percent(Math.max(budget.left_share, 0))} left`} />}
      <p className={budget.beyond_sense ? "budget-beyond" : undefined}>
        {budget.text} A certain shortage counts like {pods(Math.round(budget.price_pods))}.
      </p>
    </div>
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
      return `${name} is scaled ${bounds} without asking, so that it is short of capacity at most ${significant(Number(draft.shortPercent))} % of the time.`;
  }
}
