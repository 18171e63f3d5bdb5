"""From a refusal of the API server to the rule that is missing and the command that grants it, to be pasted.

The words come from a cluster and the command goes into somebody's shell: only names that Kubernetes could have are
taken, and every one is quoted.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from ai4k8s_common.kube.rights import WARNINGS, Access, Need, rights_behind

# The words of Kubernetes' own authorizer (RBAC); others (webhooks of clouds) word theirs as they like.
_REFUSAL = re.compile(
    r'User "(?P<user>[^"\s]{1,253})" cannot (?P<verb>[a-z]{1,20}) resource "(?P<resource>[a-z0-9./-]{1,253})" '
    r'in API group "(?P<group>[a-z0-9.-]{0,253})"(?: in the namespace "(?P<namespace>[a-z0-9-]{1,63})")?'
)


@dataclass(frozen=True, slots=True)
class Missing:
    """A rule that somebody lacks; in one namespace, or in the whole cluster where none is named."""

    user: str
    verbs: tuple[str, ...]
    group: str
    resource: str
    namespace: str = ""

    @property
    def rule(self) -> str:
        """As a person would say it: get pods/log in the namespace 'shop'."""
        where = f" in the namespace '{self.namespace}'" if self.namespace else ""
        return f"{' and '.join(self.verbs)} {self._name}{where}"

    @property
    def _name(self) -> str:
        plural, slash, sub = self.resource.partition("/")
        return (f"{plural}.{self.group}" if self.group else plural) + slash + sub

    @property
    def command(self) -> str:
        """What grants exactly this rule, for somebody who administers the cluster."""
        title = re.sub(r"[^a-z0-9]+", "-", f"ai4k8s-{'-'.join(self.verbs)}-{self._name}").strip("-")
        role, binding = ("role", "rolebinding") if self.namespace else ("clusterrole", "clusterrolebinding")
        inside = f" -n {shlex.quote(self.namespace)}" if self.namespace else ""
        verbs, what, user = ",".join(self.verbs), shlex.quote(self._name), shlex.quote(self.user)
        return (
            f"kubectl create {role} {title}{inside} --verb={verbs} --resource={what} && "
            f"kubectl create {binding} {title}{inside} --{role}={title} --user={user}"
        )


def missing_in(message: str) -> Missing | None:
    """Return the rule that a refusal names; None for refusals that are not about a rule, such as admission's."""
    found = _REFUSAL.search(message)
    if found is None:
        return None
    return Missing(found["user"], (found["verb"],), found["group"], found["resource"], found["namespace"] or "")


def how_to_grant(missing: Missing) -> str:
    """Return a hint: the command, and which of our roles has this rule among others."""
    behind = rights_behind(missing.group, missing.resource, missing.verbs[0])
    given = [right for right in behind if right.need is not Need.OPT_IN]
    words = (
        f"The credential lacks the rule '{missing.rule}'. An administrator of the cluster grants it "
        f"with `{missing.command}`"
    )
    if given:
        right = min(given, key=lambda one: list(Access).index(one.access))
        return (
            f"{words}, or with the role '{right.access.value}' that the page 'Add a cluster' prints: it has all rules "
            f"to {right.feature.value}."
        )
    if behind:
        return f"{words}. None of our roles has it unless asked for: {WARNINGS[behind[0].feature]}."
    return f"{words}."
