// A quantity's last hours in a line, with its newest value in words. A gap stays a gap.

const WIDTH = 160;
const HEIGHT = 28;

interface Props {
  label: string;
  values: (number | null)[];
  /** The newest value that was measured, in words. */
  words: string;
}

export function Sparkline({ label, values, words }: Props) {
  const most = Math.max(...values.map((value) => value ?? 0), 0) || 1;
  return (
    <span className="sparkline">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`${label} over the last 6 h, now ${words}`} preserveAspectRatio="none">
        <path d={pathOf(values, most)} fill="none" vectorEffect="non-scaling-stroke" />
      </svg>
      <span className="sparkline-words">{words}</span>
    </span>
  );
}

export function pathOf(values: (number | null)[], most: number): string {
  const step = values.length > 1 ? WIDTH / (values.length - 1) : 0;
  let isOpen = false;
  return values
    .map((value, index) => {
      if (value === null) {
        isOpen = false;
        return "";
      }
      const move = isOpen ? "L" : "M";
      isOpen = true;
      return `${move}${(index * step).toFixed(1)} ${(HEIGHT - 2 - (value / most) * (HEIGHT - 4)).toFixed(1)}`;
    })
    .join("");
}
