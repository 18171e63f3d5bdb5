"""Objects as YAML or JSON: masked first, and no longer than a person reads."""

from __future__ import annotations

import json
from typing import Any

import yaml

from ai4k8s_chat.domain.results import clipped
from ai4k8s_common.security.redaction import mask


def dump(value: Any, language: str) -> str:
    """Return a masked copy as text."""
    masked = mask(value)
    if language == "json":
        return clipped(json.dumps(masked, indent=2, ensure_ascii=False))
    return clipped(yaml.safe_dump(masked, sort_keys=False, allow_unicode=True, width=120).rstrip())
