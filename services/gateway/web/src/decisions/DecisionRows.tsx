// Decisions in brief, newest first, each with the way to its reasons.
import "./decisions.css";

import { Link } from "react-router";

import type { ClusterSummary, Decision } from "../api/client";
import { Button } from "../ui/controls";
import { Time } from "../ui/Time";
import { Change, Outcome, Verdict } from "./words";

interface Props {
  decisions: Decision[];
  onOpen: (ids: string[]) => void;
  /** On pages of more than one workload. */
  withWorkload?: boolean;
  /** On pages of more than one cluster: their names. */
  withCluster?: ClusterSummary[];
}

export function DecisionRows({ decisions, onOpen, withWorkload = false, withCluster = [] }: Props) {
  return (
    <table className="rows decision-rows">
      <thead>
        <tr>
          <th scope="col">When</th>
          {withWorkload && <th scope="col">Workload</th>}
          <th scope="col">Pods</th>
          <th scope="col">Reason</th>
          <th scope="col">Outcome</th>
          <th scope="col">In hindsight</th>
          <th scope="col">
            <span className="visually-hidden">Open</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {decisions.map((decision) => (
          <tr key={decision.id}>
            <td className="nowrap">
              <Time at={decision.decided_at} />
            </td>
            {withWorkload && (
              <td className="nowrap">
                <Link to={`/clusters/${decision.cluster_id}/workloads/${decision.workload_id}`}>{decision.workload}</Link>
                {withCluster.length > 0 && (
                  <span className="muted"> {withCluster.find((item) => item.cluster.id === decision.cluster_id)?.cluster.name}</span>
                )}
              </td>
            )}
            <td className="nowrap">
              <Change decision={decision} />
            </td>
            <td className="decision-reason">{decision.reason}</td>
            <td className="decision-came">
              <Outcome decision={decision} />
            </td>
            <td className="decision-came">
              <Verdict decision={decision} />
            </td>
            <td className="decision-why">
              <Button
                className="button-small"
                onClick={() => onOpen([decision.id])}
                aria-label={`Why ${decision.workload} ${decision.from_replicas} to ${decision.to_replicas}`}
              >
                Why
              </Button>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
