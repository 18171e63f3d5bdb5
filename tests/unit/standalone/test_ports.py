from __future__ import annotations

import socket

import pytest

from ai4k8s_standalone.ports import is_free, pick_free
from ai4k8s_standalone.up import next_free


@pytest.fixture
def busy_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", pick_free()))
        listener.listen(1)
        yield listener.getsockname()[1]


def test_a_port_somebody_listens_on_is_not_free(busy_port):
    assert not is_free(busy_port)


def test_the_preferred_port_is_taken_when_it_is_free_and_another_one_otherwise(busy_port):
    free = pick_free()
    assert pick_free(free) == free
    assert pick_free(busy_port) != busy_port


def test_the_page_moves_to_the_next_free_port(busy_port):
    assert busy_port < next_free(busy_port, "127.0.0.1") < busy_port + 50
