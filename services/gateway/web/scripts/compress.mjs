// Compress once at build time what would otherwise be compressed for every visitor; say how much a first visit loads.
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, extname } from "node:path";
import { gzipSync } from "node:zlib";

const out = new URL("../../src/ai4k8s_gateway/static/", import.meta.url).pathname;
const LIMIT_BYTES = 300_000;
const textual = new Set([".js", ".css", ".html", ".svg", ".json"]);
const packedBytes = new Map();

/** Whatever a page needs before it shows anything: index.html with what it names, and all that those import at once. */
function firstLoad() {
  const manifest = JSON.parse(readFileSync(join(out, ".vite/manifest.json"), "utf8"));
  const files = new Set(["index.html", "theme.js", "icon.svg"]);
  const walk = (key) => {
    const chunk = manifest[key];
    if (!chunk || files.has(chunk.file)) return;
    files.add(chunk.file);
    for (const style of chunk.css ?? []) files.add(style);
    for (const next of chunk.imports ?? []) walk(next);
  };
  for (const [key, chunk] of Object.entries(manifest)) if (chunk.isEntry) walk(key);
  return files;
}

function compress(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) compress(path);
    else if (textual.has(extname(name))) {
      const packed = gzipSync(readFileSync(path), { level: 9 });
      writeFileSync(`${path}.gz`, packed);
      packedBytes.set(path.slice(out.length), packed.length);
    }
  }
}

const first = firstLoad();
rmSync(join(out, ".vite"), { recursive: true });
compress(out);
const sum = (names) => names.reduce((total, name) => total + (packedBytes.get(name) ?? 0), 0);
const total = sum([...first]);
const kB = (bytes) => (bytes / 1000).toFixed(1);
console.log(`first load: ${kB(total)} kB gzip (limit ${LIMIT_BYTES / 1000} kB); everything: ${kB(sum([...packedBytes.keys()]))} kB`);
if (total > LIMIT_BYTES) {
  console.error("The page is too heavy.");
  process.exit(1);
}
