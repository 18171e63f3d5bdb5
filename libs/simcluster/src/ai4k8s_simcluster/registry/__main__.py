"""Print the frozen list of what is served: `python -m ai4k8s_simcluster.registry > docs/simcluster-api.md`."""

import sys

from ai4k8s_simcluster.registry.catalogue import BUILT_IN
from ai4k8s_simcluster.registry.model import ALL_VERBS, READ_ONLY, ResourceType, Subresource, Verb

_HEAD = """\
# What the simulated cluster serves

This list is frozen: what is on it is done as a real Kubernetes 1.36 does it, and everything else is refused as a real
API server refuses it (404 for a type, 405 for a verb, 406 and 415 for a representation), never approximated. It is
written by `python -m ai4k8s_simcluster.registry`; a test holds it to the code. Custom resources come on top, by
CustomResourceDefinitions.

Verbs: `all` is create, delete, deletecollection, get, list, patch, update and watch; `read` is get, list and watch.

| API | resource | kind | scope | short names | verbs | subresources |
|---|---|---|---|---|---|---|
"""


def _verbs(verbs: tuple[Verb, ...]) -> str:
    if verbs == ALL_VERBS:
        return "all"
    missing = [verb for verb in ALL_VERBS if verb not in verbs]
    if verbs == READ_ONLY:
        return "read"
    return f"all but {missing[0]}" if len(missing) == 1 else ", ".join(verbs)


def _part(sub: Subresource) -> str:
    return f"{sub.name} ({', '.join(sub.verbs)})"


def _row(resource: ResourceType) -> str:
    cells = (
        resource.api_version,
        resource.plural,
        resource.kind,
        "namespace" if resource.namespaced else "cluster",
        ", ".join(resource.short_names),
        _verbs(resource.verbs),
        "; ".join(_part(sub) for sub in resource.subresources),
    )
    return "| " + " | ".join(cells) + " |"


def document() -> str:
    """Return the list as Markdown."""
    return _HEAD + "\n".join(_row(resource) for resource in BUILT_IN) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
