// How to read the time axis: drawn, not measured, and labelled so.
const DEMAND = "M0 150 C60 146 90 152 140 148 S210 140 250 96 S290 66 320 64";
const FORECAST = "M320 64 C350 62 372 84 400 108 S460 140 520 146";
const BAND = "M320 64 C350 48 372 62 400 84 S460 112 520 118 L520 170 C460 166 420 152 400 132 S350 78 320 64 Z";
const CAPACITY = "M0 128 H206 V88 H228 V44 H396 V92 H436 V128 H520";

export function Schematic() {
  return (
    <figure className="schematic">
      <svg viewBox="0 0 520 216" role="img" aria-label="Capacity steps up before demand rises, and down after it falls; the forecast lies ahead of now with a band around it.">
        <rect x="320" y="14" width="200" height="168" className="schematic-future" />
        <path d={BAND} className="schematic-band" />
        <path d={CAPACITY} className="schematic-capacity" />
        <path d={DEMAND} className="schematic-demand" />
        <path d={FORECAST} className="schematic-forecast" />
        <path d="M320 14V182" className="schematic-now" />
        <path d="M206 22 L212 32 H200 Z" className="schematic-marker" />
        <text x="194" y="31" textAnchor="end">
          scaled 4 → 7, in time
        </text>
        <text x="326" y="31">now</text>
        <text x="8" y="118">ready capacity</text>
        <text x="8" y="168">demand</text>
        <text x="424" y="160">forecast</text>
        <path d="M0 182H520" className="schematic-axis" />
        <text x="0" y="202">past</text>
        <text x="520" y="202" textAnchor="end">
          next hours
        </text>
      </svg>
      <figcaption className="muted">A drawing of how each workload's page reads. Yours shows what was measured.</figcaption>
    </figure>
  );
}
