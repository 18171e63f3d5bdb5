import { expect, test } from "vitest";

import { kindsIn, placeAt } from "./place";

const TEXT = `apiVersion: v1
kind: Service
metadata:
  name: web
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: web
        image: nginx
        |
      volumes: []
`;

const at = (text: string) => placeAt(text.replace("|", ""), text.indexOf("|"));

test("a cursor knows its document, the keys that lead to it, and those that are there", () => {
  const place = at(TEXT);
  expect(place.kind).toBe("Deployment");
  expect(place.apiVersion).toBe("apps/v1");
  expect(place.path).toEqual(["spec", "template", "spec", "containers"]);
  expect(place.there.sort()).toEqual(["image", "name"]);
  expect(place.valueOf).toBeNull();
});

test("behind a key its value is completed", () => {
  const place = at(TEXT.replace("        |\n", "        imagePullPolicy: Al|\n"));
  expect(place.valueOf).toBe("imagePullPolicy");
  expect(place.word).toBe("Al");
  expect(place.path).toEqual(["spec", "template", "spec", "containers"]);
});

test("a list may stand at the indentation of its key, and its first key behind the dash", () => {
  const place = at("apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - na|\n");
  expect(place.path).toEqual(["spec", "containers"]);
  expect(place.word).toBe("na");
});

test("at the root nothing leads there", () => {
  expect(at("apiVersion: v1\nkind: Pod\nsp|").path).toEqual([]);
});

test("kinds are found once each", () => {
  expect(kindsIn(TEXT.replace("|", ""))).toEqual([
    { api_version: "v1", kind: "Service" },
    { api_version: "apps/v1", kind: "Deployment" },
  ]);
});
