// A cluster's health in a word, with what it is made of: never a colour without its ingredients.
import type { Cluster, ClusterSummary } from "../api/client";
import { count, significant } from "../format";
import type { Tone } from "../ui/controls";

export interface Health {
  tone: Tone;
  word: string;
  /** For sorting: sicker is more. */
  weight: number;
  ingredients: string[];
}

type Kind = Cluster["attention"][number]["kind"];

const WORDS: Record<Kind, string> = {
  not_started: "not started",
  waiting: "not seen yet",
  paused: "paused",
  unreachable: "unreachable",
  bastion_changed: "bastion changed",
  no_metrics: "no metrics",
  stale: "no fresh metrics",
  held: "scaling held",
};

const CALM: ReadonlySet<Kind> = new Set(["waiting", "paused", "not_started"]);
const isCalm = (kind: Kind): boolean => CALM.has(kind);

/** Whether a cluster is seen, in a word. */
export function sightOf(cluster: Cluster): [Tone, string] {
  const [first] = cluster.attention;
  return first ? [isCalm(first.kind) ? "neutral" : "bad", WORDS[first.kind]] : ["good", "observed"];
}

export function healthOf(summary: ClusterSummary): Health {
  const { cluster } = summary;
  const nodesAway = summary.nodes - summary.nodes_ready;
  const ingredients = [
    summary.nodes === 0 ? "" : nodesAway === 0 ? `${count(summary.nodes, "node")} ready` : `${nodesAway} of ${count(summary.nodes, "node")} not ready`,
    summary.pods_desired === 0 ? "" : `${summary.pods_ready} of ${count(summary.pods_desired, "pod")} ready`,
    summary.health_score == null ? "" : `health ${significant(summary.health_score)} of 100`,
    summary.incidents_open ? count(summary.incidents_open, "open incident") : "",
    cluster.workloads === 0 ? "" : `${summary.workloads_foreseen} of ${cluster.workloads} foreseen`,
  ].filter(Boolean);
  const [first] = cluster.attention;
  if (first) {
    const calm = isCalm(first.kind);
    const seen = calm || ingredients.length === 0 ? ingredients : ["as last seen", ...ingredients];
    return { tone: calm ? "neutral" : "bad", word: WORDS[first.kind], weight: calm ? 1 : 3, ingredients: seen };
  }
  if (nodesAway > 0) return { tone: "warn", word: "nodes away", weight: 2, ingredients };
  if (summary.workloads_short > 0) {
    // Pods on their way are the usual course of scaling up.
    return { tone: "info", word: "scaling up", weight: 1, ingredients };
  }
  return { tone: "good", word: "healthy", weight: 0, ingredients };
}
