"""The fault harness itself: a tool that does not do what it says proves nothing."""

from __future__ import annotations

import sys
import time

import psycopg
import pytest
import redis

from tests.support.wait import eventually

COUNTER = "import time\nn = 0\nwhile True:\n    n += 1\n    print(n, flush=True)\n    time.sleep(0.02)\n"
FAMILY = "import os, time\nos.fork()\nprint('ready', flush=True)\ntime.sleep(60)\n"


def count(process) -> int:
    return len(process.output().splitlines())


def test_a_paused_process_does_nothing_until_it_is_resumed(processes):
    process = processes.start([sys.executable, "-c", COUNTER], name="counter")
    process.wait_for_output(r"^3$")
    process.pause()
    eventually(lambda: all_stopped(process))
    before = count(process)
    time.sleep(0.2)  # the absence of progress cannot be awaited
    assert count(process) == before
    process.resume()
    eventually(lambda: count(process) > before)


def all_stopped(process) -> bool:
    from ai4k8s_standalone.identity import group_members

    return all(member.state == "T" for member in group_members(process.pid))


def test_kill_ends_the_children_of_a_process_too(processes):
    process = processes.start([sys.executable, "-c", FAMILY], name="family")
    eventually(lambda: process.output().count("ready") == 2)
    assert len(process.members()) == 2
    process.kill()
    assert process.members() == []
    assert process.exit_code == -9


def test_a_child_outlives_a_parent_that_alone_is_killed(processes):
    process = processes.start([sys.executable, "-c", FAMILY], name="family")
    eventually(lambda: process.output().count("ready") == 2)
    process.kill_first_only()
    assert len(process.members()) == 1


def test_waiting_for_output_fails_at_once_when_the_process_ends(processes):
    process = processes.start([sys.executable, "-c", "print('no')"], name="short")
    with pytest.raises(pytest.fail.Exception, match="before printing 'yes'"):
        process.wait_for_output("yes", within=30)


def test_a_proxy_passes_delays_cuts_and_restores(valkey, tcp_proxy):
    proxy = tcp_proxy("127.0.0.1", valkey.server.port)
    with redis.Redis.from_url(proxy.url_for(valkey.url), socket_timeout=5) as client:
        assert client.ping()
        proxy.delay(100)
        began = time.monotonic()
        assert client.ping()
        assert time.monotonic() - began >= 0.2  # there and back
        proxy.cut()
        with pytest.raises(redis.ConnectionError):
            client.ping()
        proxy.restore()
        assert client.ping()


def test_a_stalled_proxy_keeps_the_connection_but_lets_nothing_through(valkey, tcp_proxy):
    proxy = tcp_proxy("127.0.0.1", valkey.server.port)
    with redis.Redis.from_url(proxy.url_for(valkey.url), socket_timeout=0.3) as client:
        assert client.ping()
        proxy.stall()
        with pytest.raises(redis.TimeoutError):
            client.ping()
        proxy.restore()
        assert eventually(client.ping, 5, ignoring=redis.RedisError)


def test_a_throttled_proxy_is_slow(valkey, tcp_proxy):
    proxy = tcp_proxy("127.0.0.1", valkey.server.port)
    with redis.Redis.from_url(proxy.url_for(valkey.url), socket_timeout=20) as client:
        proxy.throttle(1_000_000)
        began = time.monotonic()
        client.set("big", b"x" * 300_000)
        assert time.monotonic() - began >= 0.3


def test_a_proxy_resets_postgres_sessions(database, tcp_proxy):
    proxy = tcp_proxy("127.0.0.1", database.server.port)
    session = psycopg.connect(proxy.url_for(database.owner_url))
    session.execute("SELECT 1")
    proxy.reset_connections()
    with pytest.raises(psycopg.OperationalError):
        session.execute("SELECT 1")
    session.close()
    assert proxy.accepted_connections == 1
