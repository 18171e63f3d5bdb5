// Completes fields and values from the outline of a kind.
import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";

import { placeAt } from "./place";
import type { Outline, Outlines } from "./types";

export function completeWith(known: () => Outlines | undefined) {
  return (context: CompletionContext): CompletionResult | null => {
    const outlines = known();
    const place = placeAt(context.state.doc.toString(), context.pos);
    if (!outlines || (!context.explicit && !place.word)) return null;
    const from = context.pos - place.word.length;
    if (place.path.length === 0 && (place.valueOf === "kind" || place.valueOf === "apiVersion")) {
      const part = place.valueOf === "kind" ? 1 : 0;
      return { from, options: [...new Set(outlines.kinds.map((each) => each.split(" ")[part]!))].map((label) => ({ label, type: "class" })) };
    }
    const outline = outlines.outlines[`${place.apiVersion} ${place.kind}`];
    const shape = outline && shapeAt(outline, place.path);
    if (!shape) return null;
    if (place.valueOf !== null) {
      const field = shape[place.valueOf];
      const values = field?.[3].length ? field[3] : field?.[0] === "boolean" ? ["true", "false"] : [];
      return values.length ? { from, options: values.map((label) => ({ label, type: "enum" })) } : null;
    }
    const options: Completion[] = Object.entries(shape)
      .filter(([name]) => !place.there.includes(name))
      .map(([name, [form, , words]]) => ({
        label: name,
        apply: `${name}:${form === "map" || form === "list" ? "" : " "}`,
        type: form === "map" || form === "list" ? "namespace" : "property",
        detail: form,
        info: words,
      }));
    return options.length ? { from, options, validFor: /^[A-Za-z]*$/ } : null;
  };
}

function shapeAt(outline: Outline, path: string[]) {
  let name = outline.root;
  for (const step of path) {
    const next = outline.shapes[name]?.[step]?.[1];
    if (!next) return undefined;
    name = next;
  }
  return outline.shapes[name];
}
