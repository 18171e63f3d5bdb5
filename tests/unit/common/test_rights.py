"""Who may do what, by role, place, scope and bound."""

from __future__ import annotations

import uuid

import pytest

from ai4k8s_common.rights import LEAST_ROLE, Grant, Permission, Rights, Role, TeamGrant

HERE, THERE, TEAM = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()


def rights(role: Role | None, *more: Grant, installation: Role = Role.OPERATOR, **values: object) -> Rights:
    own = () if role is None else (Grant(HERE, None, role),)
    teams = () if role is None else (TeamGrant(TEAM, role),)
    return Rights(uuid.uuid4(), installation, (*own, *more), teams=teams, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize("permission", Permission)
@pytest.mark.parametrize("role", Role)
def test_a_role_may_what_the_table_says_in_its_own_cluster_and_nothing_elsewhere(
    role: Role, permission: Permission
) -> None:
    somebody = rights(role)
    assert somebody.may(permission, HERE) is (role.rank >= LEAST_ROLE[permission].rank)
    assert somebody.may_in_team(permission, TEAM) is somebody.may(permission, HERE)
    assert not somebody.may(permission, THERE)
    assert not somebody.may(permission)
    assert not somebody.may_in_team(permission, uuid.uuid4())


def test_the_most_specific_role_counts_wider_or_narrower() -> None:
    somebody = rights(Role.OPERATOR, Grant(HERE, "dev", Role.ADMIN), Grant(HERE, "prod", Role.VIEWER))
    assert [somebody.role_in(HERE, name) for name in (None, "dev", "prod", "other")] == [
        Role.OPERATOR,
        Role.ADMIN,
        Role.VIEWER,
        Role.OPERATOR,
    ]
    assert not somebody.may(Permission.WORKLOAD_SCALE, HERE, "prod")


def test_a_viewer_of_the_installation_only_looks_anywhere() -> None:
    somebody = rights(Role.ADMIN, Grant(HERE, "dev", Role.ADMIN), installation=Role.VIEWER)
    assert somebody.may(Permission.CLUSTER_READ, HERE)
    assert not any(
        somebody.may(permission, HERE, namespace)
        for permission in Permission
        for namespace in (None, "dev")
        if LEAST_ROLE[permission] is not Role.VIEWER
    )
    assert not somebody.may_in_team(Permission.CLUSTER_MANAGE, TEAM)


def test_an_administrator_may_everything_and_their_token_only_its_scopes_in_its_clusters() -> None:
    admin = rights(None, installation=Role.ADMIN)
    assert all(admin.may(permission, THERE) and admin.may(permission) for permission in Permission)
    assert admin.clusters is None

    scoped = rights(None, installation=Role.ADMIN, scopes=frozenset({Permission.CLUSTER_READ}))
    assert scoped.may(Permission.CLUSTER_READ, THERE)
    assert not scoped.may(Permission.WORKLOAD_SCALE, THERE)
    assert not scoped.is_admin

    bound = rights(None, installation=Role.ADMIN, scopes=frozenset(Permission), bound_to=frozenset({HERE}))
    assert bound.may(Permission.CLUSTER_MANAGE, HERE)
    assert not bound.may(Permission.CLUSTER_READ, THERE)
    assert not bound.is_admin
    assert not bound.may_in_team(Permission.CLUSTER_MANAGE, TEAM)
    assert bound.clusters == frozenset({HERE})


def test_a_token_may_never_more_than_its_owner() -> None:
    token = rights(Role.VIEWER, scopes=frozenset(Permission), bound_to=frozenset({HERE, THERE}))
    assert token.clusters == frozenset({HERE})
    assert token.may(Permission.CLUSTER_READ, HERE)
    assert not token.may(Permission.WORKLOAD_SCALE, HERE)
    assert not token.may(Permission.CLUSTER_READ, THERE)
