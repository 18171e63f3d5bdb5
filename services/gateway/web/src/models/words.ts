// How models are spoken of.
import type { Schemas } from "../api/client";
import { count, significant } from "../format";
import type { Tone } from "../ui/controls";

export type Models = Schemas["ModelsView"];
export type UseOfModels = Schemas["UseView"];
export type ProviderOfModels = Schemas["ProviderView"];

/** One line of a test's result. */
export interface Checked {
  provider: ProviderOfModels["provider"];
  model: string;
  ok: boolean;
  seconds: number;
  detail: string;
  tools: string;
}
type Use = UseOfModels["use"];
type Provider = ProviderOfModels["provider"];

export const USES: Record<Use, { name: string; does: string; without: string }> = {
  advisor: { name: "Advisor", does: "chooses among the sizes that the rules allow, and says why", without: "the rules choose and explain" },
  chat: { name: "Chat", does: "answers questions and drafts changes", without: "set phrases are understood" },
  rag: { name: "Manifests", does: "writes manifests from a request in plain words", without: "templates are filled in" },
};

export const PROVIDERS: Record<Provider, string> = {
  "gpt-oss": "Your server",
  groq: "Groq",
  anthropic: "Anthropic",
};

export function stateOf(provider: ProviderOfModels): [Tone, string] {
  if (!provider.configured) return ["neutral", "not configured"];
  if (provider.state === null) return ["neutral", "not known now"];
  if (provider.state === "open") return ["bad", "left alone"];
  if (provider.state === "trying") return ["warn", "tried next"];
  if (!provider.last_ok_at) return provider.last_error ? ["warn", "has not answered"] : ["neutral", "not asked yet"];
  return isFailing(provider) ? ["warn", "failed last"] : ["good", "answers"];
}

function isFailing(provider: ProviderOfModels): boolean {
  return provider.last_error_at !== null && provider.last_ok_at !== null && provider.last_error_at > provider.last_ok_at;
}

/** Worth reading: an error that no answer followed. */
export const freshError = (provider: ProviderOfModels): string =>
  provider.last_ok_at === null || isFailing(provider) ? provider.last_error : "";

export function sentenceOf(models: Models): string {
  const working = models.uses.filter((use) => use.chain.some((provider) => provider.configured));
  if (working.length === 0) return "No language model is configured: rules do everything, and say so.";
  const asked = [...new Set(working.flatMap((use) => use.chain.filter((one) => one.configured).map((one) => PROVIDERS[one.provider])))];
  const { today, budget } = models;
  const tokens = tokensOf(today);
  const spent =
    today.questions === 0 ? "Nothing was asked today"
    : `Today ${count(today.questions, "question")} took ${significant(tokens)} tokens${today.money === null ? "" : `, ${significant(today.money)} in money`}`;
  const left = budget.tokens ? ` of a budget of ${significant(budget.tokens)}` : "";
  return `${asked.join(", then ")} ${asked.length === 1 ? "is" : "are"} asked; rules stand behind. ${spent}${today.questions === 0 ? "" : left}.`;
}

export const tokensOf = (spent: Schemas["SpentView"]): number => spent.input_tokens + spent.output_tokens;

export function checksOf(result: unknown): Checked[] | null {
  const found = typeof result === "object" && result !== null && "models" in result ? result.models : null;
  return Array.isArray(found) ? (found as Checked[]) : null;
}
