// The sentence, said in the reader's own time. Its parts come from the gateway, which also says it in UTC.
import type { Workload } from "../api/client";
import { pods, significant } from "../format";
import { Time } from "../ui/Time";

/** What is said of a workload: as it is, or as it would be under another policy. */
export type Said = Pick<Workload, "name" | "outlook" | "ready_replicas" | "desired_replicas"> & {
  policy: Pick<Workload["policy"], "mode">;
};

export function Sentence({ workload, short = false }: { workload: Said; short?: boolean }) {
  const { outlook } = workload;
  const name = short ? null : <strong>{workload.name} </strong>;
  const needed = outlook.needed_replicas ?? 0;
  const now = `(${outlook.now_replicas} now)`;
  switch (outlook.kind) {
    case "rising":
      return (
        <>
          {name}
          {short ? "Will need " : "will need "}
          <strong>{pods(needed)}</strong> at {outlook.needed_at && <Time at={outlook.needed_at} />} {now}. <Act workload={workload} />
        </>
      );
    case "scaling":
      return (
        <>
          {name}
          {short ? "Will need " : "will need "}
          <strong>{pods(needed)}</strong> at {outlook.needed_at && <Time at={outlook.needed_at} />}. Scaling:{" "}
          {workload.ready_replicas} of {workload.desired_replicas} ready.
        </>
      );
    case "falling":
      return (
        <>
          {name}
          {short ? "Will need " : "will need "}
          <strong>{pods(needed)}</strong> at most within the hour {now}.
        </>
      );
    case "steady":
      return (
        <>
          {name}
          {short ? "Needs " : "needs "}
          <strong>{pods(needed)}</strong> within the hour and has {outlook.now_replicas}.
        </>
      );
    case "not_ready":
      return (
        <>
          {name}
          {short ? "Not ready" : "is not ready to be foreseen"}: <strong>{significant(outlook.history_hours ?? 0)}</strong> of{" "}
          {outlook.history_hours_wanted} h collected.
        </>
      );
    case "blind":
      return (
        <>
          {name}
          {short ? "No fresh metrics" : "gives no fresh metrics"}. Nothing is scaled meanwhile.
        </>
      );
    default:
      return <>{short ? withoutName(outlook.text, workload.name) : outlook.text}</>;
  }
}

function Act({ workload }: { workload: Said }) {
  const { outlook, policy } = workload;
  if (policy.mode === "recommend") return <>Recommended, not done.</>;
  if (policy.mode === "observe" || !outlook.acts_at) return <>Only observed, not scaled.</>;
  const isNow = new Date(outlook.acts_at).getTime() <= Date.now() + 5_000;
  return <>Scaling {isNow ? "now" : <>at <Time at={outlook.acts_at} /></>}.</>;
}

function withoutName(text: string, name: string): string {
  const rest = text.startsWith(`${name}: `) ? text.slice(name.length + 2) : text;
  return rest.charAt(0).toUpperCase() + rest.slice(1);
}
