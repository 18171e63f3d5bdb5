import { expect, test } from "vitest";

import { pathOf } from "./Sparkline";

test("a gap begins a new stroke and nothing is drawn where nothing was measured", () => {
  expect(pathOf([0, 10, null, 10], 10)).toBe("M0.0 26.0L53.3 2.0M160.0 2.0");
  expect(pathOf([null, null], 1)).toBe("");
});
