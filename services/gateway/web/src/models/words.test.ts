import { expect, test } from "vitest";

import { freshError, sentenceOf, stateOf, type Models, type ProviderOfModels } from "./words";

const PROVIDER: ProviderOfModels = {
  provider: "groq",
  configured: true,
  setting: "GROQ_API_KEY",
  address: null,
  timeout_seconds: 15,
  state: "closed",
  open_until: null,
  last_error: "",
  last_error_at: null,
  last_ok_at: null,
  last_seconds: null,
  models: [],
};
const SPENT = { questions: 0, answered: 0, input_tokens: 0, output_tokens: 0, money: null, unpriced_tokens: 0 };
const MODELS: Models = {
  now: "2026-06-01T12:00:00Z",
  shared_state_known: true,
  uses: [{ use: "chat", reported_at: null, chain: [PROVIDER], today: SPENT }],
  today: SPENT,
  mine_today: SPENT,
  budget: { tokens: null, tokens_per_user: null, money: null, money_per_user: null },
  days: [],
  may_test: false,
};

test("a provider is as it was last time, and an old error is not news", () => {
  const failed = { last_error: "it failed (500)", last_error_at: "2026-06-01T11:00:00Z" };
  expect(stateOf(PROVIDER)[1]).toBe("not asked yet");
  expect(stateOf({ ...PROVIDER, ...failed })[1]).toBe("has not answered");
  const recovered = { ...PROVIDER, ...failed, last_ok_at: "2026-06-01T11:30:00Z" };
  expect(stateOf(recovered)).toEqual(["good", "answers"]);
  expect(freshError(recovered)).toBe("");
  expect(freshError({ ...recovered, last_error_at: "2026-06-01T11:45:00Z" })).toBe("it failed (500)");
  expect(stateOf({ ...PROVIDER, state: "open" })[0]).toBe("bad");
  expect(stateOf({ ...PROVIDER, configured: false, state: null })[1]).toBe("not configured");
});

test("the sentence says who is asked and what it took, or that rules do everything", () => {
  expect(sentenceOf(MODELS)).toBe("Groq is asked; rules stand behind. Nothing was asked today.");
  const today = { ...SPENT, questions: 3, input_tokens: 1200, output_tokens: 300 };
  expect(sentenceOf({ ...MODELS, today, budget: { ...MODELS.budget, tokens: 100_000 } })).toContain("3 questions took");
  expect(sentenceOf({ ...MODELS, uses: [] })).toContain("No language model is configured");
});
