// How much of something is in use: the words, and a bar below them for comparing lines.

const HIGH = 0.8;
const FULL = 0.95;

interface Props {
  /** What is read out. */
  label: string;
  share: number | null;
  words: string;
}

export function Meter({ label, share, words }: Props) {
  const bounded = share === null ? 0 : Math.min(Math.max(share, 0), 1);
  const tone = bounded >= FULL ? "meter-full" : bounded >= HIGH ? "meter-high" : "";
  return (
    <div className="meter">
      <span className="meter-words">{words}</span>
      {share !== null && (
        <div
          className={`progress ${tone}`}
          role="meter"
          aria-label={label}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.round(bounded * 100)}
        >
          <span style={{ width: `${bounded * 100}%` }} />
        </div>
      )}
    </div>
  );
}
