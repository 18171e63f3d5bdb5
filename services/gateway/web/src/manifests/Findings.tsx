// What the check found: worst first, each with its place and, where a rule knows one, its fix.
import { Button, Shape, type Tone } from "../ui/controls";
import type { Finding, Report } from "./types";

const TONES: Record<Finding["severity"], Tone> = { error: "bad", warning: "warn", info: "info" };

interface Props {
  report: Report | undefined;
  isStale: boolean;
  onGoTo: (finding: Finding) => void;
  onFix: (finding: Finding) => void;
}

export function Findings({ report, isStale, onGoTo, onFix }: Props) {
  if (!report) return <p className="muted">Nothing was checked yet.</p>;
  return (
    <div aria-live="polite">
      <p className={isStale ? "muted" : undefined}>
        {sentenceOf(report)}
        {isStale && " Checking again …"}
      </p>
      <ul className="manifest-findings">
        {report.findings.map((finding) => (
          <li key={`${finding.rule}/${finding.document}/${finding.path}/${finding.line}`}>
            <Shape tone={TONES[finding.severity]} />
            <div>
              <button type="button" className="manifest-place" onClick={() => onGoTo(finding)}>
                line {finding.line}
                {finding.path && `, ${finding.path}`}
              </button>
              <p>{finding.why}</p>
              <p className="muted">
                {finding.severity}, {finding.rule}
              </p>
              {finding.fix && (
                <Button onClick={() => onFix(finding)} disabled={isStale} title={finding.fix.title}>
                  Fix: {finding.fix.title}
                </Button>
              )}
            </div>
          </li>
        ))}
      </ul>
      {report.left_out > 0 && <p className="muted">and {report.left_out} more</p>}
    </div>
  );
}

export function sentenceOf(report: Report): string {
  const { error, warning, info } = report.counts;
  const where = `Kubernetes ${report.version}, ${report.profile}`;
  if (!error && !warning) return `Good for ${where}${info ? `; ${info} pieces of advice` : ""}.`;
  const said = [error && `${error} error${error === 1 ? "" : "s"}`, warning && `${warning} warning${warning === 1 ? "" : "s"}`];
  return `${said.filter(Boolean).join(" and ")} for ${where}${report.valid ? "; a cluster would take it" : ""}.`;
}
