"""The words by which people ask for rights that are in no role: in a command, in values of the chart, in a query."""

from __future__ import annotations

from enum import StrEnum

from ai4k8s_common.kube.rights import Feature


class OptIn(StrEnum):
    """What is in no role unless asked for, by the word to ask with."""

    ANNOTATE = "annotate"
    NETWORK = "network"
    SECRETS = "secrets"
    READ_ALL = "read-all"
    CHANGE_SECRETS = "change-secrets"
    CHANGE_RULES = "change-rules"

    @property
    def feature(self) -> Feature:
        """What it is for."""
        return Feature[self.name]
