#!/usr/bin/env bash
# The whole suite, in parallel; or a part of it: tools/test.sh tests/unit/scaler -n 0
set -euo pipefail
cd "$(dirname "$0")/.."
# One process more than there are cores: the whole product's test mostly waits for a rise to come.
# What stays together and what begins first: tests/support/schedule.py.
cores=$(nproc 2> /dev/null || getconf _NPROCESSORS_ONLN)
exec .venv/bin/pytest -n "$((cores + 1))" "$@"
