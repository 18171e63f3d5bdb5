"""Lists and watches as controllers use them, through the official Python client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kubernetes import watch

from tests.conformance.case import Case, Mode, given, python
from tests.conformance.manifests import config_map
from tests.conformance.refusals import is_refused
from tests.support.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.session import Session

_CONCEPTS = "kubernetes.io/docs/reference/using-api/api-concepts"


def _change(session: Session, labels: dict[str, str | None] | None = None, data: dict[str, str] | None = None) -> None:
    body = {"metadata": {"labels": labels}} if labels is not None else {"data": data}
    session.core.patch_namespaced_config_map(session.identifier, session.namespace, body)


def _events(session: Session, most: int, **options: object) -> list[tuple[str, str]]:
    """What a watch of the case's own object brings: change and a value of its data."""
    found: list[tuple[str, str]] = []
    watching: Any = watch.Watch()  # type: ignore[no-untyped-call]  # the client types its models only
    for event in watching.stream(
        session.core.list_namespaced_config_map, session.namespace, timeout_seconds=10, **options
    ):
        obj = event["object"]
        found.append((event["type"], (obj.data or {}).get("a", "") if hasattr(obj, "data") else ""))
        if len(found) == most:
            watching.stop()
    return found


def _own(session: Session) -> str:
    return f"metadata.name={session.identifier}"


def _replayed(session: Session) -> None:
    """From a list's version on, a watch brings everything that happened since, in order."""
    version = session.core.list_namespaced_config_map(session.namespace).metadata.resource_version
    for value in ("1", "2", "2"):
        _change(session, data={"a": value})
    session.core.delete_namespaced_config_map(session.identifier, session.namespace)
    found = _events(session, 3, field_selector=_own(session), resource_version=version)
    assert found == [("MODIFIED", "1"), ("MODIFIED", "2"), ("DELETED", "2")]


def _begins_with_state(session: Session) -> None:
    """Without a version, what is there comes first, as added."""
    assert _events(session, 1, field_selector=_own(session)) == [("ADDED", "b")]


def _selected(session: Session) -> None:
    """Leaving a selection is a deletion, coming into it an addition."""
    version = session.core.list_namespaced_config_map(session.namespace).metadata.resource_version
    for label in ("yes", "no", "yes"):
        _change(session, labels={"chosen": label})
    found = _events(session, 3, label_selector="chosen=yes", field_selector=_own(session), resource_version=version)
    assert [change for change, _ in found] == ["ADDED", "DELETED", "ADDED"]


def _too_old(session: Session) -> None:
    """A version from long ago is gone, and says so in the stream."""
    path = f"/api/v1/namespaces/{session.namespace}/configmaps?watch=1&resourceVersion=1&timeoutSeconds=3"
    answer = session.raw(path)[1]
    assert '"type":"ERROR"' in answer
    assert '"code":410' in answer
    assert '"reason":"Expired"' in answer


def _bad_version(session: Session) -> None:
    """A version that is no number is refused."""
    is_refused(
        lambda: session.core.list_namespaced_config_map(session.namespace, resource_version="abc"),
        400,
        "invalid resource version",
    )


def _exact_without_version(session: Session) -> None:
    """How to match a version is a question only where there is one."""
    is_refused(
        lambda: session.core.list_namespaced_config_map(session.namespace, resource_version_match="Exact"),
        422,
        "resourceVersionMatch is forbidden unless resourceVersion is provided",
    )


def _bad_continue(session: Session) -> None:
    """A token that no list gave out is refused."""
    is_refused(
        lambda: session.core.list_namespaced_config_map(session.namespace, limit=1, _continue="garbage"),
        400,
        "continue key is not valid",
    )


