"""The services by name: queues, schemas and database roles are all derived from these."""

from __future__ import annotations

from enum import StrEnum


class Service(StrEnum):
    """A deployable part of the system."""

    GATEWAY = "gateway"
    COLLECTOR = "collector"
    FORECASTER = "forecaster"
    ADVISOR = "advisor"
    SCALER = "scaler"
    CHAT = "chat"
    RAG = "rag"

    @property
    def role(self) -> str:
        """The Postgres role this service logs in as."""
        return f"ai4k8s_{self.value}"


class QueueKind(StrEnum):
    """Cycle work takes seconds and must never wait behind what a person asked for."""

    CYCLE = "cycle"
    JOBS = "jobs"


def queue_name(service: Service, kind: QueueKind) -> str:
    """Name of a queue; always its consumer's."""
    return f"{service.value}.{kind.value}"
