// All that scales and bounds a cluster: the switch, HPAs and VPAs in words, budgets, maintenance, what we hold and what we left.
import "../autoscaling/autoscaling.css";

import { useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { Link } from "react-router";

import { http, unwrap, type Schemas } from "../api/client";
import { Budgets } from "../autoscaling/Budgets";
import { FreezeSwitch, FrozenBanner } from "../autoscaling/FreezeSwitch";
import { autoscalingQuery, freezesQuery } from "../autoscaling/queries";
import { DAYS, freshDraft, scheduleOf } from "../autoscaling/scheduleDraft";
import { Panel } from "../autoscaling/Panel";
import { useWish } from "../autoscaling/useOrder";
import { count, significant } from "../format";
import { columnsOf, DataTable } from "../table/DataTable";
import { Button, TextField } from "../ui/controls";
import { EmptyState, FailureLine, FailureState, NotAvailable, OnlyLooking, RowsSkeleton } from "../ui/states";
import { Time } from "../ui/Time";
import { useCluster } from "./ClusterLayout";

type Status = Schemas["AutoscalingStatus"];
type Autoscaler = Schemas["AutoscalerView"];

const column = columnsOf<Autoscaler>();
const COLUMNS = [
  column.accessor((item) => `${item.namespace}/${item.name}`, { id: "name", header: "Name", meta: { isRowHeader: true }, cell: ({ getValue }) => <strong>{getValue()}</strong> }),
  column.accessor((item) => item.kind.toUpperCase(), { id: "kind", header: "Kind" }),
  column.accessor((item) => `${item.target_kind} ${item.target_name}`, { id: "target", header: "Scales" }),
  column.accessor("sentence", { header: "In words", cell: ({ getValue }) => <span className="decision-reason">{getValue()}</span> }),
  column.accessor((item) => item.floor ?? -1, {
    id: "floor",
    header: "Our floor",
    meta: { isNumber: true, label: "Our floor" },
    cell: ({ row: { original } }) => original.floor ?? "–",
  }),
  column.accessor((item) => item.managed_by ?? "", {
    id: "owner",
    header: "Belongs to",
    meta: { label: "Belongs to" },
    cell: ({ getValue }) => getValue() || <span className="muted">itself</span>,
  }),
];

export function Autoscaling() {
  const cluster = useCluster();
  const status = useQuery(autoscalingQuery(cluster.id));
  const freezes = useQuery(freezesQuery);
  if (status.isPending) return <RowsSkeleton rows={8} label="Loading what scales this cluster" />;
  if (status.isError && !status.data) return <FailureState error={status.error} retry={() => void status.refetch()} />;
  const found = [...status.data.hpas, ...status.data.vpas];
  return (
    <>
      <FrozenBanner freezes={status.data.freezes} />
      <div className="page-head">
        <p className="sentence">{sentenceOf(status.data)}</p>
        <span className="policy-acts">
          <FreezeSwitch scope={{ cluster_id: cluster.id }} name={cluster.name} freezes={status.data.freezes} mayChange={cluster.may_change} />
          {!cluster.may_change && <OnlyLooking role={cluster.role} act="freeze it, set budgets or add windows" />}
          {freezes.data?.may_freeze_everything && <FreezeSwitch scope={{}} name="everything" freezes={freezes.data.items} mayChange />}
        </span>
      </div>
      {status.data.problems.length > 0 && (
        <NotAvailable title="Not everything can be read here" command="kubectl auth can-i --list">
          {status.data.problems.join(" ")} What it bounds is not known meanwhile.
        </NotAvailable>
      )}
      {found.length === 0 ? (
        <EmptyState title="No HPA or VPA in this cluster">
          {status.data.seen_at ? "Create one on a workload's page. Without one, prediction sets the replicas itself." : "They are read with the first evaluated cycle."}
        </EmptyState>
      ) : (
        <DataTable
          title="HPAs and VPAs"
          columns={COLUMNS}
          rows={found}
          rowId={(item) => `${item.kind}/${item.namespace}/${item.name}`}
          textOf={(item) => `${item.namespace}/${item.name} ${item.kind} ${item.sentence}`}
          filterHint="Name or words"
          empty="None."
        />
      )}
      <div className="thirds">
        <Budgets budgets={status.data.budgets} />
        <Windows status={status.data} />
        <Held status={status.data} />
      </div>
    </>
  );
}

function sentenceOf(status: Status): string {
  const capped = status.hpas.filter((item) => /capped/.test(item.sentence)).length;
  const parts = [count(status.hpas.length, "HPA"), ...(capped ? [`${capped} of them capped`] : []), `${count(status.claims.length, "workload")} held by us`];
  const fights = status.fights.length ? ` ${status.fights.length} left alone, because somebody else keeps setting them.` : "";
  const lag = status.metrics_lag;
  const late = lag ? ` Metrics are ${significant(lag.median_seconds)} s old when decisions are made (95 %: ${significant(lag.p95_seconds)} s).` : "";
  return `${parts.join(", ")}.${fights}${late}`;
}

function Windows({ status }: { status: Status }) {
  const cluster = useCluster();
  const [isOpen, setOpen] = useState(false);
  const remove = useWish((id: string) => unwrap(http.DELETE("/api/v1/schedules/{schedule_id}", { params: { path: { schedule_id: id } } })));
  return (
    <Panel title="Maintenance windows">
      {status.windows.length === 0 && <p className="muted">None. While a window holds, nothing of ours is changed.</p>}
      <ul className="scaling-list">
        {status.windows.map((item) => (
          <li key={item.id}>
            <span>
              {item.text}
              {item.namespace ? `, in ${item.namespace}` : ""}
              <span className="muted">{item.holds_until ? <>, holds until <Time at={item.holds_until} /></> : item.next_start && <>, next <Time at={item.next_start} /></>}</span>
            </span>
            {cluster.may_change && (
              <Button className="button-small" onClick={() => remove.mutate(item.id)} disabled={remove.isPending} aria-label={`Delete ${item.title}`}>
                Delete
              </Button>
            )}
          </li>
        ))}
      </ul>
      {cluster.may_change && (isOpen ? <WindowForm close={() => setOpen(false)} /> : <Button className="button-small" onClick={() => setOpen(true)}>Add a window</Button>)}
      <FailureLine error={remove.error} />
    </Panel>
  );
}

function WindowForm({ close }: { close: () => void }) {
  const cluster = useCluster();
  const [draft, setDraft] = useState({ ...freshDraft(), title: "maintenance", from: "22:00", to: "02:00", namespace: "" });
  const rule = scheduleOf({ ...draft, min: "0" });
  const add = useWish(async () => {
    if (!rule) return;
    const { min_replicas: _least, max_replicas: _most, ...times } = rule;
    const body = { ...times, namespace: draft.namespace || null };
    await unwrap(http.POST("/api/v1/clusters/{cluster_id}/maintenance-windows", { params: { path: { cluster_id: cluster.id } }, body }));
  }, close);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate(undefined);
  };
  const text = (name: "title" | "from" | "to" | "zone" | "namespace", label: string, more: object = {}) => (
    <TextField label={label} value={draft[name]} onChange={(event) => setDraft({ ...draft, [name]: event.target.value })} {...more} />
  );
  return (
    <form className="schedule-form" onSubmit={submit}>
      {text("title", "Name", { required: true })}
      <fieldset className="days">
        <legend>Days</legend>
        {DAYS.map((day, index) => (
          <label key={day}>
            <input
              type="checkbox"
              checked={draft.days[index] ?? false}
              onChange={(event) => setDraft({ ...draft, days: draft.days.map((isOn, at) => (at === index ? event.target.checked : isOn)) })}
            />
            {day}
          </label>
        ))}
      </fieldset>
      <div className="pair">
        {text("from", "From", { type: "time", required: true })}
        {text("to", "To", { type: "time", required: true })}
        {text("zone", "Time zone", { required: true })}
        {text("namespace", "Namespace", { placeholder: "all of them" })}
      </div>
      <FailureLine error={add.error} />
      <div className="policy-acts">
        <Button type="submit" weight="primary" disabled={!rule || add.isPending}>
          Save window
        </Button>
        <Button onClick={close}>Discard</Button>
      </div>
    </form>
  );
}

function Held({ status }: { status: Status }) {
  const cluster = useCluster();
  const to = (id: number) => `/clusters/${cluster.id}/workloads/${id}`;
  return (
    <Panel title="Held by us">
      {status.claims.length === 0 && <p className="muted">Nothing. What we set is listed here, with what it goes back to.</p>}
      <ul className="scaling-list">
        {status.fights.map((item) => (
          <li key={`fight-${item.workload_id}`}>
            <span>
              <Link to={to(item.workload_id)}>{item.workload}</Link> is left alone until <Time at={item.until} />: {item.reason}
            </span>
          </li>
        ))}
        {status.claims.map((item) => (
          <li key={item.workload_id}>
            <span>
              <Link to={to(item.workload_id)}>{item.workload}</Link>: {item.text}
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
