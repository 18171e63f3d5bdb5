// A workload beside its demand: what it uses, how it runs, what else scales it, its pods and what was said of them.
import "../ui/facts.css";
import "./observed.css";

import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import type { Details } from "../api/client";
import { detailsQuery } from "../api/queries";
import { bytes, cores, count, duration, percent, significant } from "../format";
import { Badge, type Tone } from "../ui/controls";
import { FailureLine, RowsSkeleton } from "../ui/states";
import { Time } from "../ui/Time";
import { EventRows } from "./EventRows";
import { Sparkline } from "./Sparkline";

const PODS_SHOWN = 50;

type Column = Exclude<keyof Details["rates"], "at" | "custom">;

const RATES: readonly [Column, string, (value: number) => string][] = [
  ["memory_bytes", "Memory", bytes],
  ["network_receive_bytes_per_second", "Network in", (value) => `${bytes(value)}/s`],
  ["network_transmit_bytes_per_second", "Network out", (value) => `${bytes(value)}/s`],
  ["disk_read_bytes_per_second", "Disk read", (value) => `${bytes(value)}/s`],
  ["disk_write_bytes_per_second", "Disk write", (value) => `${bytes(value)}/s`],
  ["requests_per_second", "Requests", (value) => `${significant(value)}/s`],
  ["throttled_share", "Throttled", percent],
];

export function WorkloadDetails({ workloadId }: { workloadId: number }) {
  const details = useQuery(detailsQuery(workloadId));
  if (details.isPending) return <RowsSkeleton rows={6} label="Loading pods and events" />;
  if (details.isError && !details.data) return <FailureLine error={details.error} />;
  const { data } = details;
  return (
    <>
      <section className="panel" aria-labelledby="details-title">
        <div className="panel-head">
          <h2 id="details-title">How it runs</h2>
          <span className="muted">{data.images.join(", ")}</span>
        </div>
        <div className="details-body">
          <Used rates={data.rates} />
          <Runs data={data} />
        </div>
        {data.containers.length > 0 && <Containers containers={data.containers} />}
      </section>
      <Pods pods={data.pods} />
      {data.events.length > 0 && (
        <section className="panel" aria-labelledby="workload-events-title">
          <div className="panel-head">
            <h2 id="workload-events-title">Events</h2>
            <span className="muted">of the workload, its pods and its HPA; the same told once</span>
          </div>
          <EventRows events={data.events} clusterId={null} />
        </section>
      )}
    </>
  );
}

function Used({ rates }: { rates: Details["rates"] }) {
  const unknown = RATES.filter(([name]) => rates[name].every((value) => value === null)).map(([, words]) => words.toLowerCase());
  return (
    <div>
      <dl className="facts">
        {RATES.map(([name, words, tell]) => {
          const newest = rates[name].findLast((value) => value !== null);
          return newest == null ? null : (
            <Fact key={name} name={words}>
              <Sparkline label={words} values={rates[name]} words={tell(newest)} />
            </Fact>
          );
        })}
        {Object.entries(rates.custom).map(([name, value]) => (
          <Fact key={name} name={name.replaceAll("_", " ")}>
            {significant(value)}
          </Fact>
        ))}
      </dl>
      {unknown.length > 0 && (
        <p className="muted">Not measured in the last 6 h: {unknown.join(", ")}. The cluster's overview says what each source lacks.</p>
      )}
    </div>
  );
}

