// What rag's jobs answer with. Job results are any JSON in the API's document; these are the forms rag gives them.

export interface Fix {
  title: string;
  start: number;
  end: number;
  text: string;
}

export interface Finding {
  rule: string;
  title: string;
  layer: "syntax" | "schema" | "meaning" | "policy";
  severity: "error" | "warning" | "info";
  path: string;
  line: number;
  column: number;
  end_line: number;
  end_column: number;
  document: number;
  subject: string;
  why: string;
  fix: Fix | null;
}

export interface Report {
  version: string;
  profile: string;
  objects: string[];
  valid: boolean;
  counts: { error: number; warning: number; info: number };
  left_out: number;
  findings: Finding[];
}

export interface Written {
  manifests: string;
  source: "rules" | "model";
  report: Report | null;
  defaults: string[];
  questions: { field: string; text: string }[];
  changes: string[];
  entries: { key: string; kind: string; title: string; source: string; own: boolean }[];
  notes: string[];
  refused: string;
}

/** form, shape it holds, words, allowed values */
export type FieldOutline = [string, string, string, string[]];

export interface Outline {
  root: string;
  shapes: Record<string, Record<string, FieldOutline>>;
}

export interface Outlines {
  version: string;
  outlines: Record<string, Outline>;
  kinds: string[];
}
