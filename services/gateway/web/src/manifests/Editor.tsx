// The editor, a file of its own: only who opens the page of manifests loads it. It stands in a shadow root, where its
// styles need no inline style element, which the page's security policy forbids.
import { autocompletion, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, foldGutter, HighlightStyle, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics, type Diagnostic } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useImperativeHandle, useRef, type Ref } from "react";

import { completeWith } from "./completion";
import type { Finding, Outlines } from "./types";

export interface EditorHandle {
  /** Replace characters [start, end), as a fix says. */
  replace: (start: number, end: number, text: string) => void;
  goTo: (line: number, column: number) => void;
}

interface Props {
  value: string;
  onChange: (text: string) => void;
  findings: Finding[];
  outlines: Outlines | undefined;
  label: string;
  ref?: Ref<EditorHandle>;
}

export default function Editor({ value, onChange, findings, outlines, label, ref }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef({ onChange, outlines, value });
  latest.current = { onChange, outlines, value };

  useEffect(() => {
    const root = host.current!.shadowRoot ?? host.current!.attachShadow({ mode: "open" });
    const made = new EditorView({
      parent: root,
      root,
      state: EditorState.create({
        doc: latest.current.value,
        extensions: [
          lineNumbers(),
          foldGutter(),
          history(),
          drawSelection(),
          bracketMatching(),
          highlightActiveLine(),
          indentUnit.of("  "),
          yaml(),
          syntaxHighlighting(COLOURS),
          lintGutter(),
          autocompletion({ override: [completeWith(() => latest.current.outlines)] }),
          keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap, ...lintKeymap, indentWithTab]),
          EditorView.contentAttributes.of({ "aria-label": label }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current.onChange(update.state.doc.toString());
          }),
          THEME,
        ],
      }),
    });
    // Who scrolls by keyboard can reach what is out of sight.
    made.scrollDOM.tabIndex = 0;
    view.current = made;
    return () => {
      made.destroy();
      view.current = null;
    };
  }, [label]);

  useEffect(() => {
    const made = view.current;
    if (made && made.state.doc.toString() !== value) {
      made.dispatch({ changes: { from: 0, to: made.state.doc.length, insert: value } });
    }
  }, [value]);

  useEffect(() => {
    const made = view.current;
    if (made) made.dispatch(setDiagnostics(made.state, findings.map((each) => diagnosticOf(made.state, each))));
  }, [findings]);

  useImperativeHandle(ref, () => ({
    replace: (start, end, text) => {
      const made = view.current;
      if (!made) return;
      made.dispatch({ changes: { from: start, to: Math.min(end, made.state.doc.length), insert: text }, scrollIntoView: true });
      made.focus();
    },
    goTo: (line, column) => {
      const made = view.current;
      if (!made) return;
      const found = made.state.doc.line(Math.min(line, made.state.doc.lines));
      made.dispatch({ selection: { anchor: Math.min(found.from + column - 1, found.to) }, scrollIntoView: true });
      made.focus();
    },
  }));

  return <div className="manifest-editor" ref={host} />;
}

function diagnosticOf(state: EditorState, finding: Finding): Diagnostic {
  const at = (line: number, column: number) => {
    const found = state.doc.line(Math.max(1, Math.min(line, state.doc.lines)));
    return Math.min(found.from + column - 1, found.to);
  };
  const from = at(finding.line, finding.column);
  const fix = finding.fix;
  return {
    from,
    to: Math.max(from, at(finding.end_line, finding.end_column)),
    severity: finding.severity,
    source: finding.rule,
    message: finding.why,
    actions: fix
      ? [{ name: fix.title, apply: (made) => made.dispatch({ changes: { from: fix.start, to: fix.end, insert: fix.text } }) }]
      : [],
  };
}

const COLOURS = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--accent-text)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--good-text)" },
  { tag: [tags.number, tags.bool, tags.null, tags.keyword], color: "var(--forecast-text)" },
  { tag: tags.comment, color: "var(--text-3)", fontStyle: "italic" },
  { tag: [tags.meta, tags.punctuation], color: "var(--text-3)" },
]);

const THEME = EditorView.theme({
  "&": { height: "100%", fontSize: "13px", color: "var(--text)", backgroundColor: "var(--surface)" },
  "&.cm-focused": { outline: "2px solid var(--accent-text)", outlineOffset: "-2px" },
  ".cm-scroller": { fontFamily: "ui-monospace, SFMono-Regular, Menlo, monospace", lineHeight: "1.5" },
  ".cm-content": { caretColor: "var(--text)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-gutters": { backgroundColor: "var(--surface)", color: "var(--text-3)", border: "none" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--text) 5%, transparent)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--accent-text) 25%, transparent) !important",
  },
  ".cm-tooltip": { backgroundColor: "var(--surface)", color: "var(--text)", border: "1px solid var(--line)" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent-solid)", color: "var(--on-accent)" },
  ".cm-diagnostic": { maxWidth: "60ch" },
  ".cm-diagnosticAction": { backgroundColor: "var(--accent-solid)", color: "var(--on-accent)" },
});
