// The advisor's word on a decision: whose it is, what the rules make of each choice, and why a model was not followed.
import "./advice.css";

import { percent, pods } from "../format";
import { Badge } from "../ui/controls";
import type { Advice, Score } from "./advice";

export function AdvicePart({ advice, decided }: { advice: Advice; decided: number }) {
  const { word } = advice;
  const isQuoted = word !== null && advice.settled_by === "rules";
  return (
    <div className="advice-part">
      <p className="advice-whose">
        {advice.settled_by === "model" && word ? (
          <Badge tone="info">
            {word.provider}: {word.model}
          </Badge>
        ) : (
          <Badge tone="neutral">by rules</Badge>
        )}
        {advice.cached && <span className="muted">an answer to a situation alike, minutes ago</span>}
      </p>
      <p>{advice.text}</p>
      {advice.note && <p className="muted">{advice.note}</p>}
      {advice.clamp && (
        <p>
          <Badge tone="warn">clamped</Badge> {advice.clamp}
        </p>
      )}
      {isQuoted && (
        <figure className="advice-quote">
          <blockquote>{word.reasoning}</blockquote>
          <figcaption className="muted">
            {word.provider}, {word.model}: {pods(word.target_replicas)}
          </figcaption>
        </figure>
      )}
      {word && (
        <p>
          Confidence: {advice.calibrated_confidence === null ? advice.calibration : `right in ${percent(advice.calibrated_confidence)} of such cases (${advice.calibration})`}
        </p>
      )}
      {advice.refine && (
        <p>
          {advice.refine.taken ? `Taken up: ${pods(advice.refine.to)} for three minutes.` : `It prefers ${pods(advice.refine.to)}. ${advice.refine.reason}`}
        </p>
      )}
      {advice.scores.length > 0 && (
        <Scores scores={advice.scores} decided={decided} advised={advice.target_replicas} model={word?.target_replicas ?? null} />
      )}
      {advice.autoscaler && (
        <p>
          Suited to it: <strong>{advice.autoscaler.toUpperCase()}</strong>, {advice.autoscaler_reason}.
        </p>
      )}
      {advice.fallbacks.length > 0 && <p className="muted">Did not answer: {advice.fallbacks.join("; ")}.</p>}
    </div>
  );
}

const CRITERIA: [keyof Score, string][] = [
  ["performance", "Performance"],
  ["forecast_fit", "Forecast"],
  ["cost", "Cost"],
  ["stability", "Stability"],
  ["timing", "Timing"],
];

interface ScoresProps {
  scores: Score[];
  decided: number;
  advised: number;
  model: number | null;
}

/** Every number that could have been chosen, as the rules score it from 0 to 1. */
function Scores({ scores, decided, advised, model }: ScoresProps) {
  return (
    <div className="advice-scores" tabIndex={0} role="group" aria-label="Scores, scrolling">
      <table>
        <caption>What could be chosen, scored by the rules from 0 to 1</caption>
        <thead>
          <tr>
            <th scope="col">Pods</th>
            <th scope="col">Short</th>
            {CRITERIA.map(([key, name]) => (
              <th scope="col" key={key}>
                {name}
              </th>
            ))}
            <th scope="col">Score</th>
          </tr>
        </thead>
        <tbody>
          {scores.map((score) => (
            <tr key={score.replicas} data-advised={score.replicas === advised || undefined}>
              <th scope="row">
                {score.replicas}
                <span className="advice-marks">
                  {score.replicas === decided && "decided"}
                  {score.replicas === advised && score.replicas !== decided && "advised"}
                  {score.replicas === model && score.replicas !== advised && "the model's"}
                </span>
              </th>
              <td>{score.risk === null ? "–" : percent(score.risk)}</td>
              {CRITERIA.map(([key]) => (
                <td key={key}>{(score[key] ?? 0).toFixed(2)}</td>
              ))}
              <td>
                <strong>{score.total.toFixed(2)}</strong>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
