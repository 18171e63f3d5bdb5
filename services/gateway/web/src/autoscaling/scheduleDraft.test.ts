import { describe, expect, it } from "vitest";

import { freshDraft, scheduleOf } from "./scheduleDraft";

const draft = { ...freshDraft(), zone: "Europe/Rome", min: "6" };

describe("a schedule's draft", () => {
  it("becomes a beginning and a length", () => {
    expect(scheduleOf(draft)).toMatchObject({ cron: "30 8 * * 1-5", duration_minutes: 630, min_replicas: 6, max_replicas: null });
  });

  it("reaches over midnight, and round the clock when both ends are the same", () => {
    expect(scheduleOf({ ...draft, from: "22:00", to: "06:00" })?.duration_minutes).toBe(480);
    expect(scheduleOf({ ...draft, from: "00:00", to: "00:00" })?.duration_minutes).toBe(1440);
  });

  it("writes days as cron does", () => {
    expect(scheduleOf({ ...draft, days: [false, false, false, false, false, true, true] })?.cron).toBe("30 8 * * 6,0");
    expect(scheduleOf({ ...draft, days: Array(7).fill(true) })?.cron).toBe("30 8 * * *");
  });

  it("is no rule without a bound, a day, or with a holiday that is no date", () => {
    const wrong = [{ ...draft, min: "" }, { ...draft, days: Array(7).fill(false) }, { ...draft, holidays: "christmas" }, { ...draft, min: "1.5" }];
    expect(wrong.map(scheduleOf)).toEqual([null, null, null, null]);
  });
});
