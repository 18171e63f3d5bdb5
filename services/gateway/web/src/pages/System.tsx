// The installation itself: in a sentence, then its processes, queues, cycles, and the messages that were given up on.
import "../system/system.css";

import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";

import type { System as SystemState } from "../api/client";
import { systemQuery } from "../api/queries";
import { PricesPanel } from "../costs/PricesPanel";
import { bytes, duration, significant } from "../format";
import { DeadLetters } from "../system/DeadLetters";
import { Badge, type Tone } from "../ui/controls";
import { FailureLine, FailureState, RowsSkeleton } from "../ui/states";
import { Time } from "../ui/Time";

/** A queue whose oldest message waits longer than this is slow. */
const SLOW_SECONDS = 60;

export function System() {
  const system = useQuery(systemQuery);
  if (system.isPending) return <RowsSkeleton rows={10} label="Loading the system's state" />;
  if (system.isError && !system.data) return <FailureState isPage error={system.error} retry={() => void system.refetch()} />;
  const { data } = system;
  const dead = deadOf(data);
  return (
    <>
      <div className="page-head">
        <h1>System</h1>
        <span className="muted">AI4K8s {data.version}</span>
      </div>
      <p className="sentence">{sentenceOf(data)}</p>
      <FailureLine error={system.error} />
      {dead > 0 && <DeadLetters count={dead} />}
      <div className="halves">
        <Queues queues={data.queues} />
        <Services services={data.services} processes={data.processes} />
      </div>
      <Cycles cycles={data.cycles} />
      <Store parts={data.store} />
      <PricesPanel />
    </>
  );
}

const deadOf = (state: SystemState): number => state.dead_letters.reduce((sum, item) => sum + item.count, 0);

function sentenceOf(state: SystemState): string {
  const { services, queues } = state;
  const dead = deadOf(state);
  const away = services.filter((item) => !item.alive).length;
  const waiting = queues.reduce((sum, item) => sum + item.open_messages, 0);
  const slow = queues.filter((item) => item.oldest_age_seconds > SLOW_SECONDS).length;
  const life = away === 0 ? `All ${services.length} parts are alive` : `${services.length - away} of ${services.length} parts are alive`;
  const flow = slow === 0 ? (waiting === 0 ? "nothing waits" : `${waiting} messages are on their way`) : `${slow} ${slow === 1 ? "queue is" : "queues are"} slow`;
  const lost = dead === 0 ? "nothing was given up on" : `${dead} ${dead === 1 ? "message was" : "messages were"} given up on`;
  return `${life}, ${flow}, ${lost}.`;
}

