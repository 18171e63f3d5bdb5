"""The store, what survives on disk, and the command line."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from ai4k8s_simcluster.clock import short_duration
from ai4k8s_simcluster.command import read_settings
from ai4k8s_simcluster.load.shapes import ShapeError, ShapeKind
from ai4k8s_simcluster.persistence import StateFiles, StateInUseError
from ai4k8s_simcluster.quantity import QuantityError, cores, parse_quantity, size_bytes
from ai4k8s_simcluster.registry import NAMESPACES, PODS, SERVICES
from ai4k8s_simcluster.settings import SettingsError, parse_shape_spec, parse_trace_spec
from ai4k8s_simcluster.shelf import after, span
from ai4k8s_simcluster.store import Change, ChangeKind, CompactedError, Store


def obj(name: str, namespace: str = "n", **labels: str) -> dict[str, Any]:
    return {"kind": "Service", "apiVersion": "v1", "metadata": {"name": name, "namespace": namespace, "labels": labels}}


def test_every_write_gets_the_next_version_and_is_told() -> None:
    store, told = Store(), []
    stop = store.subscribe(lambda change: told.append((change.kind, change.version)))
    first = store.put(SERVICES, obj("a"))
    store.put(SERVICES, obj("a", x="y"))
    store.remove(SERVICES, obj("a"))
    stop()
    store.put(SERVICES, obj("b"))
    kinds = [ChangeKind.ADDED, ChangeKind.MODIFIED, ChangeKind.DELETED]
    assert told == [(kind, first.version + at) for at, kind in enumerate(kinds)]


def test_lists_are_ordered_and_bounded_by_namespace() -> None:
    store = Store()
    for name, namespace in (("b", "n"), ("a", "n"), ("c", "m")):
        store.put(SERVICES, obj(name, namespace))
    assert [item.name for item in store.listing(SERVICES)] == ["c", "a", "b"]
    assert [item.name for item in store.listing(SERVICES, "n")] == ["a", "b"]


def test_the_log_forgets_its_beginning_and_says_so() -> None:
    store = Store(log_length=3)
    versions = [store.put(SERVICES, obj(f"s{i}")).version for i in range(6)]
    assert [change.version for change in store.changes_since(versions[3], SERVICES)] == versions[4:]
    assert store.changes_since(versions[3], PODS) == []
    with pytest.raises(CompactedError, match="too old resource version"):
        store.changes_since(versions[0], SERVICES)


def test_objects_that_were_handed_out_never_change() -> None:
    store = Store()
    before = store.put(SERVICES, obj("a"))
    raw = before.item
    store.put(SERVICES, obj("a", x="y"))
    assert before.obj["metadata"]["labels"] == {}
    assert before.item is raw


def _filled(directory: Path) -> tuple[Store, StateFiles]:
    store, files = Store(), StateFiles(directory)
    store.subscribe(files.journal)
    return store, files


def test_what_was_written_after_the_snapshot_is_in_the_journal(tmp_path: Path) -> None:
    store, files = _filled(tmp_path)
    store.put(SERVICES, obj("a"))
    files.save(store, {"k": 1})
    store.put(SERVICES, obj("b"))
    store.remove(SERVICES, obj("a"))
    store.put(NAMESPACES, {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "n"}})
    files.close()  # as a kill would leave it: without a last snapshot
    again = StateFiles(tmp_path)
    state = again.load()
    again.close()
    assert sorted(o["metadata"]["name"] for _, o in state.objects) == ["b", "n"]
    assert (state.version, state.extra) == (store.version, {"k": 1})
    restored = Store()
    restored.restore(state.version, state.objects)
    assert restored.put(SERVICES, obj("c")).version == store.version + 1
    with pytest.raises(CompactedError):
        restored.changes_since(store.version - 1, SERVICES)


def test_a_torn_journal_line_and_entries_the_snapshot_has_do_no_harm(tmp_path: Path) -> None:
    store, files = _filled(tmp_path)
    store.put(SERVICES, obj("a"))
    journal = (tmp_path / "journal.jsonl").read_bytes()
    store.remove(SERVICES, obj("a"))
    files.save(store, {})
    (tmp_path / "journal.jsonl").write_bytes(journal + b'{"k":"serv')
    state = files.load()
    files.close()
    assert state.objects == []


def test_a_state_directory_is_held_by_one(tmp_path: Path) -> None:
    files = StateFiles(tmp_path)
    with pytest.raises(StateInUseError):
        StateFiles(tmp_path)
    files.close()
    StateFiles(tmp_path).close()


@pytest.mark.parametrize(
    ("text", "value"),
    [("500m", 0.5), ("2", 2.0), (2, 2.0), ("1.5", 1.5), ("100u", 0.0001), ("1e-1", 0.1), ("250000000n", 0.25)],
)
def test_cpu_quantities(text: object, value: float) -> None:
    assert cores(text) == pytest.approx(value)


def test_memory_quantities() -> None:
    assert (size_bytes("128Mi"), size_bytes("1G"), size_bytes("1Ki"), size_bytes("1e3")) == (
        134217728,
        10**9,
        1024,
        1000,
    )
    for text in ("", "1X", "m", "1 Mi", True, "--1"):
        with pytest.raises(QuantityError):
            parse_quantity(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"), (119, "119s"), (120, "2m"), (150, "2m30s"), (600, "10m"), (10_799, "179m"), (10_800, "3h"),
        (5 * 3600 + 60, "5h1m"), (47 * 3600, "47h"), (49 * 3600, "2d1h"), (8 * 86_400, "8d"), (800 * 86_400, "2y70d"), (-10, "<invalid>"),
    ],
)  # fmt: skip
def test_ages_are_written_as_kubectl_does(seconds: float, text: str) -> None:
    assert short_duration(seconds) == text


def test_the_command_line_is_read() -> None:
    settings = read_settings(
        [
            "--state-dir", "/s", "--kubeconfig-out", "/k", "--trace", "shop/web=/t.csv.gz:scale=0.5", "--trace", "a/b=c.csv",
            "--shape", "x/y=bursts:base=2,seed=9", "--nodes", "7", "--seed", "3", "--no-demo", "--startup-seconds", "5-10",
        ]
    )  # fmt: skip
    assert [(str(t.key), t.path, t.cores_per_unit) for t in settings.traces] == [
        ("shop/web", Path("/t.csv.gz"), 0.5), ("a/b", Path("c.csv"), None),
    ]  # fmt: skip
    shape = settings.shapes[0].shape
    assert (shape.kind, shape.base, shape.seed) == (ShapeKind.BURSTS, 2.0, 9)
    assert (settings.nodes, settings.seed, settings.demo, settings.startup.most) == (7, 3, False, 10.0)


@pytest.mark.parametrize("text", ["web=x.csv", "shop/web", "/web=x", "shop/web=x:scale=many", "shop/web=x:scale=0"])
def test_a_wrong_trace_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        parse_trace_spec(text)


def test_a_wrong_shape_is_refused() -> None:
    with pytest.raises(ShapeError):
        parse_shape_spec("shop/web=hourly:base")


def pod(name: str, namespace: str = "n", owner: str = "", node: str = "", uid: str = "") -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "namespace": namespace, "uid": uid or f"uid-{name}"}
    if owner:
        metadata["ownerReferences"] = [{"uid": owner}]
    return {"kind": "Pod", "apiVersion": "v1", "metadata": metadata, "spec": {"nodeName": node} if node else {}}


def test_owners_uids_and_nodes_lead_to_their_objects_as_these_change() -> None:
    store = Store()
    for name in ("b", "a"):
        store.put(PODS, pod(name, owner="rs", node="n1"))
    store.put(SERVICES, {**obj("s"), "metadata": {"name": "s", "namespace": "n", "ownerReferences": [{"uid": "rs"}]}})
    assert [item.name for item in store.owned(PODS, "rs")] == ["a", "b"]
    assert [(kind.kind, item.name) for kind, item in store.dependents("rs")][-1] == ("Service", "s")
    store.put(PODS, pod("a", owner="other", node="n2"))
    assert [item.name for item in store.owned(PODS, "rs")] == ["b"]
    assert ([item.name for item in store.on_node("n1")], [item.name for item in store.on_node("n2")]) == (["b"], ["a"])
    store.remove(PODS, pod("b"))
    assert (store.owned(PODS, "rs"), store.on_node("n1"), store.has_uid("uid-b")) == ([], [], False)
    found = store.by_uid("uid-a")
    assert found is not None
    assert found[1].name == "a"


def test_a_name_used_again_belongs_to_the_new_uid() -> None:
    store = Store()
    store.put(PODS, pod("a", uid="1"))
    store.put(PODS, pod("a", uid="2"))
    assert (store.has_uid("1"), store.has_uid("2")) == (False, True)


def test_names_stay_in_order_however_they_come_and_go() -> None:
    store, rng = Store(), random.Random(3)
    names = [(f"n{rng.randrange(5)}", f"p{rng.randrange(1000)}") for _ in range(400)]
    for namespace, name in names:
        store.put(PODS, pod(name, namespace, uid=f"{namespace}/{name}"))
    for namespace, name in set(names[:150]):
        store.remove(PODS, pod(name, namespace))
    left = sorted(set(names) - set(names[:150]))
    assert [item.key for item in store.listing(PODS)] == left
    assert store.count(PODS, "n3") == len(store.listing(PODS, "n3")) == sum(space == "n3" for space, _ in left)
    assert span(store.listing(PODS), "n3") == (
        sum(space < "n3" for space, _ in left), sum(space < "n4" for space, _ in left),
    )  # fmt: skip
    assert after(store.listing(PODS), left[7]) == 8


def test_what_has_long_been_there_is_no_news_but_older_versions_are_gone() -> None:
    store = Store()
    told: list[Change] = []
    store.subscribe(told.append)
    store.furnish(PODS, [pod("b"), pod("a")])
    assert told == []
    assert [item.name for item in store.listing(PODS)] == ["a", "b"]
    with pytest.raises(CompactedError):
        store.changes_since(1, PODS)
