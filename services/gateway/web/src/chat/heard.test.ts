import { expect, test } from "vitest";

import { after, type Heard } from "./heard";

const NOTHING: Heard = { words: "", steps: [] };
const step = { tool: "pods_list", arguments: {}, result: { summary: "2 pods." }, error: "", seconds: 0.1 };

test("words are put together as they come, and begin anew when they are void", () => {
  const some = after(after(NOTHING, { type: "words", text: "There " }), { type: "words", text: "are" });
  expect(some.words).toBe("There are");
  expect(after(some, { type: "words_void" }).words).toBe("");
});

test("a tool call is shown when it begins and takes its result when it ends", () => {
  const begun = after({ words: "let me look", steps: [] }, { type: "step_begun", number: 1, tool: "pods_list" });
  expect(begun.words).toBe("");
  expect(begun.steps[0]?.seconds).toBe(null);
  expect(after(begun, { type: "step", number: 1, step }).steps).toEqual([step]);
});

test("what is not known changes nothing", () => {
  expect(after(NOTHING, { type: "later" })).toBe(NOTHING);
});
