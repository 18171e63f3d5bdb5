import { describe, expect, it } from "vitest";

import { keyOf, KeyMatcher, type Shortcut } from "./keys";

const offer = (...keys: string[]): Shortcut[] => keys.map((item) => ({ keys: item, name: item, group: "", run: () => undefined }));

function type(matcher: KeyMatcher, shortcuts: Shortcut[], ...presses: [key: string, at: number][]): (string | null)[] {
  return presses.map(([key, at]) => matcher.match(key, at, shortcuts)?.keys ?? null);
}

describe("KeyMatcher", () => {
  const shortcuts = offer("?", "g w", "g d", "w");

  it("completes a sequence", () => {
    expect(type(new KeyMatcher(), shortcuts, ["g", 0], ["w", 300])).toEqual([null, "g w"]);
  });

  it("forgets the first key of a sequence after a while", () => {
    expect(type(new KeyMatcher(), shortcuts, ["g", 0], ["w", 2_000])).toEqual([null, "w"]);
  });

  it("takes a wrong second key as a first one", () => {
    expect(type(new KeyMatcher(), shortcuts, ["g", 0], ["?", 100], ["w", 200])).toEqual([null, "?", "w"]);
  });

  it("begins anew after nonsense", () => {
    expect(type(new KeyMatcher(), shortcuts, ["x", 0], ["g", 100], ["d", 200])).toEqual([null, null, "g d"]);
  });
});

describe("keyOf", () => {
  const press = (key: string, held: Partial<KeyboardEvent> = {}) =>
    keyOf({ key, ctrlKey: false, metaKey: false, altKey: false, ...held });

  it("tells Command and Control alike, and capitals as their letter", () => {
    expect([press("K", { metaKey: true }), press("k", { ctrlKey: true }), press("Escape")]).toEqual(["Ctrl+k", "Ctrl+k", "Escape"]);
  });
});
