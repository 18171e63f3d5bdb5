"""What plans are prepared and applied with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ai4k8s_common.security.sealed import public_key_of, seal, split_keys, unseal

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from uuid import UUID

    from pydantic import SecretStr
    from sqlalchemy import Connection

    from ai4k8s_chat.adapters.writing import WriteOpener
    from ai4k8s_common.rights import Rights


@dataclass(frozen=True)
class Vault:
    """Keeps the calls of plans closed in the store: bodies may hold Secrets."""

    private_keys: SecretStr

    def close(self, plan_id: UUID, raw: bytes) -> bytes:
        """Seal for the present key."""
        present = split_keys(self.private_keys.get_secret_value())[0]
        return seal(public_key_of(present), raw, f"plan:{plan_id}")

    def open(self, plan_id: UUID, box: bytes) -> bytes:
        """Open. Raises SealBrokenError."""
        return unseal(self.private_keys.get_secret_value(), box, f"plan:{plan_id}")


@dataclass(frozen=True)
class PlanContext:
    """Wiring of one process.

    Attributes:
        open_cluster: the way to a cluster, for changing it.
        vault: seals calls.
        rights_of: what a person, or a token of theirs, may do now; read_rights.
        clock: the time now.
        follow_seconds: a rollout that takes longer is left to itself, and the result says so.
        look_every_seconds: how often the cluster is looked at meanwhile.
    """

    open_cluster: WriteOpener
    vault: Vault
    rights_of: Callable[[Connection, UUID, UUID | None], Rights]
    clock: Callable[[], datetime]
    follow_seconds: float = 240.0
    look_every_seconds: float = 1.0
