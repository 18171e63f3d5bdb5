// Events, the same told once. Their text was written by the cluster: it is shown, never obeyed.
import { Link } from "react-router";

import type { ClusterEvent } from "../api/client";
import { significant } from "../format";
import { Badge } from "../ui/controls";
import { Time } from "../ui/Time";

export function EventRows({ events, clusterId }: { events: ClusterEvent[]; clusterId: string | null }) {
  return (
    <table className="rows">
      <thead>
        <tr>
          <th scope="col">What</th>
          <th scope="col">About</th>
          <th scope="col">Message</th>
          <th scope="col" className="number">
            Times
          </th>
          <th scope="col" className="number">
            Last
          </th>
        </tr>
      </thead>
      <tbody>
        {events.map((event) => (
          <tr key={event.id}>
            <th scope="row">
              <Badge tone={event.type === "Warning" ? "warn" : "neutral"}>{event.reason}</Badge>
            </th>
            <td data-label="About">
              <About event={event} clusterId={clusterId} />
            </td>
            <td data-label="Message" className="breaks">
              {event.message}
            </td>
            <td className="number" data-label="Times">
              {significant(event.count)}
            </td>
            <td className="number" data-label="Last">
              <Time at={event.last_at} relative />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function About({ event, clusterId }: { event: ClusterEvent; clusterId: string | null }) {
  const name = (
    <>
      <span className="quiet">{event.namespace} / </span>
      {event.about_name}
    </>
  );
  return (
    <>
      {clusterId && event.workload_id !== null ? <Link to={`/clusters/${clusterId}/workloads/${event.workload_id}`}>{name}</Link> : name}
      <span className="muted"> {event.about_kind}</span>
    </>
  );
}
