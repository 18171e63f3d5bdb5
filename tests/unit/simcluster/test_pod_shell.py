"""The commands a simulated container answers."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from ai4k8s_simcluster.pods.containers import find_container
from ai4k8s_simcluster.pods.inside import Inside, look_inside
from ai4k8s_simcluster.pods.shell import Shell
from ai4k8s_simcluster.registry import CONFIG_MAPS, SECRETS
from ai4k8s_simcluster.store import Store

NOW = 1_700_000_000.0
INSIDE = Inside(
    "web-1",
    {"HOSTNAME": "web-1", "COLOR": "blue"},
    {"/etc/hostname": "web-1\n", "/data/a": "A\n"},
    frozenset({"/", "/etc", "/data", "/root"}),
)


def run(*argv: str) -> tuple[str, str, int]:
    done = Shell(INSIDE, lambda: NOW).run(argv)
    return done.stdout, done.stderr, done.code


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (("echo", "a", "b"), ("a b\n", "", 0)),
        (("hostname",), ("web-1\n", "", 0)),
        (("/bin/cat", "/etc/hostname"), ("web-1\n", "", 0)),
        (("cat", "/nope"), ("", "cat: can't open '/nope': No such file or directory\n", 1)),
        (("ls", "/"), ("data\netc\nroot\n", "", 0)),
        (("printenv", "COLOR"), ("blue\n", "", 0)),
        (("printenv", "NOPE"), ("", "", 1)),
        (("date", "+%Y"), ("2023\n", "", 0)),
        (("curl", "x"), ("", "curl: not found\n", 127)),
        (("sh", "-c", "exit 3"), ("", "", 3)),
        (("sh", "-c", "echo $COLOR '$COLOR' \"${HOSTNAME}\""), ("blue $COLOR web-1\n", "", 0)),
        (("sh", "-c", "false || echo no; true && echo yes"), ("no\nyes\n", "", 0)),
        (("sh", "-c", "false && echo no; echo $?"), ("1\n", "", 0)),
        (("sh", "-c", "nope; echo after"), ("after\n", "sh: nope: not found\n", 0)),
        (("sh", "-c", "cd /data && cat a && pwd"), ("A\n/data\n", "", 0)),
        (("sh", "-c", "X=1; echo $X"), ("1\n", "", 0)),
        (("sh", "-c", "echo a; exit 4; echo b"), ("a\n", "", 4)),
        (("sh", "-c", "echo a | wc"), ("", "sh: '|' is not supported here\n", 2)),
    ],
)
def test_a_command_answers(argv: tuple[str, ...], expected: tuple[str, str, int]) -> None:
    assert run(*argv) == expected


def test_files_and_environment_come_from_the_pod_and_what_it_refers_to() -> None:
    store = Store()
    meta = {"name": "c", "namespace": "t"}
    store.put(CONFIG_MAPS, {"metadata": meta, "data": {"app.ini": "x=1\n", "LEVEL": "debug"}})
    store.put(SECRETS, {"metadata": meta, "data": {"key": base64.b64encode(b"hidden").decode()}})
    pod: dict[str, Any] = {
        "metadata": {"name": "web-1", "namespace": "t", "uid": "u", "labels": {"app": "web"}},
        "spec": {
            "nodeName": "node-1",
            "volumes": [
                {"name": "conf", "configMap": {"name": "c", "items": [{"key": "app.ini", "path": "sub/app.ini"}]}},
                {"name": "sec", "secret": {"secretName": "c"}},
                {"name": "api", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}},
            ],
            "containers": [
                {
                    "name": "app",
                    "env": [
                        {"name": "COLOR", "value": "blue"},
                        {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
                        {"name": "APP", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
                        {"name": "LEVEL", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "LEVEL"}}},
                    ],
                    "envFrom": [{"prefix": "C_", "secretRef": {"name": "c"}}],
                    "volumeMounts": [
                        {"name": "conf", "mountPath": "/conf"},
                        {"name": "sec", "mountPath": "/sec"},
                        {"name": "api", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"},
                    ],
                }
            ],
        },
    }
    inside = look_inside(store, find_container(pod, ""), lambda _pod, _source: "a-token")
    assert inside.files["/conf/sub/app.ini"] == "x=1\n"
    assert inside.files["/sec/key"] == "hidden"
    assert inside.files["/var/run/secrets/kubernetes.io/serviceaccount/token"] == "a-token"
    assert inside.listing("/conf") == ["sub"]
    wanted = {"COLOR": "blue", "NODE": "node-1", "APP": "web", "LEVEL": "debug", "C_key": "hidden", "HOSTNAME": "web-1"}
    assert wanted.items() <= dict(inside.environment).items()
