// What in the span shown nothing known explains, in words; the chart marks the same.
import { Link } from "react-router";

import type { Anomaly } from "../api/client";
import { SEVERITY_TONE } from "../incidents/words";
import { clock } from "../format";
import { Badge } from "../ui/controls";

const SHOWN = 6;

export function AnomalyPanel({ anomalies, clusterId }: { anomalies: Anomaly[]; clusterId: string }) {
  // Nothing unusual needs no panel: the chart shows that there is none.
  if (anomalies.length === 0) return null;
  const newest = [...anomalies].reverse();
  return (
    <section className="panel" aria-labelledby="anomalies-title">
      <div className="panel-head">
        <h2 id="anomalies-title">Anomalies</h2>
        <span className="muted">in the span shown, newest first</span>
        <Link className="panel-more" to={`/clusters/${clusterId}/incidents`}>
          All incidents
        </Link>
      </div>
      <ul className="anomalies">
        {newest.slice(0, SHOWN).map((anomaly) => (
          <li key={anomaly.id}>
            <span className="nowrap">
              {clock(new Date(anomaly.started_at))} to {anomaly.is_anomaly ? "now" : clock(new Date(anomaly.last_at))}
            </span>
            <Badge tone={SEVERITY_TONE[anomaly.severity]}>{anomaly.severity}</Badge>
            <span className="anomaly-what">
              <Link to={`/clusters/${clusterId}/incidents?incident=${anomaly.incident_id}`}>{anomaly.description}</Link>{" "}
              <span className="muted">{anomaly.recommended_action}</span>
            </span>
          </li>
        ))}
      </ul>
      {newest.length > SHOWN && <p className="panel-empty">{newest.length - SHOWN} earlier ones in this span.</p>}
    </section>
  );
}
