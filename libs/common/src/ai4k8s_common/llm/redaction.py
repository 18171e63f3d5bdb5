"""What leaves for a model: the redaction of `security/redaction.py`, with all of its nets."""

from __future__ import annotations

from ai4k8s_common.security import redaction
from ai4k8s_common.security.redaction import redact_value

__all__ = ["redact", "redact_value"]


def redact(text: str) -> str:
    """Return the text without credentials, and without words that may be one. Twice is the same as once."""
    return redaction.redact(text, redaction.MODEL)
