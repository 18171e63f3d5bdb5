import { describe, expect, it } from "vitest";

import { accessOf, EMPTY, labelsOf, labelText, missingFrom, nameFrom, NO_BASTION, type Context } from "./draft";

const good: Context = { name: "prod", server: "https://10.0.0.1", namespace: "shop", current: true, problem: "", hint: "", cloud: null, deprecated: false };

describe("accessOf", () => {
  it("sends only the chosen way", () => {
    const draft = { ...EMPTY, kubeconfig: "kind: Config", context: "prod", token: "left over", server: "https://x" };
    expect(accessOf(draft)).toMatchObject({ kubeconfig: "kind: Config", context: "prod", api: null, mounted: null, in_cluster: false });
    expect(accessOf({ ...draft, way: "api" })).toMatchObject({ kubeconfig: null, api: { server: "https://x", token: "left over" } });
  });

  it("tells the operator's files from the cluster it runs in", () => {
    expect(accessOf({ ...EMPTY, way: "offered", offer: "prod.yaml\nmain" })).toMatchObject({ mounted: { file: "prod.yaml", context: "main" }, in_cluster: false });
    expect(accessOf({ ...EMPTY, way: "offered", offer: "\n" })).toMatchObject({ mounted: null, in_cluster: true });
  });
});

describe("missingFrom", () => {
  it("names the next thing to do", () => {
    expect(missingFrom(EMPTY, undefined)).toBe("Give a kubeconfig.");
    const given = { ...EMPTY, kubeconfig: "kind: Config" };
    expect(missingFrom(given, undefined)).toBe("Choose a context.");
    expect(missingFrom(given, { ...good, problem: "exec" })).toContain("cannot be used");
    expect(missingFrom(given, good)).toBe("");
  });

  it("does not believe a bastion whose key nobody confirmed", () => {
    const bastion = { ...NO_BASTION, host: "b", user: "me", privateKey: "key", hostKey: "ssh-ed25519 AAAA" };
    const given = { ...EMPTY, kubeconfig: "kind: Config", bastion };
    expect(missingFrom(given, good)).toContain("Confirm");
    expect(missingFrom({ ...given, bastion: { ...bastion, confirmed: true } }, good)).toBe("");
  });
});

describe("nameFrom", () => {
  it("makes a name of what clouds call their contexts", () => {
    expect(nameFrom("arn:aws:eks:eu-west-1:123456789012:cluster/Prod EU")).toBe("prod-eu");
    expect(nameFrom("gke_project_europe-west1-b_shop")).toBe("gke_project_europe-west1-b_shop");
    expect(nameFrom("kubernetes-admin@kind")).toBe("kind");
    expect(nameFrom("")).toBe("");
  });
});

it("labels are typed and shown alike", () => {
  expect(labelsOf("env=prod, team = web,\nedge")).toEqual({ env: "prod", team: "web", edge: "" });
  expect(labelText({ env: "prod", edge: "" })).toBe("env=prod, edge");
});
