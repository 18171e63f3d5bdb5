// What waits for a person: what, why, what to do, and the way there.
import "./needs.css";

import { Link } from "react-router";

import type { Need } from "../api/client";
import { Shape } from "../ui/controls";
import { Time } from "../ui/Time";

export function needPath(need: Need): string {
  if (need.kind === "approval") return "/approvals";
  if (need.workload_id && need.cluster_id) return `/clusters/${need.cluster_id}/workloads/${need.workload_id}`;
  if (need.kind === "budget" && need.cluster_id) return `/clusters/${need.cluster_id}/autoscaling`;
  if (need.kind === "incident" && need.cluster_id) return `/clusters/${need.cluster_id}/incidents`;
  return need.cluster_id ? `/clusters/${need.cluster_id}` : "/system";
}

export function NeedList({ needs, onFollow }: { needs: readonly Need[]; onFollow?: () => void }) {
  return (
    <ul className="needs">
      {needs.map((need) => (
        <li key={`${need.kind} ${need.cluster_id ?? ""} ${need.title}`} className={need.urgent ? "need-urgent" : "need-waiting"}>
          <Link to={needPath(need)} onClick={onFollow}>
            <Shape tone={need.urgent ? "bad" : "warn"} />
            <span className="need-title">{need.title}</span>
            {need.since && (
              <span className="need-since">
                <Time at={need.since} relative />
              </span>
            )}
            <span className="need-why">
              {need.reason && `${need.reason.charAt(0).toUpperCase()}${need.reason.slice(1).replace(/\.$/, "")}. `}
              {need.action}
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