function Store({ parts }: { parts: SystemState["store"] }) {
  const total = parts.reduce((sum, part) => sum + part.bytes, 0);
  return (
    <section className="panel" aria-labelledby="store-title">
      <div className="panel-head">
        <h2 id="store-title">Store</h2>
        <span className="muted">{bytes(total)} with indexes</span>
      </div>
      <table className="rows">
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col" className="number">
              Size
            </th>
          </tr>
        </thead>
        <tbody>
          {parts.map((part) => (
            <tr key={part.name}>
              <th scope="row">{part.name}</th>
              <td className="number" data-label="Size">
                {bytes(part.bytes)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Queues({ queues }: { queues: SystemState["queues"] }) {
  return (
    <section className="panel" aria-labelledby="queues-title">
      <div className="panel-head">
        <h2 id="queues-title">Queues</h2>
      </div>
      <table className="rows">
        <thead>
          <tr>
            <th scope="col">Queue</th>
            <th scope="col" className="number">
              Open
            </th>
            <th scope="col" className="number">
              Oldest waits
            </th>
            <th scope="col">State</th>
          </tr>
        </thead>
        <tbody>
          {queues.map((queue) => {
            const [tone, word] = queueState(queue);
            return (
              <tr key={queue.queue}>
                <th scope="row">{queue.queue}</th>
                <td className="number" data-label="Open">
                  {queue.open_messages}
                </td>
                <td className="number" data-label="Oldest waits">
                  {queue.open_messages === 0 ? <span className="muted">–</span> : duration(queue.oldest_age_seconds)}
                </td>
                <td>
                  <Badge tone={tone}>{word}</Badge>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

function queueState(queue: SystemState["queues"][number]): [Tone, string] {
  if (queue.oldest_age_seconds > SLOW_SECONDS) return ["warn", "slow"];
  return queue.open_messages === 0 ? ["good", "empty"] : ["good", "flowing"];
}

function Services({ services, processes }: Pick<SystemState, "services" | "processes">) {
  return (
    <section className="panel" aria-labelledby="services-title">
      <div className="panel-head">
        <h2 id="services-title">Services</h2>
        <span className="muted">each says every few seconds that it lives</span>
      </div>
      <table className="rows">
        <thead>
          <tr>
            <th scope="col">Service</th>
            <th scope="col">State</th>
            <th scope="col" className="number">
              Processes
            </th>
            <th scope="col">Version</th>
            <th scope="col" className="number">
              Last sign
            </th>
          </tr>
        </thead>
        <tbody>
          {services.map((item) => (
            <tr key={item.name}>
              <th scope="row">{item.name}</th>
              <td>{item.alive ? <Badge tone="good">alive</Badge> : <Badge tone="bad">silent</Badge>}</td>
              <td className="number" data-label="Processes">
                {item.processes}
              </td>
              <td data-label="Version">{item.versions.join(", ") || <span className="muted">–</span>}</td>
              <td className="number" data-label="Last sign">
                {item.last_seen_at ? <Time at={item.last_seen_at} relative /> : <span className="muted">not for a day</span>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {processes.length > 0 && (
        <details className="processes">
          <summary>Processes</summary>
          <ul>
            {processes.map((item) => (
              <li key={`${item.host} ${item.process} ${item.pid}`}>
                {item.process} <span className="muted">on {item.host}, pid {item.pid}, started</span> <Time at={item.started_at} relative />
                {!item.fresh && <Badge tone="bad">silent</Badge>}
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

const CYCLE_TONES: Record<SystemState["cycles"][number]["status"], Tone> = { running: "info", completed: "good", failed: "bad" };

function Cycles({ cycles }: { cycles: SystemState["cycles"] }) {
  return (
    <section className="panel" aria-labelledby="cycles-title">
      <div className="panel-head">
        <h2 id="cycles-title">Latest cycles</h2>
        <span className="muted">collect, forecast, evaluate, apply</span>
      </div>
      {cycles.length === 0 ? (
        <p className="panel-empty">None yet. The first one comes within a minute of adding a cluster.</p>
      ) : (
        <table className="rows">
          <thead>
            <tr>
              <th scope="col">Cluster</th>
              <th scope="col">State</th>
              <th scope="col" className="number">
                Began
              </th>
              <th scope="col" className="number">
                Took
              </th>
              <th scope="col" className="number">
                Workloads
              </th>
              <th scope="col">Error</th>
            </tr>
          </thead>
          <tbody>
            {cycles.map((cycle) => (
              <tr key={cycle.cluster_id}>
                <th scope="row">
                  <Link to={`/clusters/${cycle.cluster_id}`}>{cycle.cluster_name}</Link>
                </th>
                <td>
                  <Badge tone={CYCLE_TONES[cycle.status]}>{cycle.status}</Badge>
                </td>
                <td className="number" data-label="Began">
                  <Time at={cycle.started_at} relative />
                </td>
                <td className="number" data-label="Took">
                  {cycle.finished_at ? `${significant((Date.parse(cycle.finished_at) - Date.parse(cycle.started_at)) / 1000)} s` : "–"}
                </td>
                <td className="number" data-label="Workloads">
                  {cycle.workload_rows}
                </td>
                <td>{cycle.error}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
