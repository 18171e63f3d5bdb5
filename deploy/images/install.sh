#!/usr/bin/env bash
# Make an environment that holds one part and nothing it did not declare: its hash-locked requirements, then our own
# wheels without resolving anything. Images are built with exactly this script, and so is the environment in which a
# test imports every module of the part.
#
#   install.sh PART VENV WHEELS      PART is a service's name, or common, simcluster, standalone
set -euo pipefail
part=$1 venv=$2 wheels=$3
root=$(cd "$(dirname "$0")/../.." && pwd)
uv=${UV:-uv}
ours=(common)
case $part in
  common) requirements=libs/common/requirements.txt ;;
  simcluster) requirements=libs/simcluster/requirements.txt ours=(simcluster) ;;
  standalone)
    requirements=requirements/standalone.txt ours=(common simcluster standalone)
    for service in "$root"/services/*/; do ours+=("$(basename "$service")"); done
    ;;
  *) requirements=services/$part/requirements.txt ours+=("$part") ;;
esac
[ -f "$root/$requirements" ] || { echo "install.sh: there is no part '$part' ($requirements)" >&2; exit 1; }
files=()
for name in "${ours[@]}"; do
  found=("$wheels"/ai4k8s_"$name"-*.whl)
  [ -f "${found[0]}" ] || { echo "install.sh: no wheel of '$name' in $wheels" >&2; exit 1; }
  files+=("${found[0]}")
done
[ -x "$venv/bin/python" ] || "$uv" venv --quiet --python "${PYTHON:-python3}" "$venv"
export VIRTUAL_ENV=$venv
"$uv" pip sync --quiet --require-hashes "$root/$requirements"
"$uv" pip install --quiet --no-deps --no-index "${files[@]}"
