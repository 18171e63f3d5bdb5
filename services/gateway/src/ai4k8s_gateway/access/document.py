"""Write the policy table for people: `python -m ai4k8s_gateway.access.document > docs/permissions.md`."""

from __future__ import annotations

import sys
from collections import defaultdict

from ai4k8s_common.contracts.base import JobCommand
from ai4k8s_common.contracts.catalogue import CATALOGUE
from ai4k8s_common.rights import LEAST_ROLE, Permission, Role
from ai4k8s_gateway.access.rooms import ROOMS
from ai4k8s_gateway.access.rules import Audience, Rule, Scope, table
from ai4k8s_gateway.app import create_api

HEAD = """# Who may do what

Written from the code by `python -m ai4k8s_gateway.access.document`; a test keeps it true. A route, room or task
without a rule does not start.

A cluster belongs to a **team**. A member's **role** in the team holds in all its clusters, unless another one is given
for one cluster, or for one namespace of it: the most specific one counts, wider or narrower. Everybody has a team of
their own. The demonstration cluster can be scaled by every operator. An administrator of the installation may
everything; a viewer of it only looks, whatever their teams say. What somebody may not see answers 404, what they see
and may not change answers 403 with the reason.

An **API token** may what its scopes name and its owner may at that moment, in the clusters it is bound to. Scopes are
the names of permissions. A **service account** is a member of one team that acts by tokens alone.

Rights are read anew for every request and when a task begins; open live connections are looked at every three seconds.
In Postgres, the gateway sees only rows of the clusters of whoever asks, whatever it asks for.
"""

WHERE = {
    Scope.PLACE: "in the cluster, namespace or team of the address",
    Scope.BODY: "where the body says",
    Scope.SEEN: "somewhere; a list holds what they may see",
    Scope.INSTALLATION: "in the installation",
}
AUDIENCES = {
    Audience.PUBLIC: "anybody",
    Audience.PERSON: "whoever is logged in, not a token",
    Audience.CALLER: "whoever is logged in, and any token",
}


def document() -> str:
    """Return the page."""
    return "\n".join([HEAD, *_permissions(), "", *_routes(), "", *_rooms(), "", *_tasks(), ""])


def _permissions() -> list[str]:
    lines = ["## Permissions", "", f"| permission | {' | '.join(Role)} |", f"|---|{'---|' * len(Role)}"]
    for permission in Permission:
        least = Role.ADMIN if permission is Permission.INSTALLATION_MANAGE else LEAST_ROLE[permission]
        marks = ["yes" if role.rank >= least.rank else "" for role in Role]
        lines.append(f"| `{permission.value}` | {' | '.join(marks)} |")
    return [*lines, "", "`installation:manage` is for administrators of the installation, not of a team."]


def _routes() -> list[str]:
    by_path: defaultdict[str, list[str]] = defaultdict(list)
    for ruled in table(create_api().routes):
        by_path[ruled.path].append(f"| {ruled.method} | `{ruled.path}` | {_takes(ruled.rule)} |")
    rows = [row for path in sorted(by_path) for row in sorted(by_path[path])]
    return ["## Routes", "", "| | address | takes |", "|---|---|---|", *rows]


def _rooms() -> list[str]:
    rows = [f"| `{kind}:<id>` | {_takes(rule)} |" for kind, rule in ROOMS.items()]
    return ["## Live rooms", "", "| room | takes |", "|---|---|", *rows]


def _tasks() -> list[str]:
    jobs = sorted((c for c in CATALOGUE if issubclass(c, JobCommand)), key=lambda c: c.name)
    rows = [f"| `{c.name}` | `{c.permission.value}` |" for c in jobs]
    return [
        "## Tasks for a person",
        "",
        "Asked again when the task begins.",
        "",
        "| task | takes |",
        "|---|---|",
        *rows,
    ]


def _takes(rule: Rule) -> str:
    if rule.permission is None or rule.scope is None:
        return f"{AUDIENCES[rule.audience]}: {rule.reason}"
    person = "; not by a token" if rule.person_only else ""
    return f"`{rule.permission.value}` {WHERE[rule.scope]}{person}"


if __name__ == "__main__":
    sys.stdout.write(document())
