// A cluster's health in a word, with what it is made of: never a colour without its ingredients.
import type { ClusterSummary } from "../api/client";
import { count } from "../format";
import type { Tone } from "../ui/controls";

export interface Health {
  tone: Tone;
  word: string;
  /** For sorting: sicker is more. */
  weight: number;
  ingredients: string[];
}

export function healthOf(summary: ClusterSummary): Health {
  const { cluster } = summary;
  const nodesAway = summary.nodes - summary.nodes_ready;
  const ingredients = [
    summary.nodes === 0 ? "" : nodesAway === 0 ? `${count(summary.nodes, "node")} ready` : `${nodesAway} of ${count(summary.nodes, "node")} not ready`,
    summary.pods_desired === 0 ? "" : `${summary.pods_ready} of ${count(summary.pods_desired, "pod")} ready`,
    cluster.workloads === 0 ? "" : `${summary.workloads_foreseen} of ${cluster.workloads} foreseen`,
  ].filter(Boolean);
  const [first] = cluster.attention;
  if (first) {
    const calm = first.kind === "waiting" || first.kind === "paused";
    const word = { waiting: "not seen yet", paused: "paused", unreachable: "unreachable", no_metrics: "no metrics", stale: "stale", held: "held" }[first.kind];
    return { tone: calm ? "neutral" : "bad", word, weight: calm ? 1 : 3, ingredients };
  }
  if (nodesAway > 0) return { tone: "warn", word: "nodes away", weight: 2, ingredients };
  if (summary.workloads_short > 0) {
    // Pods on their way are the usual course of scaling up.
    return { tone: "info", word: "scaling up", weight: 1, ingredients };
  }
  return { tone: "good", word: "healthy", weight: 0, ingredients };
}
