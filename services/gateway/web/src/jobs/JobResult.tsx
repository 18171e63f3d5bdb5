// What a job found. A connection check is a list of lines, each with what to do; anything else is told plainly.
import { Shape, type Tone } from "../ui/controls";
import { Facts } from "../ui/Facts";
import { sentence } from "../ui/states";

interface Check {
  step: string;
  outcome: "passed" | "failed" | "skipped";
  detail: string;
  hint: string;
}

const TONES: Record<Check["outcome"], Tone> = { passed: "good", failed: "bad", skipped: "neutral" };

export function JobResult({ result }: { result: unknown }) {
  if (result == null) return null;
  const checks = checksOf(result);
  return (
    <details className="job-result">
      <summary>Result</summary>
      {checks ? (
        <ul className="checks">
          {checks.map((check) => (
            <li key={check.step}>
              <Shape tone={TONES[check.outcome] ?? "neutral"} />
              <span className="check-step">{check.step.replaceAll("_", " ")}</span>
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
