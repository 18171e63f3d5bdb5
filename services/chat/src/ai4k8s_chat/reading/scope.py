"""Where a call may look: the namespaces that the person may see, of those that the cluster was added for."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from ai4k8s_common.errors import Ai4k8sError, InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from ai4k8s_chat.domain.kinds import Kind


class AmbiguousError(InvalidInputError):
    """More than one thing is meant: a person has to say which."""

    status = HTTPStatus.CONFLICT
    code = "ambiguous"

    def __init__(self, detail: str, choices: tuple[str, ...]) -> None:
        super().__init__(detail, hint=f"Choices: {', '.join(choices)}.")
        self.choices = choices


class OutOfScopeError(Ai4k8sError):
    """The person may not look there."""

    status = HTTPStatus.FORBIDDEN
    code = "out_of_scope"


@dataclass(frozen=True, slots=True)
class Scope:
    """`namespaces` None: all there are, and what belongs to no namespace as well."""

    namespaces: tuple[str, ...] | None = None

    def places(self, kind: Kind, namespace: str | None) -> tuple[str | None, ...]:
        """Return the namespaces to read, None standing for all in one list. Raises OutOfScopeError."""
        if not kind.namespaced:
            if self.namespaces is not None:
                raise OutOfScopeError(
                    f"{kind.plural} belong to the whole cluster, and you may see namespaces of it only",
                    hint=f"You may see: {', '.join(self.namespaces)}.",
                )
            return (None,)
        if namespace is not None:
            self.check(namespace)
            return (namespace,)
        return (None,) if self.namespaces is None else self.namespaces

    def check(self, namespace: str | None) -> None:
        """Raise OutOfScopeError, as for a namespace that is not there."""
        if self.namespaces is not None and namespace not in self.namespaces:
            raise OutOfScopeError(
                f"you may not see the namespace '{namespace}'", hint=f"You may see: {', '.join(self.namespaces)}."
            )


def not_found(kind: Kind, name: str, where: str, near: tuple[str, ...]) -> NotFoundError:
    """The error for a name that is not there, with what it may have meant."""
    meant = f"Did you mean {' or '.join(near)}?" if near else f"List {kind.plural} to see what there is."
    return NotFoundError(f"there is no {kind.kind} '{name}' in {where}", hint=meant)