def _consistent_pages(session: Session) -> None:
    """Later pages show the moment of the first one."""
    names = [f"{session.identifier}-{number}" for number in range(4)]
    for name in names:
        session.core.create_namespaced_config_map(
            session.namespace, {"metadata": {"name": name, "labels": {"page": "x"}}}
        )
    first = session.core.list_namespaced_config_map(session.namespace, label_selector="page=x", limit=2)
    session.core.delete_namespaced_config_map(names[3], session.namespace)
    late = {"metadata": {"name": f"{session.identifier}-late", "labels": {"page": "x"}}}
    session.core.create_namespaced_config_map(session.namespace, late)
    rest = session.core.list_namespaced_config_map(
        session.namespace, label_selector="page=x", limit=9, _continue=first.metadata._continue
    )
    assert [item.metadata.name for item in [*first.items, *rest.items]] == names
    assert rest.metadata.resource_version == first.metadata.resource_version


def _initial_events(session: Session) -> None:
    """A streaming list ends with a bookmark that says so."""
    path = (
        f"/api/v1/namespaces/{session.namespace}/configmaps?watch=1&sendInitialEvents=true&allowWatchBookmarks=true"
        f"&resourceVersionMatch=NotOlderThan&timeoutSeconds=2&fieldSelector={_own(session)}"
    )
    lines = [line for line in session.raw(path)[1].splitlines() if line]
    assert '"type":"ADDED"' in lines[0]
    assert '"type":"BOOKMARK"' in lines[-1]
    assert '"k8s.io/initial-events-end":"true"' in lines[-1]


def _delete_collection(session: Session) -> None:
    """A collection is deleted by selector, and only what fits."""
    for name, label in (("a", "x"), ("b", "x"), ("c", "y")):
        metadata = {"name": f"{session.identifier}-{name}", "labels": {"batch": f"{session.identifier}-{label}"}}
        session.core.create_namespaced_config_map(session.namespace, {"metadata": metadata})
    session.core.delete_collection_namespaced_config_map(
        session.namespace, label_selector=f"batch={session.identifier}-x"
    )

    def left() -> list[str]:
        found = session.core.list_namespaced_config_map(session.namespace, label_selector="batch")
        return [one.metadata.name for one in found.items if one.metadata.name.startswith(session.identifier)]

    eventually(lambda: left() == [f"{session.identifier}-c"], within=10)


def _kubectl_watches(session: Session) -> None:
    """kubectl prints changes as they happen.

    The object is selected, not named: of a named object kubectl drops what the watch says first, and with it
    a change made between its read and its watch.
    """
    arguments: tuple[str, ...] = ("get", "cm", "--field-selector", f"metadata.name={session.identifier}", "-w")
    arguments += ("-o", "jsonpath={.data.a}{'\\n'}")
    with session.follow(*arguments) as following:
        assert following.stdout is not None
        assert following.stdout.readline().strip() == "b"
        _change(session, data={"a": "later"})
        assert following.stdout.readline().strip() == "later"


def _case(name: str, source: str, call: Callable[[Session], None], *, with_object: bool = True) -> Case:
    steps = (given(config_map()), python(call)) if with_object else (python(call),)
    return Case(f"python: {name}", Mode.WRITE, source, steps)


CASES = [
    _case("a watch replays from a version", "recorded: watch-semantics 2", _replayed),
    _case("a watch without a version begins with what is there", "recorded: watch-semantics 3", _begins_with_state),
    _case("a watch with a selector", "recorded: watch-semantics 5", _selected),
    _case("a watch from too long ago", "recorded: watch-semantics 15", _too_old, with_object=False),
    _case("a list at a version that is none", "recorded: list-pagination 18", _bad_version, with_object=False),
    _case(
        "a list with a match and no version", "recorded: list-pagination 14", _exact_without_version, with_object=False
    ),
    _case("a list with a made-up token", "recorded: list-pagination 6", _bad_continue, with_object=False),
    _case("pages show one moment", _CONCEPTS, _consistent_pages, with_object=False),
    _case("a streaming list", "recorded: watch-semantics 9", _initial_events),
    _case("a collection deleted", "recorded: crud-basic 36", _delete_collection, with_object=False),
    Case(
        "kubectl follows changes",
        Mode.WRITE,
        "kubernetes.io/docs/reference/kubectl/generated/kubectl_get",
        (given(config_map()), python(_kubectl_watches)),
    ),
]
