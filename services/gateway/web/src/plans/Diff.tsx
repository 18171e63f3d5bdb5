// A unified difference, each line told by sign and colour alike.

const kindOf = (line: string): string => {
  if (line.startsWith("@@")) return "hunk";
  if (line.startsWith("+")) return "added";
  if (line.startsWith("-")) return "removed";
  return "same";
};

export function Diff({ text, label }: { text: string; label: string }) {
  if (!text) return <p className="muted">Nothing of it is shown: only bookkeeping changes.</p>;
  // The two lines that name the sides say nothing that the heading does not.
  const lines = text.split("\n").filter((line) => !/^(---|\+\+\+) /.test(line));
  return (
    <pre className="diff" role="group" aria-label={`What changes on ${label}`} tabIndex={0}>
      {lines.map((line, index) => (
        <span key={index} className={`diff-line diff-${kindOf(line)}`}>
          {line || " "}
          {"\n"}
        </span>
      ))}
    </pre>
  );
}
