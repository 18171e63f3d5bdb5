import { expect, it } from "vitest";

import { ago, bytes, cores, count, percent, pods, significant } from "./format";

it("says at most three significant digits", () => {
  expect([significant(1234.5), significant(0.012345), significant(3), significant(Number.NaN)]).toEqual(["1,230", "0.012", "3", "–"]);
});

it("says units, and one of a thing as one", () => {
  expect([cores(1500), pods(1), pods(9), count(1, "node"), count(0, "node")]).toEqual(["1.5 cores", "1 pod", "9 pods", "1 node", "0 nodes"]);
});

it("says bytes in the unit they are read in", () => {
  expect([bytes(512), bytes(8 * 1024 ** 3), bytes(1536)]).toEqual(["512 B", "8 GiB", "1.5 KiB"]);
});

it("says shares as percent", () => {
  expect(percent(0.0712)).toBe("7.12 %");
});

it("says how long ago, and what is still to come", () => {
  const now = new Date("2030-01-01T12:00:00Z");
  const at = (seconds: number) => ago(new Date(now.getTime() - seconds * 1000), now);
  expect([at(5), at(600), at(7200), at(-300)]).toEqual(["5 s ago", "10 min ago", "2 h ago", "in 5 min"]);
});
