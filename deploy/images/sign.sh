#!/bin/sh
# Whether a process without a port showed a sign of life lately: `ai4k8s-sign alive` or `ai4k8s-sign ready`.
# No Python: this runs every few seconds in every container.
sign=${AI4K8S_HEALTH_DIRECTORY:-/tmp/ai4k8s}/${1:?alive or ready}
seconds=${2:-30}
[ -f "$sign" ] && [ "$(($(date +%s) - $(stat -c %Y "$sign")))" -le "$seconds" ]
