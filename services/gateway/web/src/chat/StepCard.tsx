// One tool call as a card: what was called with what, and what it gave. Closed unless there is something to see at once.
import { Shape, type Tone } from "../ui/controls";
import type { Finding, Step, Table } from "./heard";
import { ApprovalCard } from "../plans/ApprovalCard";

export function StepCard({ step, isOpen }: { step: Step; isOpen: boolean }) {
  const isUnderWay = step.result === null && !step.error;
  const tone: Tone = isUnderWay ? "info" : step.error ? "warn" : "good";
  const result = step.result;
  return (
    <>
      <details className="step" open={isOpen}>
        <summary>
          <Shape tone={tone} />
          <code>{step.tool}</code>
          <span className="step-what">{words(step.arguments)}</span>
          <span className="step-time muted">{isUnderWay ? "running" : step.seconds === null ? "" : `${step.seconds.toFixed(2)} s`}</span>
        </summary>
        {step.error && <p className="step-error">{step.error}</p>}
        {result?.table && result.table.rows.length > 0 && <Cells table={result.table} />}
        {result?.narrow && <p className="muted step-note">{result.narrow}</p>}
        {result?.findings?.map((finding) => <FindingLine key={`${finding.subject} ${finding.title}`} finding={finding} />)}
        {result?.text && <pre className="step-text">{result.text}</pre>}
        {!step.error && result && !result.table && !result.text && !result.findings?.length && <p className="step-note">{result.summary}</p>}
      </details>
      {result?.plan?.id && <ApprovalCard planId={result.plan.id} />}
    </>
  );
}

function words(given: Record<string, unknown>): string {
  return Object.entries(given)
    .filter(([, value]) => value !== null && value !== "" && !(Array.isArray(value) && value.length === 0))
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ");
}

function Cells({ table }: { table: Table }) {
  const left = (table.total ?? table.rows.length) - table.rows.length;
  return (
    <div className="step-table" tabIndex={0} role="region" aria-label="Result">
      <table>
        <thead>
          <tr>
            {table.columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map((row, index) => (
            <tr key={index}>
              {row.map((cell, column) => (
                <td key={column}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {left > 0 && <p className="muted step-note">and {left.toLocaleString("en")} more</p>}
    </div>
  );
}

const TONES: Record<Finding["severity"], Tone> = { critical: "bad", warning: "warn", info: "info" };

function FindingLine({ finding }: { finding: Finding }) {
  return (
    <div className="finding">
      <p>
        <Shape tone={TONES[finding.severity]} /> <strong>{finding.subject}</strong> {finding.title}
      </p>
      <ul>
        {finding.evidence?.map((line) => (
          <li key={line} className="breakable">
            {line}
          </li>
        ))}
      </ul>
      {finding.cause && <p className="muted">Likely cause: {finding.cause}</p>}
      {finding.next_step && <p className="muted">Next step: {finding.next_step}</p>}
    </div>
  );
}
