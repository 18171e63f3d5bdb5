// A connection test line by line: what passed, what did not and what to do about it, what is not there.
import type { Schemas } from "../api/client";
import { Shape, type Tone } from "../ui/controls";
import { sentence } from "../ui/states";

export type CheckLine = Schemas["CheckLine"];

const GROUPS: [group: string, name: string][] = [
  ["connection", "The way there"],
  ["rights", "What it may do there"],
  ["add_ons", "What the cluster has"],
];

const TONES: Record<string, Tone> = { passed: "good", failed: "bad", absent: "neutral", skipped: "neutral" };
const WORDS: Record<string, string> = { passed: "yes", failed: "no", absent: "not there", skipped: "not tried" };

function toneOf(line: CheckLine): Tone {
  return line.outcome === "failed" && !line.essential ? "warn" : (TONES[line.outcome] ?? "neutral");
}

export function Checklist({ lines }: { lines: readonly CheckLine[] }) {
  return (
    <div className="checklist">
      {GROUPS.map(([group, name]) => {
        const own = lines.filter((line) => line.group === group);
        return own.length === 0 ? null : <CheckGroup key={group} name={name} lines={own} />;
      })}
    </div>
  );
}

function CheckGroup({ name, lines }: { name: string; lines: readonly CheckLine[] }) {
  const calm = lines.filter((line) => line.outcome === "passed" || line.outcome === "absent");
  const rest = lines.filter((line) => !calm.includes(line));
  const isLong = calm.length > 8;
  return (
    <section>
      <h3>
        {name} <span className="quiet">{summaryOf(lines)}</span>
      </h3>
      <ul className="check-lines">
        {(isLong ? rest : lines).map((line) => (
          <Line key={line.check} line={line} />
        ))}
      </ul>
      {isLong && (
        <details>
          <summary>{rest.length === 0 ? `All ${calm.length}` : `The other ${calm.length}`}</summary>
          <ul className="check-lines">
            {calm.map((line) => (
              <Line key={line.check} line={line} />
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

function summaryOf(lines: readonly CheckLine[]): string {
  const passed = lines.filter((line) => line.outcome === "passed").length;
  const failed = lines.filter((line) => line.outcome === "failed").length;
  const absent = lines.filter((line) => line.outcome === "absent").length;
  return [`${passed} of ${lines.length - absent}`, failed > 0 ? `${failed} missing` : ""].filter(Boolean).join(", ");
}

function Line({ line }: { line: CheckLine }) {
  return (
    <li className={`check-line-${line.outcome}`}>
      <Shape tone={toneOf(line)} />
      <span className="breakable">
        {line.title} <span className="visually-hidden">: {WORDS[line.outcome] ?? line.outcome}</span>
        {line.outcome !== "failed" && line.detail && <span className="muted"> {line.detail}</span>}
        {line.outcome === "absent" && line.hint && <span className="muted">: {line.hint}</span>}
        {line.outcome === "failed" && (
          <span className="check-why">
            {sentence(line.detail)} {line.hint && <strong>{sentence(line.hint)}</strong>}
          </span>
        )}
      </span>
    </li>
  );
}
