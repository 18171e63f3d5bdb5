import { expect, it } from "vitest";

import { parseSort, toggled } from "./state";

it("reads a sort from the address", () => {
  expect([parseSort("name"), parseSort("-cpu"), parseSort("")]).toEqual([
    [{ id: "name", desc: false }],
    [{ id: "cpu", desc: true }],
    [],
  ]);
});

it("turns the direction of the same column, and begins anew with another", () => {
  expect([toggled("", "cpu"), toggled("cpu", "cpu"), toggled("-cpu", "cpu"), toggled("-cpu", "name")]).toEqual([
    "cpu",
    "-cpu",
    "cpu",
    "name",
  ]);
});
