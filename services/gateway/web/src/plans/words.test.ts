import { describe, expect, it } from "vitest";

import { countdown, stateOf } from "./words";

describe("countdown", () => {
  const now = new Date("2026-01-01T12:00:00Z");
  it("counts whole seconds down and stops at nothing", () => {
    expect(countdown(new Date("2026-01-01T12:05:00Z"), now)).toBe("5:00");
    expect(countdown(new Date("2026-01-01T12:00:06.2Z"), now)).toBe("0:07");
    expect(countdown(new Date("2026-01-01T11:59:00Z"), now)).toBe("0:00");
  });
});

describe("stateOf", () => {
  it("says a state that it does not know by its name", () => {
    expect(stateOf("waiting")[1]).toBe("waits for approval");
    expect(stateOf("new one")).toEqual(["neutral", "new one"]);
  });
});
