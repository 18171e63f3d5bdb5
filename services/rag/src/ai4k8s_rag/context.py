"""What a rag worker is wired with."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ai4k8s_rag import repository
from ai4k8s_rag.knowledge.search import Library

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection

    from ai4k8s_common.llm.types import Model

_MOST_LIBRARIES = 8


@dataclass
class Context:
    """The model, if one is configured, and the libraries that were searched of late."""

    model: Model | None = None
    _libraries: OrderedDict[UUID | None, tuple[repository.Stamp, Library]] = field(default_factory=OrderedDict)

    def library(self, connection: Connection, cluster_id: UUID | None) -> Library:
        """Return what is known for a cluster; read anew when it changed."""
        repository.keep_shipped(connection)
        stamp = repository.stamp(connection, cluster_id)
        known = self._libraries.get(cluster_id)
        if known is None or known[0] != stamp:
            known = (stamp, Library(repository.entries(connection, cluster_id)))
            self._libraries[cluster_id] = known
        self._libraries.move_to_end(cluster_id)
        while len(self._libraries) > _MOST_LIBRARIES:
            self._libraries.popitem(last=False)
        return known[1]
