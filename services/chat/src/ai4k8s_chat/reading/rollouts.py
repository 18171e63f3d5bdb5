"""rollout_status, rollout_history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai4k8s_chat.domain import rollouts
from ai4k8s_chat.domain.kinds import BY_KIND, ROLLED_OUT, Kind
from ai4k8s_chat.domain.results import Rows, ToolResult
from ai4k8s_chat.reading.dumps import dump
from ai4k8s_chat.reading.lists import read_page
from ai4k8s_chat.reading.objects import Located, locate, resolve_kind
from ai4k8s_common.errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from ai4k8s_chat.adapters.cluster import KubeReads
    from ai4k8s_chat.domain import arguments as a
    from ai4k8s_chat.reading.scope import Scope

_CONTROLLER_REVISION = Kind("ControllerRevision", "controllerrevisions", "apps/v1")


def rolled_out(kube: KubeReads, scope: Scope, wish: a.OneObject) -> Located:
    """Find a workload that is rolled out. Raises InvalidInputError for other kinds."""
    kind = resolve_kind(kube, wish.kind)
    if kind.kind not in ROLLED_OUT:
        raise InvalidInputError(
            f"a {kind.kind} is not rolled out", hint="Deployments, StatefulSets and DaemonSets are."
        )
    return locate(kube, scope, kind, wish.name, wish.namespace)


def rollout_status(kube: KubeReads, scope: Scope, wish: a.OneObject) -> ToolResult:
    """How far it is, in kubectl's words."""
    _, sentence = rollouts.status(rolled_out(kube, scope, wish).object)
    return ToolResult(summary=sentence)


def revisions_of(kube: KubeReads, found: Located) -> list[rollouts.Revision]:
    """Return a workload's revisions, oldest first."""
    kind = BY_KIND["ReplicaSet"] if found.kind.kind == "Deployment" else _CONTROLLER_REVISION
    return rollouts.revisions(found.object, read_page(kube, kind.collection(found.namespace), {}))


def rollout_history(kube: KubeReads, scope: Scope, wish: a.RolloutHistory) -> ToolResult:
    """All revisions, or one with its template."""
    found = rolled_out(kube, scope, wish)
    known = revisions_of(kube, found)
    if wish.revision is not None:
        one = next((revision for revision in known if revision.number == wish.revision), None)
        if one is None:
            numbers = ", ".join(str(revision.number) for revision in known)
            raise NotFoundError(f"{found.title} has no revision {wish.revision}", hint=f"There are: {numbers}.")
        return ToolResult(
            summary=f"Revision {one.number} of {found.title}.", text=dump(one.template, "yaml"), language="yaml"
        )
    rows = tuple((str(one.number), ", ".join(one.images), one.cause or "<none>") for one in known)
    table = Rows(columns=("Revision", "Images", "Change cause"), rows=rows, total=len(rows))
    return ToolResult(summary=f"{found.title} has {len(rows)} revisions.", table=table)
