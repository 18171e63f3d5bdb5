import { expect, it } from "vitest";

import { scoreTone, sparkline } from "./score";

it("draws a score's past from the first moment to the last, high scores at the top", () => {
  const history = [
    { at: "2030-01-01T00:00:00Z", score: 100 },
    { at: "2030-01-01T12:00:00Z", score: 0 },
    { at: "2030-01-02T00:00:00Z", score: 50 },
  ];
  expect(sparkline(history, 100, 42)).toBe("0.0,1.0 50.0,41.0 100.0,21.0");
  expect([100, 70, 10].map(scoreTone)).toEqual(["good", "warn", "bad"]);
});
