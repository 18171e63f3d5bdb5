"""Nobody gives away more than they have: the check on roles and bindings before they are written."""

from ai4k8s_simcluster.auth.attributes import Attributes
from ai4k8s_simcluster.auth.rbac import Rbac, role_of
from ai4k8s_simcluster.auth.rules import ALL, Rule, compacted, quoted_list, read_rules, uncovered
from ai4k8s_simcluster.auth.users import User
from ai4k8s_simcluster.auth.validation import GROUP
from ai4k8s_simcluster.errors import ApiError, forbidden
from ai4k8s_simcluster.registry import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS, ROLES, ResourceType
from ai4k8s_simcluster.types import Obj

_EVERYTHING = (Rule((ALL,), (ALL,), (ALL,)), Rule((ALL,), urls=(ALL,)))


def check_no_escalation(rbac: Rbac, user: User, resource: ResourceType, new: Obj, old: Obj | None) -> None:
    """Look at a role or binding that is about to be written, anything else passes.

    Raises ApiError: 403 when it gives rights that the user does not hold, 404 when the role to bind is missing.
    """
    if user.is_master:
        return
    if resource in (ROLES, CLUSTER_ROLES):
        _check_role(rbac, user, resource, new, old)
    elif resource in (ROLE_BINDINGS, CLUSTER_ROLE_BINDINGS):
        _check_binding(rbac, user, resource, new, old)


def _check_role(rbac: Rbac, user: User, resource: ResourceType, new: Obj, old: Obj | None) -> None:
    same = old is not None and all((old.get(part) or None) == (new.get(part) or None) for part in _GRANTING)
    name, namespace = _identity(new)
    if same or _may(rbac, user, "escalate", resource.plural, namespace, name):
        return
    held = rbac.rules_of(user, namespace)
    missing = uncovered(held.rules, read_rules(new))
    if missing:
        raise _refused(resource, name, _attempt(user, missing, held.errors))
    if new.get("aggregationRule") and uncovered(held.rules, _EVERYTHING):
        raise _refused(resource, name, "must have cluster-admin privileges to use the aggregationRule")


def _check_binding(rbac: Rbac, user: User, resource: ResourceType, new: Obj, old: Obj | None) -> None:
    # A real server leaves an unchanged binding alone, too: who could write it may label it.
    if old is not None and all(old.get(part) == new.get(part) for part in ("subjects", "roleRef")):
        return
    name, namespace = _identity(new)
    role = role_of(new)
    plural = CLUSTER_ROLES.plural if role.kind == CLUSTER_ROLES.kind else ROLES.plural
    if _may(rbac, user, "bind", plural, namespace, role.name):
        return
    held = rbac.rules_of(user, namespace)
    missing = uncovered(held.rules, rbac.rules_in(role))
    if missing:
        raise _refused(resource, name, _attempt(user, missing, held.errors))


_GRANTING = ("rules", "aggregationRule")


def _identity(obj: Obj) -> tuple[str, str]:
    metadata = obj.get("metadata") or {}
    return str(metadata.get("name", "")), str(metadata.get("namespace", ""))


def _may(rbac: Rbac, user: User, verb: str, plural: str, namespace: str, name: str) -> bool:
    asked = Attributes(user, verb, GROUP, "*", plural, namespace=namespace, name=name)
    return rbac.authorize(asked).allowed


def _attempt(user: User, missing: list[Rule], errors: tuple[str, ...]) -> str:
    who = f'user "{user.name}" (groups={quoted_list(user.groups)})'
    listed = "\n".join(str(rule) for rule in compacted(missing))
    unresolved = f"; resolution errors: {quoted_list(errors)}" if errors else ""
    return f"{who} is attempting to grant RBAC permissions not currently held:\n{listed}{unresolved}"


def _refused(resource: ResourceType, name: str, why: str) -> ApiError:
    details: Obj = {"name": name, "group": resource.group, "kind": resource.plural}
    named = f'{resource.qualified} "{name}"' if name else resource.qualified
    return forbidden(f"{named} is forbidden: {why}", {key: value for key, value in details.items() if value})
