"""Patches: what changes and nothing else, in Kubernetes' notation."""

from __future__ import annotations

import json

import pytest

from ai4k8s_gateway.domain.sizes import (
    Amounts,
    command_of,
    cpu_quantity,
    hpa_command,
    memory_quantity,
    patch_of,
    unpatchable,
    yaml_of,
)

MIB = 2**20
NOTHING = (None, None)
WEB = Amounts("web", False, (1000.0, 210.0), NOTHING, (256.0 * MIB, 256.0 * MIB), (256.0 * MIB, 512.0 * MIB))
PROXY = Amounts("proxy", True, (100.0, 25.0), NOTHING, (None, 48.0 * MIB), NOTHING)


def test_a_patch_names_what_changes_and_nothing_else():
    patch = patch_of("Deployment", [WEB, PROXY])
    assert patch == {
        "spec": {
            "template": {
                "spec": {
                    "containers": [
                        {"name": "web", "resources": {"requests": {"cpu": "210m"}, "limits": {"memory": "512Mi"}}}
                    ],
                    "initContainers": [{"name": "proxy", "resources": {"requests": {"cpu": "25m", "memory": "48Mi"}}}],
                }
            }
        }
    }
    assert patch is not None
    assert json.dumps(patch) in command_of("deployment", "shop", "web", patch)
    assert yaml_of(patch) == (
        'spec:\n  template:\n    spec:\n      containers:\n        - name: "web"\n          resources:\n'
        '            requests:\n              cpu: "210m"\n            limits:\n              memory: "512Mi"\n'
        '      initContainers:\n        - name: "proxy"\n          resources:\n            requests:\n'
        '              cpu: "25m"\n              memory: "48Mi"\n'
    )  # fmt: skip


def test_what_fits_or_cannot_be_patched_has_no_patch():
    assert patch_of("Deployment", [Amounts("web", False, (100.0, 100.0), NOTHING, NOTHING, NOTHING)]) is None
    assert patch_of("Rollout", [WEB]) is None
    assert "custom resource" in unpatchable("Rollout")
    assert not unpatchable("StatefulSet")


@pytest.mark.parametrize(("millicores", "text"), [(25, "25m"), (1000, "1"), (1250, "1250m")])
def test_cpu_is_written_as_people_write_it(millicores: float, text: str):
    assert cpu_quantity(millicores) == text


@pytest.mark.parametrize(("size", "text"), [(2**30, "1Gi"), (48 * MIB, "48Mi"), (48 * MIB + 1, "49Mi")])
def test_memory_is_never_rounded_down(size: float, text: str):
    assert memory_quantity(size) == text


def test_the_hpa_keeps_its_other_metrics():
    assert hpa_command("shop", "web", 86) == (
        "kubectl patch horizontalpodautoscalers.v1.autoscaling web -n shop --type merge -p "
        '\'{"spec": {"targetCPUUtilizationPercentage": 86}}\''
    )
