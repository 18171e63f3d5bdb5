#!/usr/bin/env bash
# The whole suite, in parallel; or a part of it: tools/test.sh tests/unit/scaler -n 0
set -euo pipefail
cd "$(dirname "$0")/.."
# Two processes more than there are cores: the whole product's test mostly waits for a rise to come, others for processes.
# What stays together and what begins first: tests/support/schedule.py.
# The suite starts hundreds of Python processes, and each would compile everything anew.
unset PYTHONDONTWRITEBYTECODE
cores=$(nproc 2> /dev/null || getconf _NPROCESSORS_ONLN)
exec .venv/bin/pytest -n "$((cores + 2))" "$@"
