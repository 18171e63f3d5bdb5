#!/usr/bin/env bash
# Build the page into the gateway's package. Does nothing when neither the page nor the API it is made for changed.
# Node comes through pip where this machine has none that will do.
set -euo pipefail
cd "$(dirname "$0")/.."
web=services/gateway/web
out=services/gateway/src/ai4k8s_gateway/static
stamp=$out/.built-from
[ -f "$web/package.json" ] || exit 0

exec 9> .venv/.web.lock # two builds at once would empty each other's folder
if command -v flock > /dev/null; then flock 9; fi

# schema.ts is made from openapi.json by the build.
sources() {
  find "$web" -name node_modules -prune -o -type f ! -name schema.ts ! -name '*.tsbuildinfo' -print0
  [ ! -f services/gateway/openapi.json ] || printf 'services/gateway/openapi.json\0'
}
want=$(sources | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum)
if [ -f "$stamp" ] && [ -f "$out/index.html" ] && [ "$(cat "$stamp")" = "$want" ]; then exit 0; fi

# What Vite asks for: 20.19 or newer of 20, 22.12 or newer.
node_will_do() {
  command -v node > /dev/null && command -v npm > /dev/null && npm --version > /dev/null 2>&1 &&
    node -e 'const [a, b] = process.versions.node.split(".").map(Number);
             process.exit(a > 22 || (a === 22 && b >= 12) || (a === 20 && b >= 19) ? 0 : 1)' 2> /dev/null
}
if ! node_will_do; then
  export PATH=$PWD/.venv/bin:$PATH
  if ! node_will_do; then
    echo "No Node 20.19 or newer here: bringing one through pip."
    VIRTUAL_ENV=$PWD/.venv .venv/bin/uv pip install --quiet --require-hashes -r requirements/node.txt
    node_will_do || {
      echo "Node could not be installed into .venv. Install Node 20.19 or newer (node and npm), then try again." >&2
      exit 1
    }
  fi
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
step() {
  local title=$1
  shift
  if ! (cd "$web" && "$@") > "$log" 2>&1; then
    cat "$log" >&2
    echo "The page could not be built: $title failed (in $web: $*)." >&2
    exit 1
  fi
}
echo "Building the page ..."
rm -f "$stamp"
step "installing its packages" npm ci --no-audit --no-fund --loglevel=error
step "compiling it" npm run build
[ -f "$out/index.html" ] || {
  echo "The page could not be built: $out/index.html is missing after the build." >&2
  exit 1
}
# Taken before the build: a file changed meanwhile is built again next time.
printf '%s' "$want" > "$stamp"
