"""Whether pods fit on nodes."""

from __future__ import annotations

from ai4k8s_common.packing import Pods, Room, nodes_needed, pack


def rooms(*cpu: float) -> list[Room]:
    return [Room(f"node-{number}", each, 8e9, 10) for number, each in enumerate(cpu)]


def test_free_cores_in_pieces_are_not_room_for_a_large_pod():
    assert pack([Pods("web", 600, 0, 2)], rooms(500, 500, 500)).homeless == {"web": 2}
    assert pack([Pods("web", 500, 0, 3)], rooms(500, 500, 500)).fits


def test_the_largest_go_first_into_the_tightest_room_that_holds_them():
    assert pack([Pods("small", 200, 0, 2), Pods("large", 800, 0, 1)], rooms(800, 400)).fits


def test_memory_and_the_number_of_pods_bound_too():
    assert pack([Pods("big", 1, 5e9, 2)], rooms(4000)).homeless == {"big": 1}
    assert pack([Pods("tiny", 0, 0, 11)], rooms(4000)).homeless == {"tiny": 1}


def test_a_taint_keeps_out_whoever_does_not_tolerate_it():
    tainted = [Room("gpu", 4000, 8e9, 10, tainted=True)]
    assert not pack([Pods("web", 100, 0, 1)], tainted).fits
    assert pack([Pods("train", 100, 0, 1, tolerant=True)], tainted).fits


def test_thirds_of_a_node_are_not_lost_to_rounding():
    assert pack([Pods("web", 1000 / 3, 0, 3)], rooms(1000)).fits


def test_new_nodes_are_counted_and_a_pod_larger_than_a_node_is_told():
    like = Room("new", 1000, 8e9, 10)
    assert nodes_needed([Pods("web", 600, 0, 3)], like) == 3
    assert nodes_needed([Pods("web", 500, 0, 3), Pods("job", 250, 0, 2)], like) == 2
    assert nodes_needed([], like) == 0
    assert nodes_needed([Pods("huge", 1500, 0, 1)], like) is None
