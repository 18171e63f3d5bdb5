"""Metric names of the advisor, in one place."""

from __future__ import annotations

from enum import StrEnum

from prometheus_client import Counter


class Found(StrEnum):
    """What became of a look into the cache."""

    HIT = "hit"
    STALE = "stale"  # used, and asked anew behind it
    MISS = "miss"
    UNAVAILABLE = "unavailable"


CACHE_LOOKS = Counter("ai4k8s_advisor_cache_looks_total", "Looks for a model's answer in the cache", ["result"])
STAMPEDES_AVOIDED = Counter(
    "ai4k8s_advisor_stampedes_avoided_total", "Askers who were handed the answer to somebody else's question"
)
MODEL_QUESTIONS = Counter("ai4k8s_advisor_model_questions_total", "Questions put to a model", ["outcome"])
ADVICES = Counter("ai4k8s_advisor_advices_total", "Advice given, by whose word it follows", ["settled_by"])
CLAMPS = Counter("ai4k8s_advisor_clamps_total", "Choices of a model outside the envelope")
CHECKED_TEXTS = Counter("ai4k8s_advisor_checked_texts_total", "Texts of a model held against facts", ["result"])
