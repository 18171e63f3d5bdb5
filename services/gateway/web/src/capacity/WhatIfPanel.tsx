// What if: lose nodes, add nodes, another number of pods of a workload. Nothing is changed by asking.
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { http, unwrap, type Schemas } from "../api/client";
import { workloadsQuery } from "../api/queries";
import { bytes, cores, percent, significant } from "../format";
import { Badge, Button, TextField } from "../ui/controls";
import { EmptyState, FailureLine } from "../ui/states";

type Answer = Schemas["WhatIfAnswer"];

interface Props {
  clusterId: string;
  nodes: Schemas["NodeName"][];
}

export function WhatIfPanel({ clusterId, nodes }: Props) {
  const [lost, setLost] = useState<string[]>([]);
  const [added, setAdded] = useState("0");
  const [workload, setWorkload] = useState("");
  const [factor, setFactor] = useState("2");
  const workloads = useQuery(workloadsQuery(clusterId));
  const ask = useMutation({
    mutationFn: () =>
      unwrap(
        http.POST("/api/v1/clusters/{cluster_id}/capacity/what-if", {
          params: { path: { cluster_id: clusterId } },
          body: {
            lose_nodes: lost,
            add_nodes: Number(added) || 0,
            workloads: workload ? [{ workload_id: Number(workload), factor: Number(factor), replicas: null }] : [],
          },
        }),
      ),
  });
  if (nodes.length === 0) {
    return (
      <section className="panel" aria-labelledby="what-if">
        <div className="panel-head">
          <h2 id="what-if">What if</h2>
        </div>
        <div className="panel-body">
          <EmptyState title="Nodes are not known yet">They are read with the first cycle; the credential needs the right to list nodes.</EmptyState>
        </div>
      </section>
    );
  }
  return (
    <section className="panel" aria-labelledby="what-if">
      <div className="panel-head">
        <h2 id="what-if">What if</h2>
        <span className="muted">nothing is changed by asking</span>
      </div>
      <form
        className="panel-body what-if"
        onSubmit={(event) => {
          event.preventDefault();
          ask.mutate();
        }}
      >
        <fieldset className="what-if-nodes">
          <legend>These nodes are lost</legend>
          {nodes.map((node) => (
            <label key={node.name}>
              <input
                type="checkbox"
                checked={lost.includes(node.name)}
                onChange={(event) => setLost(event.target.checked ? [...lost, node.name] : lost.filter((name) => name !== node.name))}
              />
              {node.name}
              {!node.takes_pods && <span className="quiet"> takes no pods</span>}
            </label>
          ))}
        </fieldset>
        <div className="what-if-fields">
          <TextField label="New nodes" type="number" min={0} max={1000} value={added} onChange={(event) => setAdded(event.target.value)} />
          <div className="field">
            <label htmlFor="what-if-workload">Workload</label>
            <select id="what-if-workload" value={workload} onChange={(event) => setWorkload(event.target.value)}>
              <option value="">none</option>
              {workloads.data?.items.map((item) => (
                <option key={item.id} value={item.id}>
                  {item.namespace} / {item.name}
                </option>
              ))}
            </select>
            <div className="field-hint" />
          </div>
          <TextField
            label="has as many pods as now, times"
            type="number"
            min={0}
            max={1000}
            step="any"
            value={factor}
            disabled={!workload}
            onChange={(event) => setFactor(event.target.value)}
          />
          <Button weight="primary" type="submit" disabled={ask.isPending}>
            Try it
          </Button>
        </div>
        <div aria-live="polite">
          <FailureLine error={ask.error} />
          {ask.data && !ask.isError && <AnswerView answer={ask.data} />}
        </div>
      </form>
    </section>
  );
}

function AnswerView({ answer }: { answer: Answer }) {
  const demand = answer.by_demand;
  return (
    <div className="what-if-answer">
      <p className="what-if-verdict">
        <Badge tone={answer.fits ? "good" : "bad"}>{answer.fits ? "fits" : "does not fit"}</Badge> {answer.sentence}
      </p>
      <dl className="facts">
        <div>
          <dt>CPU requests</dt>
          <dd>{asked(answer.requested_cpu_millicores, answer.room_cpu_millicores, cores)}</dd>
        </div>
        <div>
          <dt>Memory requests</dt>
          <dd>{asked(answer.requested_memory_bytes, answer.room_memory_bytes, bytes)}</dd>
        </div>
        <div>
          <dt>Forecast demand, next 6 h</dt>
          <dd>
            {demand.fits !== null && <Badge tone={demand.fits ? "good" : "bad"}>{demand.fits ? "fits" : "does not fit"}</Badge>} {demand.sentence}
          </dd>
        </div>
      </dl>
      {answer.homeless.length > 0 && (
        <table className="rows">
          <caption className="muted">Pods that would find no node</caption>
          <thead>
            <tr>
              <th scope="col">Workload</th>
              <th scope="col" className="number">Pods</th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            {answer.homeless.map((one) => (
              <tr key={one.workload_id}>
                <th scope="row">
                  <span className="quiet">{one.namespace} / </span>
                  {one.name}
                </th>
                <td className="number" data-label="Pods">{significant(one.pods)}</td>
                <td>{one.reason}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <details>
        <summary>What this takes for granted</summary>
        <ul className="what-if-assumptions">
          {answer.assumptions.map((one) => (
            <li key={one}>{one}</li>
          ))}
        </ul>
      </details>
    </div>
  );
}

const asked = (used: number, room: number, words: (value: number) => string): string =>
  room > 0 ? `${words(used)} of ${words(room)} (${percent(used / room)})` : "no node is left";
