import { describe, expect, it } from "vitest";

import type { Incident } from "../api/client";
import { amount, metricName, stateOf } from "./words";

const open = { closed_at: null, muted: false, acknowledgement: null } as unknown as Incident;

describe("an incident in words", () => {
  it("is over before it is anything else", () => {
    expect(stateOf(open)).toEqual(["warn", "open"]);
    expect(stateOf({ ...open, acknowledgement: { by: "ada", at: "", note: "" } })[1]).toBe("acknowledged");
    expect(stateOf({ ...open, muted: true })[1]).toBe("muted");
    expect(stateOf({ ...open, muted: true, closed_at: "2030-01-01T00:00:00Z" })[1]).toBe("over");
  });

  it("tells amounts in their units", () => {
    expect(amount("cpu", 1900)).toBe("1.9 cores");
    expect(amount("memory_per_pod", 2 ** 28)).toBe("256 MiB");
    expect(amount("network_receive", 1536)).toBe("1.5 KiB/s");
    expect(metricName("queue_length")).toBe("queue length");
  });
});
