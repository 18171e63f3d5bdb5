// The past weeks in half hours: pods as they were, as the rule would have kept them, and what was needed.
import type { Schemas } from "../api/client";

type Point = Schemas["PreviewPoint"];

const [WIDTH, HEIGHT] = [600, 90];

export function SchedulePicture({ points }: { points: Point[] }) {
  if (points.length < 2) return null;
  const most = Math.max(1, ...points.map((point) => Math.max(point.actual_replicas, point.scheduled_replicas, point.demand_pods ?? 0)));
  const x = (index: number) => (index / (points.length - 1)) * WIDTH;
  const y = (value: number) => HEIGHT - 2 - (value / most) * (HEIGHT - 6);
  const line = (value: (point: Point) => number | null) => pathOf(points.map((point, index) => [x(index), value(point)] as const), y);
  return (
    <figure className="schedule-picture">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={`Up to ${Math.ceil(most)} pods`}>
        <path className="line-demand" d={line((point) => point.demand_pods)} />
        <path className="line-actual" d={line((point) => point.actual_replicas)} />
        <path className="line-scheduled" d={line((point) => point.scheduled_replicas)} />
      </svg>
      <figcaption>
        <span className="schedule-key">needed</span> <span className="schedule-key schedule-key-actual">as it was</span> <span className="schedule-key schedule-key-scheduled">with the rule</span>
      </figcaption>
    </figure>
  );
}

function pathOf(values: (readonly [number, number | null])[], y: (value: number) => number): string {
  let pen = "M";
  return values
    .map(([at, value]) => {
      if (value === null) {
        pen = "M";
        return "";
      }
      const step = `${pen}${at.toFixed(1)} ${y(value).toFixed(1)}`;
      pen = "L";
      return step;
    })
    .join("");
}
