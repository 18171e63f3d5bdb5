"""The definitions that every simulated cluster has: what the product scales besides built-in workloads.

The schemas are written from the documented fields of these projects, as far as their users' manifests need them.
"""

from importlib import resources
from typing import Any

import yaml

from ai4k8s_simcluster.registry import CUSTOM_RESOURCE_DEFINITIONS
from ai4k8s_simcluster.store import Store
from ai4k8s_simcluster.writes import Writer

_NAMES = ("verticalpodautoscalers", "verticalpodautoscalercheckpoints", "rollouts", "scaledobjects")


def _manifest(name: str) -> dict[str, Any]:
    file = resources.files("ai4k8s_simcluster.customresources").joinpath("manifests", f"{name}.yaml")
    loaded: dict[str, Any] = yaml.safe_load(file.read_bytes())
    return loaded


def add_shipped(store: Store, writer: Writer) -> None:
    """Register the shipped definitions that are not there."""
    for name in _NAMES:
        definition = _manifest(name)
        if store.get(CUSTOM_RESOURCE_DEFINITIONS, "", definition["metadata"]["name"]) is None:
            writer.create(CUSTOM_RESOURCE_DEFINITIONS, definition)
