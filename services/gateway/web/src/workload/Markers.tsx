// Decisions on the axis: real buttons, so that they can be reached and opened without a mouse.
import type uPlot from "uplot";

import type { Decision } from "../api/client";
import { clock } from "../format";

export interface Marker {
  left: number;
  decisions: Decision[];
}

const TOO_CLOSE_PIXELS = 26;

export function placeMarkers(chart: uPlot, decisions: Decision[]): Marker[] {
  const plotLeft = chart.over.offsetLeft;
  const markers: Marker[] = [];
  for (const decision of decisions) {
    const x = chart.valToPos(Date.parse(decision.decided_at) / 1000, "x");
    if (x < 0 || x > chart.over.clientWidth) continue;
    const last = markers.at(-1);
    if (last && plotLeft + x - last.left < TOO_CLOSE_PIXELS) last.decisions.push(decision);
    else markers.push({ left: plotLeft + x, decisions: [decision] });
  }
  return markers;
}

export function Markers({ markers, onOpen }: { markers: Marker[]; onOpen: (ids: string[]) => void }) {
  return (
    <ul className="markers" aria-label="Scaling decisions">
      {markers.map((marker) => (
        <li key={marker.decisions[0]?.id} style={{ left: marker.left }}>
          <button type="button" onClick={() => onOpen(marker.decisions.map((decision) => decision.id))} title={tell(marker)} aria-label={tell(marker)}>
            <Symbol marker={marker} />
          </button>
        </li>
      ))}
    </ul>
  );
}

function Symbol({ marker }: { marker: Marker }) {
  const [first] = marker.decisions;
  if (marker.decisions.length > 1) return <span className="marker-many">{marker.decisions.length}</span>;
  const isUp = first?.action === "scale_up";
  const done = first?.outcome === "applied";
  return (
    <svg viewBox="0 0 12 12" className={`${isUp ? "marker-up" : "marker-down"} ${done ? "" : "marker-open"}`} aria-hidden="true">
      <path d={isUp ? "M6 1.5 11 10.5 H1 Z" : "M6 10.5 1 1.5 H11 Z"} />
    </svg>
  );
}

function tell(marker: Marker): string {
  const [first] = marker.decisions;
  if (!first) return "";
  if (marker.decisions.length > 1) return `${marker.decisions.length} decisions around ${clock(new Date(first.decided_at))}`;
  return `${clock(new Date(first.decided_at))}: ${first.from_replicas} to ${first.to_replicas} pods, ${first.outcome}. ${first.reason}`;
}
