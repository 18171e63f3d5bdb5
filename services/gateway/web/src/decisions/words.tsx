// How decisions are told, the same in the table and when opened.
import type { Decision } from "../api/client";
import { Badge, type Tone } from "../ui/controls";

const OUTCOMES: Record<Decision["outcome"], [Tone, string]> = {
  planned: ["info", "on its way"],
  applied: ["good", "done"],
  observed: ["neutral", "not done, only told"],
  held: ["warn", "held back"],
  conflict: ["warn", "changed meanwhile"],
  superseded: ["neutral", "overtaken"],
  dismissed: ["neutral", "dismissed"],
  failed: ["bad", "failed"],
};

export function Outcome({ decision }: { decision: Decision }) {
  const [tone, word] = OUTCOMES[decision.outcome];
  return (
    <span title={decision.outcome_detail || undefined}>
      <Badge tone={tone}>{word}</Badge>
    </span>
  );
}

export function Change({ decision }: { decision: Decision }) {
  if (decision.actuator === "revision" || decision.actuator === "requests") return <span className="change">{decision.actuator}</span>;
  const arrow = decision.action === "scale_up" ? "▲" : decision.action === "scale_down" ? "▼" : "–";
  return (
    <span className={`change change-${decision.action}`}>
      <span aria-hidden="true">{arrow}</span> {decision.from_replicas} → {decision.to_replicas}
    </span>
  );
}

export const VERDICTS: Record<string, [Tone, string]> = {
  in_time: ["good", "in time"],
  late: ["warn", "late"],
  not_enough: ["bad", "not enough"],
  too_much: ["warn", "more than needed"],
  unknown: ["neutral", "cannot be judged"],
};

export interface Judgement {
  verdict?: string;
  sentence?: string;
}

export function judgementOf(decision: Decision): Judgement | null {
  const value = decision.judgement;
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Judgement) : null;
}

export function Verdict({ decision }: { decision: Decision }) {
  const judgement = judgementOf(decision);
  if (!judgement) return <span className="muted">not judged yet</span>;
  const [tone, word] = VERDICTS[judgement.verdict ?? ""] ?? (["neutral", judgement.verdict ?? "judged"] as [Tone, string]);
  return (
    <span title={judgement.sentence}>
      <Badge tone={tone}>{word}</Badge>
    </span>
  );
}
