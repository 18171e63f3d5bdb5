// A score as a tone, and its past as a line.
import type { ClusterHealth } from "../api/client";
import type { Tone } from "../ui/controls";

export const scoreTone = (score: number): Tone => (score >= 85 ? "good" : score >= 60 ? "warn" : "bad");

/** Points of a polyline over the whole width; 0 is at the bottom, 100 at the top. */
export function sparkline(history: ClusterHealth["history"], width: number, height: number): string {
  const times = history.map((point) => Date.parse(point.at));
  const first = times[0] ?? 0;
  const span = Math.max((times.at(-1) ?? 0) - first, 1);
  return history
    .map((point, index) => {
      const x = (((times[index] ?? 0) - first) / span) * width;
      return `${x.toFixed(1)},${(height - 1 - (point.score / 100) * (height - 2)).toFixed(1)}`;
    })
    .join(" ");
}
