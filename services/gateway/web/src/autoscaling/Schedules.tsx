// Rules of the clock for one workload: those that are set, one from the past, and a new one with what it would have done.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";

import { http, unwrap, type Schemas, type Workload } from "../api/client";
import { Badge, Button, TextField } from "../ui/controls";
import { FailureLine, Skeleton } from "../ui/states";
import { Time } from "../ui/Time";
import { DAYS, freshDraft, scheduleOf, type NewSchedule } from "./scheduleDraft";
import { SchedulePicture } from "./SchedulePicture";
import { useWish } from "./useOrder";

type Schedule = Schemas["ScheduleView"];

export function Schedules({ workload, schedules }: { workload: Workload; schedules: Schedule[] }) {
  const [isOpen, setOpen] = useState(false);
  const remove = useWish((id: string) => unwrap(http.DELETE("/api/v1/schedules/{schedule_id}", { params: { path: { schedule_id: id } } })));
  return (
    <section className="scaling-part" aria-labelledby="schedules-title">
      <h3 id="schedules-title">Schedules</h3>
      {schedules.length === 0 && <p className="muted">None. A schedule keeps a least or a most while it holds, and stops holding by itself.</p>}
      <ul className="scaling-list">
        {schedules.map((item) => (
          <li key={item.id}>
            <span>
              {item.holds_until ? <Badge tone="good">holds</Badge> : <Badge tone="neutral">{item.enabled ? "waits" : "off"}</Badge>} {item.text}
              <span className="muted">
                {item.holds_until ? (
                  <>
                    , until <Time at={item.holds_until} />
                  </>
                ) : item.next_start ? (
                  <>
                    , next <Time at={item.next_start} />
                  </>
                ) : (
                  ", never again within a year"
                )}
              </span>
            </span>
            {workload.may_change && (
              <Button className="button-small" onClick={() => remove.mutate(item.id)} disabled={remove.isPending} aria-label={`Delete ${item.title}`}>
                Delete
              </Button>
            )}
          </li>
        ))}
      </ul>
      <FailureLine error={remove.error} />
      {workload.policy.mode !== "auto" && workload.policy.updated_at && schedules.length > 0 && (
        <p className="muted">The policy is in mode {workload.policy.mode}: what schedules ask for is told, not done.</p>
      )}
      {workload.may_change &&
        (isOpen ? <ScheduleForm workload={workload} close={() => setOpen(false)} /> : <Button className="button-small" onClick={() => setOpen(true)}>Add a schedule</Button>)}
    </section>
  );
}

function ScheduleForm({ workload, close }: { workload: Workload; close: () => void }) {
  const [draft, setDraft] = useState(freshDraft);
  const rule = scheduleOf(draft);
  const path = { workload_id: workload.id };
  const add = useWish((body: NewSchedule) => unwrap(http.POST("/api/v1/workloads/{workload_id}/schedules", { params: { path }, body })), close);
  const edit = (change: Partial<typeof draft>) => setDraft({ ...draft, ...change });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (rule) add.mutate(rule);
  };
  return (
    <form className="schedule-form" onSubmit={submit}>
      <Suggested workload={workload} zone={draft.zone} />
      <TextField label="Name" value={draft.title} maxLength={80} required onChange={(event) => edit({ title: event.target.value })} />
      <fieldset className="days">
        <legend>Days</legend>
        {DAYS.map((day, index) => (
          <label key={day}>
            <input
              type="checkbox"
              checked={draft.days[index] ?? false}
              onChange={(event) => edit({ days: draft.days.map((isOn, at) => (at === index ? event.target.checked : isOn)) })}
            />
            {day}
          </label>
        ))}
      </fieldset>
      <div className="pair">
        <TextField label="From" type="time" required value={draft.from} onChange={(event) => edit({ from: event.target.value })} />
        <TextField label="To" type="time" required value={draft.to} onChange={(event) => edit({ to: event.target.value })} />
        <TextField label="At least" type="number" min={0} unit="pods" value={draft.min} onChange={(event) => edit({ min: event.target.value })} />
        <TextField label="At most" type="number" min={0} unit="pods" value={draft.max} onChange={(event) => edit({ max: event.target.value })} />
      </div>
      <TextField label="Time zone" value={draft.zone} required onChange={(event) => edit({ zone: event.target.value })} />
      <TextField
        label="Holidays"
        hint="Days on which it does not begin, as 2026-12-25, with spaces between."
        value={draft.holidays}
        onChange={(event) => edit({ holidays: event.target.value })}
      />
      {rule ? <Preview workload={workload} rule={rule} /> : <p className="muted">With a day, hours and a least or a most, a preview shows here.</p>}
      <FailureLine error={add.error} />
      <div className="policy-acts">
        <Button type="submit" weight="primary" disabled={!rule || add.isPending}>
          Save schedule
        </Button>
        <Button onClick={close}>Discard</Button>
      </div>
    </form>
  );
}

function Suggested({ workload, zone }: { workload: Workload; zone: string }) {
  const suggestion = useQuery({
    queryKey: ["schedule-suggestion", workload.id, zone],
    queryFn: () =>
      unwrap(
        http.GET("/api/v1/workloads/{workload_id}/schedules/suggestion", {
          params: { path: { workload_id: workload.id }, query: { time_zone: zone } },
        }),
      ),
    retry: false,
  });
  if (!suggestion.data) return null;
  return <p className="muted">From the past weeks: {suggestion.data.text}</p>;
}

function Preview({ workload, rule }: { workload: Workload; rule: NewSchedule }) {
  const preview = useQuery({
    queryKey: ["schedule-preview", workload.id, rule],
    queryFn: () =>
      unwrap(http.POST("/api/v1/workloads/{workload_id}/schedules/preview", { params: { path: { workload_id: workload.id } }, body: rule })),
    placeholderData: keepPreviousData,
    retry: false,
  });
  if (preview.isError) return <FailureLine error={preview.error} />;
  if (!preview.data) return <Skeleton height={120} label="Loading the preview" />;
  return (
    <section className="preview" aria-live="polite" aria-label="What it would have done">
      <h3>If it had held</h3>
      <p>{preview.data.text}</p>
      <SchedulePicture points={preview.data.points} />
      {preview.data.next_starts[0] && (
        <p className="preview-undo">
          It begins next on <Time at={preview.data.next_starts[0]} />.
        </p>
      )}
    </section>
  );
}
