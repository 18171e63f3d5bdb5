// What a cluster does not tell, why, and what to do about it. What it tells needs no words.
import "./observed.css";

import { useQuery } from "@tanstack/react-query";

import type { Source } from "../api/client";
import { sourcesQuery } from "../api/queries";
import { count } from "../format";
import { Badge, type Tone } from "../ui/controls";
import { FailureLine, RowsSkeleton } from "../ui/states";

const WORDS: Record<Source["status"], [Tone, string]> = {
  available: ["good", "available"],
  not_configured: ["neutral", "not set up"],
  missing: ["neutral", "not there"],
  forbidden: ["warn", "not permitted"],
  failed: ["bad", "no answer"],
};

/** Follow from Prometheus not being there: said once. */
const OF_PROMETHEUS = new Set(["network", "disk", "requests", "throttling"]);

export function Sources({ clusterId }: { clusterId: string }) {
  const sources = useQuery(sourcesQuery(clusterId));
  if (sources.isPending) return <RowsSkeleton rows={3} label="Loading what the cluster tells" />;
  if (sources.isError && !sources.data) return <FailureLine error={sources.error} />;
  const { items, dropped } = sources.data;
  const missing = missingOf(items);
  const bad = Object.entries(dropped);
  return (
    <section className="panel" aria-labelledby="sources-title">
      <div className="panel-head">
        <h2 id="sources-title">What this cluster tells</h2>
        <span className="muted">
          {items.length === 0
            ? "known after the first cycle"
            : `${items.filter((item) => item.status === "available").length} of ${count(items.length, "source")} available`}
        </span>
      </div>
      {items.length > 0 && missing.length === 0 && bad.length === 0 && <p className="panel-empty">Everything that can be asked is answered.</p>}
      <ul className="sources">
        {missing.map((item) => (
          <li key={item.source}>
            <span className="sources-head">
              <strong>{nameOf(item.source)}</strong>
              <Badge tone={WORDS[item.status][0]}>{WORDS[item.status][1]}</Badge>
              <span>{item.lost}</span>
            </span>
            <span className="muted">
              {sentence(item.reason)} {item.hint && sentence(item.hint)}
            </span>
          </li>
        ))}
        {bad.length > 0 && (
          <li>
            <span className="sources-head">
              <strong>Readings dropped</strong>
              <Badge tone="warn">in the last cycle</Badge>
              <span>{bad.map(([reason, number]) => `${number} ${reason.replaceAll("_", " ")}`).join(", ")}</span>
            </span>
            <span className="muted">A reading that cannot be believed is left out, never repaired.</span>
          </li>
        )}
      </ul>
    </section>
  );
}

export function missingOf(items: Source[]): Source[] {
  const isOff = items.some((item) => item.source === "prometheus" && item.status !== "available");
  return items.filter((item) => item.status !== "available" && !(isOff && OF_PROMETHEUS.has(item.source)));
}

export const nameOf = (source: string): string => {
  const words = source.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
};

const sentence = (text: string): string => (text ? `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, "")}.` : "");
