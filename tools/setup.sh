#!/usr/bin/env bash
# Make .venv hold exactly what the locks say, and our own packages in place. Does nothing when nothing changed.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
stamp=.venv/.locked
want=$(cat requirements/*.txt libs/*/pyproject.toml services/*/pyproject.toml | sha256sum)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want $PWD" ]; then exit 0; fi
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "AI4K8s needs Python 3.11 or newer; '$python' is $("$python" --version). Set PYTHON=/path/to/python3.11." >&2
  exit 1
}
[ -x .venv/bin/python ] || "$python" -m venv .venv
[ -x .venv/bin/uv ] || .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
export VIRTUAL_ENV=$PWD/.venv
.venv/bin/uv pip sync --quiet --require-hashes requirements/dev.txt requirements/bootstrap.txt
members=()
for member in libs/*/ services/*/; do members+=(-e "$member"); done
.venv/bin/uv pip install --quiet --no-deps --no-build-isolation --no-index "${members[@]}"
printf '%s' "$want $PWD" > "$stamp"
