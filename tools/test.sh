#!/usr/bin/env bash
# The whole suite, in parallel; or a part of it: tools/test.sh tests/unit/scaler -n 0
set -euo pipefail
cd "$(dirname "$0")/.."
cores=$(nproc 2> /dev/null || getconf _NPROCESSORS_ONLN)
exec .venv/bin/pytest -n "$cores" --dist loadgroup "$@"
