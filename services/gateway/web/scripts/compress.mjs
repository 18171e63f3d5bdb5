// Compress once at build time what would otherwise be compressed for every visitor; say how much a first visit loads.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, extname } from "node:path";
import { gzipSync } from "node:zlib";

const out = new URL("../../src/ai4k8s_gateway/static/", import.meta.url).pathname;
const LIMIT_BYTES = 300_000;
const textual = new Set([".js", ".css", ".html", ".svg", ".json"]);
let total = 0;

function compress(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) compress(path);
    else if (textual.has(extname(name))) {
      const packed = gzipSync(readFileSync(path), { level: 9 });
      writeFileSync(`${path}.gz`, packed);
      total += packed.length;
    }
  }
}

compress(out);
console.log(`first load: ${(total / 1000).toFixed(1)} kB gzip (limit ${LIMIT_BYTES / 1000} kB)`);
if (total > LIMIT_BYTES) {
  console.error("The page is too heavy.");
  process.exit(1);
}
