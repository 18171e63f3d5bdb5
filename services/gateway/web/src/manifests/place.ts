// Where a cursor stands in a manifest: the kind of its document and the keys that lead there, by indentation alone. Good
// enough to complete a text that is being written and is no YAML yet.

export interface Place {
  apiVersion: string;
  kind: string;
  /** Keys from the document's root down to the mapping that the cursor is in. */
  path: string[];
  /** What is written of the key, or of the value behind it. */
  word: string;
  /** The key whose value is being written; null while a key is. */
  valueOf: string | null;
  /** Keys that the mapping has already. */
  there: string[];
}

interface Line {
  indent: number;
  key: string | null;
}

const KEY = /^(\s*(?:- +)*)([A-Za-z0-9_./-]+)\s*:(?:\s|$)/;

export function placeAt(text: string, offset: number): Place {
  const start = documentStart(text, offset);
  const lineStart = text.lastIndexOf("\n", offset - 1) + 1;
  const before = text.slice(lineStart, offset);
  const inValue = /^(\s*(?:- +)*)([A-Za-z0-9_./-]+)\s*:\s+(.*)$/.exec(before);
  const indent = inValue ? inValue[1]!.length : (/^(\s*(?:- +)*)/.exec(before)?.[1]?.length ?? 0);
  const lines = text.slice(start, lineStart).split("\n").map(read);
  const document = text.slice(start, documentEnd(text, offset));
  return {
    apiVersion: /^apiVersion:\s*["']?([^\s"'#]+)/m.exec(document)?.[1] ?? "",
    kind: /^kind:\s*["']?([^\s"'#]+)/m.exec(document)?.[1] ?? "",
    path: leadingTo(lines, indent),
    word: (inValue ? inValue[3] : before.slice(indent))?.trim() ?? "",
    valueOf: inValue ? inValue[2]! : null,
    there: siblings(text.slice(start, documentEnd(text, offset)), text.slice(start, lineStart).split("\n").length - 1, indent),
  };
}

/** Kinds of all documents, each once. */
export function kindsIn(text: string): { api_version: string; kind: string }[] {
  const found = new Map<string, { api_version: string; kind: string }>();
  for (const document of text.split(/^---.*$/m)) {
    const version = /^apiVersion:\s*["']?([^\s"'#]+)/m.exec(document)?.[1];
    const kind = /^kind:\s*["']?([^\s"'#]+)/m.exec(document)?.[1];
    if (version && kind) found.set(`${version} ${kind}`, { api_version: version, kind });
  }
  return [...found.values()];
}

function documentStart(text: string, offset: number): number {
  const found = text.lastIndexOf("\n---", offset - 1);
  return found < 0 ? 0 : text.indexOf("\n", found + 1) + 1 || text.length;
}

function documentEnd(text: string, offset: number): number {
  const found = text.indexOf("\n---", offset);
  return found < 0 ? text.length : found;
}

function read(line: string): Line {
  const found = KEY.exec(line);
  return { indent: found ? found[1]!.length : (/^\s*/.exec(line)?.[0].length ?? 0), key: found ? found[2]! : null };
}

function leadingTo(lines: Line[], indent: number): string[] {
  const path: string[] = [];
  let depth = indent;
  for (let index = lines.length - 1; index >= 0 && depth > 0; index -= 1) {
    const line = lines[index]!;
    if (line.key !== null && line.indent < depth) {
      path.unshift(line.key);
      depth = line.indent;
    }
  }
  return path;
}

function siblings(text: string, at: number, indent: number): string[] {
  const lines = text.split("\n");
  const found: string[] = [];
  const look = (step: 1 | -1) => {
    for (let index = at + step; index >= 0 && index < lines.length; index += step) {
      const line = lines[index]!;
      if (!line.trim() || line.trimStart().startsWith("#")) continue;
      const { indent: depth, key } = read(line);
      if (depth < indent) return;
      const begins = /^\s*- /.test(line);
      if (depth === indent && step === 1 && begins) return;
      if (depth === indent && key) found.push(key);
      if (depth === indent && step === -1 && begins) return;
    }
  };
  if (!/^\s*- /.test(lines[at] ?? "")) look(-1);
  look(1);
  return found;
}