function Runs({ data }: { data: Details }) {
  const deploy = data.deploys[0];
  const { hpa, vpa } = data;
  return (
    <dl className="facts">
      <Fact name="Restarts">{significant(data.restarts)}</Fact>
      <Fact name="Out of memory">
        {data.oom_kills === 0 ? "never seen" : `${count(data.oom_kills, "kill")}${data.last_oom_at ? ", the last " : ""}`}
        {data.oom_kills > 0 && data.last_oom_at && <Time at={data.last_oom_at} relative />}
      </Fact>
      <Fact name="One pod asks for">
        {[data.cpu_request_millicores && cores(data.cpu_request_millicores), data.memory_request_bytes && bytes(data.memory_request_bytes)]
          .filter(Boolean)
          .join(", ") || "nothing"}
      </Fact>
      <Fact name="One pod may use">
        {[data.cpu_limit_millicores && cores(data.cpu_limit_millicores), data.memory_limit_bytes && bytes(data.memory_limit_bytes)]
          .filter(Boolean)
          .join(", ") || "what the node has"}
      </Fact>
      <Fact name="Start of a pod">
        {data.startup_p50_seconds === null || data.startup_p95_seconds === null
          ? "none was seen yet"
          : `${duration(data.startup_p50_seconds)}, 95 % within ${duration(data.startup_p95_seconds)}`}
      </Fact>
      <Fact name="Last deploy">
        {deploy ? (
          <>
            revision {deploy.revision}, <Time at={deploy.at} relative />
          </>
        ) : (
          "not known"
        )}
      </Fact>
      <Fact name="HPA">
        {hpa
          ? `${hpa.name}, ${hpa.min_replicas} to ${hpa.max_replicas}${hpa.cpu_target_percent ? `, CPU at ${hpa.cpu_target_percent} %` : ""}${hpa.managed_by ? `, made by ${hpa.managed_by}` : ""}`
          : "none"}
      </Fact>
      <Fact name="VPA">{vpa ? `${vpa.name}, ${vpa.update_mode}` : "none"}</Fact>
      {data.status_detail && <Fact name={data.kind}>{data.status_detail}</Fact>}
    </dl>
  );
}

function Containers({ containers }: { containers: Details["containers"] }) {
  return (
    <table className="rows container-use">
      <caption className="visually-hidden">Use of one pod's containers</caption>
      <thead>
        <tr>
          <th scope="col">Container of one pod</th>
          <th scope="col" className="number">
            CPU p50, p95, most
          </th>
          <th scope="col" className="number">
            Memory p50, p95, most
          </th>
          <th scope="col" className="number">
            Seen for
          </th>
        </tr>
      </thead>
      <tbody>
        {containers.map((one) => (
          <tr key={one.container}>
            <th scope="row" className="breaks">
              {one.container}
            </th>
            <td className="number" data-label="CPU p50, p95, most">
              {[one.cpu_p50_millicores, one.cpu_p95_millicores, one.cpu_max_millicores].map((value) => (value === null ? "–" : cores(value))).join(", ")}
            </td>
            <td className="number" data-label="Memory p50, p95, most">
              {[one.memory_p50_bytes, one.memory_p95_bytes, one.memory_max_bytes].map((value) => (value === null ? "–" : bytes(value))).join(", ")}
            </td>
            <td className="number" data-label="Seen for">
              {count(one.days, "day")}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Pods({ pods }: { pods: Details["pods"] }) {
  return (
    <section className="panel" aria-labelledby="pods-title">
      <div className="panel-head">
        <h2 id="pods-title">Pods</h2>
        <span className="muted">{pods.length > PODS_SHOWN ? `${PODS_SHOWN} of ${pods.length}, those that do not run first` : count(pods.length, "pod")}</span>
      </div>
      {pods.length === 0 ? (
        <p className="panel-empty">It has no pods now.</p>
      ) : (
        <table className="rows">
          <thead>
            <tr>
              <th scope="col">Pod</th>
              <th scope="col">State</th>
              <th scope="col">Node</th>
              <th scope="col" className="number">
                Restarts
              </th>
              <th scope="col" className="number">
                Age
              </th>
            </tr>
          </thead>
          <tbody>
            {pods.slice(0, PODS_SHOWN).map((pod) => (
              <tr key={pod.name}>
                <th scope="row" className="breaks">
                  {pod.name}
                </th>
                <td data-label="State">
                  <Badge tone={stateOf(pod)[0]}>{stateOf(pod)[1]}</Badge>
                  {pod.message && <span className="muted"> {pod.message}</span>}
                </td>
                <td data-label="Node">{pod.node || "none yet"}</td>
                <td className="number" data-label="Restarts">
                  {significant(pod.restarts)}
                  {pod.last_oom_at && <span className="muted"> out of memory</span>}
                </td>
                <td className="number" data-label="Age">
                  {pod.created_at ? <Time at={pod.created_at} relative /> : "–"}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function stateOf(pod: Details["pods"][number]): [Tone, string] {
  if (pod.terminating) return ["neutral", "ending"];
  if (pod.ready) return ["good", "ready"];
  if (pod.reason) return [pod.phase === "Pending" ? "warn" : "bad", pod.reason];
  return ["info", pod.phase === "Pending" ? "pending" : "starting"];
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
