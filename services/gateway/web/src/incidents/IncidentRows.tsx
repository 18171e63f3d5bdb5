// Incidents in brief, each with the way to its numbers.
import "./incidents.css";

import type { Incident } from "../api/client";
import { Badge, Button } from "../ui/controls";
import { Time } from "../ui/Time";
import { SEVERITY_TONE, stateOf } from "./words";

export function IncidentRows({ incidents, onOpen }: { incidents: readonly Incident[]; onOpen: (id: number) => void }) {
  return (
    <table className="rows incident-rows">
      <thead>
        <tr>
          <th scope="col">Since</th>
          <th scope="col">Severity</th>
          <th scope="col">What</th>
          <th scope="col">State</th>
          <th scope="col">
            <span className="visually-hidden">Open</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {incidents.map((incident) => {
          const [tone, word] = stateOf(incident);
          return (
            <tr key={incident.id}>
              <td className="nowrap">
                <Time at={incident.opened_at} />
              </td>
              <td>
                <Badge tone={SEVERITY_TONE[incident.severity]}>{incident.severity}</Badge>
              </td>
              <td className="incident-what">{incident.title}</td>
              <td>
                <Badge tone={tone}>{word}</Badge>
                {incident.acknowledgement && <span className="muted"> {incident.acknowledgement.by}</span>}
              </td>
              <td className="incident-why">
                <Button className="button-small" onClick={() => onOpen(incident.id)} aria-label={`Open incident ${incident.id}`}>
                  Open
                </Button>
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
