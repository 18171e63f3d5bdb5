"""The policy table's other half: what each kind of live room asks for. Any other room lets nobody in."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from ai4k8s_common.rights import Permission
from ai4k8s_gateway.access.rules import Audience, Rule, Scope

if TYPE_CHECKING:
    from ai4k8s_common.rights import Rights

#: By what stands before the colon in a room's name; see `ai4k8s_common.bus.live`.
ROOMS: dict[str, Rule] = {
    "user": Rule(audience=Audience.CALLER, reason="one's own"),
    "cluster": Rule(Permission.CLUSTER_READ, Scope.PLACE),
}


def may_hear(rights: Rights, room: str) -> bool:
    """Whether somebody may be in a room."""
    kind, _, number = room.partition(":")
    rule = ROOMS.get(kind)
    if rule is None:
        return False
    if rule.permission is None:
        return number == str(rights.user_id)
    return rights.may(rule.permission, UUID(number))
