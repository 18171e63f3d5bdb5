// What a job found. A connection check is a list of lines, each with what to do; anything else is told plainly.
import type { Schemas } from "../api/client";
import { Shape, type Tone } from "../ui/controls";
import { Facts } from "../ui/Facts";
import { sentence } from "../ui/states";

type Check = Schemas["CheckLine"];

const TONES: Record<string, Tone> = { passed: "good", failed: "bad", absent: "neutral", skipped: "neutral" };

export function JobResult({ result }: { result: unknown }) {
  if (result == null) return null;
  const checks = checksOf(result);
  return (
    <details className="job-result">
      <summary>Result</summary>
      {checks ? (
        <ul className="checks">
          {checks.map((check) => (
            <li key={check.check}>
              <Shape tone={TONES[check.outcome] ?? "neutral"} />
              <span className="check-step">{check.title}</span>
              <span>
                {check.outcome}
                {check.detail && `: ${check.detail}`}
                {check.hint && <span className="check-hint"> {sentence(check.hint)}</span>}
              </span>
            </li>
          ))}
        </ul>
      ) : (
        <Facts value={result} none="Nothing." />
      )}
    </details>
  );
}

function checksOf(result: unknown): Check[] | null {
  const checks = typeof result === "object" && result !== null && "checks" in result ? result.checks : null;
  return Array.isArray(checks) ? (checks as Check[]) : null;
}
