import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { Gather } from "./gather";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it("hands on once what came within a moment, and what comes later again", () => {
  const handed: string[][][] = [];
  const gather = new Gather<string[]>(250, (items) => handed.push(items));
  gather.add(["clusters"]);
  gather.add(["jobs"]);
  gather.add(["clusters"]);
  vi.advanceTimersByTime(250);
  gather.add(["clusters"]);
  vi.advanceTimersByTime(250);
  expect(handed).toEqual([[["clusters"], ["jobs"]], [["clusters"]]]);
});

it("hands on nothing after its end", () => {
  const handed: number[][] = [];
  const gather = new Gather<number>(250, (items) => handed.push(items));
  gather.add(1);
  gather.stop();
  vi.advanceTimersByTime(1_000);
  expect(handed).toEqual([]);
});
