// A cluster's health: the score, a sentence for every point that is missing, and how it went over the last day.
import "./healthPanel.css";

import { useQuery } from "@tanstack/react-query";

import type { ClusterHealth } from "../api/client";
import { healthQuery } from "../api/queries";
import { significant } from "../format";
import { Shape, type Tone } from "../ui/controls";
import { FailureState, Skeleton } from "../ui/states";
import { Time } from "../ui/Time";
import { scoreTone, sparkline } from "./score";

export function HealthPanel({ clusterId }: { clusterId: string }) {
  const health = useQuery(healthQuery(clusterId));
  if (health.isError && !health.data) return <FailureState error={health.error} retry={() => void health.refetch()} />;
  if (!health.data) return <Skeleton height={180} label="Loading the health" />;
  const { score, at } = health.data;
  return (
    <section className="panel" aria-labelledby="health-title">
      <div className="panel-head">
        <h2 id="health-title">Health</h2>
        {at && (
          <span className="muted">
            as of <Time at={at} relative />
          </span>
        )}
      </div>
      {score === null ? (
        <p className="panel-empty">Not judged yet: the first score comes with the first five full minutes of measurements.</p>
      ) : (
        <div className="health-panel">
          <Score score={score} health={health.data} />
          <Ingredients health={health.data} />
        </div>
      )}
    </section>
  );
}

const WIDTH = 220;
const HEIGHT = 44;

function Score({ score, health }: { score: number; health: ClusterHealth }) {
  const scores = health.history.map((point) => point.score);
  const lowest = scores.length ? Math.min(...scores) : score;
  const words = scores.length > 1 ? `over the last day: lowest ${significant(lowest)}, now ${significant(score)}` : "no past yet";
  return (
    <div className="health-score">
      <p className={`health-number tone-text-${scoreTone(score)}`}>
        <Shape tone={scoreTone(score)} /> <strong>{significant(score)}</strong> of 100
      </p>
      {scores.length > 1 && (
        <svg className="health-past" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={`Health ${words}`}>
          <polyline points={sparkline(health.history, WIDTH, HEIGHT)} />
        </svg>
      )}
      <p className="muted">{words}</p>
    </div>
  );
}

function Ingredients({ health }: { health: ClusterHealth }) {
  return (
    <ul className="health-reasons">
      {health.ingredients.map((part) => {
        const tone: Tone = !part.known ? "neutral" : part.lost === 0 ? "good" : part.lost < part.of / 2 ? "warn" : "bad";
        return (
          <li key={part.name}>
            <Shape tone={tone} />
            <span>{part.sentence}</span>
            <span className="muted nowrap">{!part.known ? "not known" : part.lost === 0 ? "costs nothing" : `−${significant(part.lost)}`}</span>
          </li>
        );
      })}
    </ul>
  );
}
