#!/usr/bin/env bash
# Build wheels of our own packages with the locked build tool of the environment that PYTHON belongs to.
#
#   wheels.sh WHEELS [FOLDER...]      all packages unless folders are named
set -euo pipefail
wheels=$1
shift
cd "$(dirname "$0")/../.."
folders=("$@")
[ ${#folders[@]} -gt 0 ] || folders=(libs/*/ services/*/)
for folder in "${folders[@]}"; do
  said=$(cd "$folder" && "${PYTHON:-python3}" -m hatchling build --target wheel --directory "$wheels" 2>&1) ||
    { echo "$said" >&2; exit 1; }
done
