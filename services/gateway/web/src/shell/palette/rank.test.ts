import { describe, expect, it } from "vitest";

import { rank, score } from "./rank";

const ranked = (typed: string, ...texts: string[]) => rank(typed, texts, (text) => text, 10);

describe("rank", () => {
  it("puts what begins with the letters before what holds them", () => {
    expect(ranked("web", "shop / my-web", "web", "shop / web")).toEqual(["web", "shop / web", "shop / my-web"]);
  });

  it("understands initials of words", () => {
    expect(ranked("ac", "Back up", "Add cluster")[0]).toBe("Add cluster");
  });

  it("wants every word", () => {
    expect(ranked("shop web", "shop / web", "shop / api")).toEqual(["shop / web"]);
  });

  it("does not take scattered letters for a match", () => {
    expect(score("web", "allow everything but")).toBeNull();
  });

  it("keeps the given order while nothing is typed", () => {
    expect(ranked("  ", "b", "a")).toEqual(["b", "a"]);
  });
});
