"""What each kubectl command means as a tool call."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import yaml

from ai4k8s_chat.domain.kinds import find_kind
from ai4k8s_chat.domain.parsing.kubectl_flags import Flags, KubectlError
from ai4k8s_chat.domain.parsing.parsed import Parsed, ask_back, call

if TYPE_CHECKING:
    from collections.abc import Callable

_DURATION = re.compile(r"(\d+)(h|m|s|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_OUTPUTS = {"wide": "wide", "yaml": "yaml", "json": "json", "name": "name"}


def _place(flags: Flags) -> dict[str, Any]:
    return {"namespace": None if flags.everywhere else flags.namespace}


def _target(words: list[str], *, default: str | None = None) -> tuple[str, str | None]:
    """Return (kind, name) of 'deploy/web', 'deploy web' or 'deploy'. Raises KubectlError."""
    if not words:
        raise KubectlError("Which kind of object? For example: kubectl get pods")
    first, slash, name = words[0].partition("/")
    if slash:
        if len(words) > 1:
            raise KubectlError("One object at a time.")
        return _kind(first), name
    if default is not None and len(words) == 1:
        return default, words[0]
    if "," in first:
        raise KubectlError("One kind of object at a time.")
    if len(words) > 2:
        raise KubectlError("One object at a time.")
    return _kind(first), words[1] if len(words) > 1 else None


def _kind(word: str) -> str:
    if word.lower() == "all":
        raise KubectlError("'all' is several kinds: ask for one, such as pods or deployments.")
    kind = find_kind(word)
    if kind is not None:
        return kind.kind
    if not re.fullmatch(r"[a-z][-a-z0-9.]*", word.lower()):
        raise KubectlError(f"'{word}' is no kind of object.")
    return word  # a custom resource: the cluster's discovery tells, or says that there is none


def _output(flags: Flags) -> str | None:
    given = flags.take("--output")
    if given is None:
        return None
    if given not in _OUTPUTS:
        raise KubectlError(f"-o {given.partition('=')[0]} is not offered here: wide, yaml, json and name are.")
    return _OUTPUTS[given]


def get(flags: Flags) -> Parsed:
    """kubectl get."""
    kind, name = _target(flags.positional[1:])
    output, selector, fields = _output(flags), flags.take("--selector"), flags.take("--field-selector")
    sort = flags.take("--sort-by")
    labels = ("labels",) if flags.on("--show-labels") else None
    if kind == "Event" and not name:
        return _events(flags, fields)
    if name:
        if kind == "Pod":
            return call("pods_get", **_place(flags), name=name, output=output)
        return call("resources_get", **_place(flags), kind=kind, name=name, output=output)
    if kind == "Pod":
        by = (
            None
            if not sort
            else "restarts"
            if "restartCount" in sort
            else "age"
            if "imestamp" in sort or "startTime" in sort
            else "name"
        )
        return call(
            "pods_list",
            **_place(flags),
            label_selector=selector,
            field_selector=fields,
            columns=labels,
            sort_by=by,
            output=output,
        )
    if kind == "Namespace" and not fields:
        return call("namespaces_list", label_selector=selector, output=output)
    by = None if not sort else "age" if "imestamp" in sort else "name"
    return call(
        "resources_list",
        **_place(flags),
        kind=kind,
        label_selector=selector,
        field_selector=fields,
        columns=labels,
        sort_by=by,
        output=output,
    )


def _events(flags: Flags, fields: str | None) -> Parsed:
    found = dict(part.split("=", 1) for part in (fields or "").replace("==", "=").split(",") if "=" in part)
    unknown = set(found) - {"type", "involvedObject.name", "involvedObject.kind"}
    if unknown:
        raise KubectlError(f"Events cannot be narrowed by {min(unknown)} here.")
    return call(
        "events_list",
        about="Event",
        **_place(flags),
        kind=found.get("involvedObject.kind"),
        name=found.get("involvedObject.name"),
        type=found.get("type") or flags.take("--types"),
    )


def events(flags: Flags) -> Parsed:
    """kubectl events."""
    about = flags.take("--for")
    kind, _, name = (about or "").partition("/")
    return call(
        "events_list",
        about="Event",
        **_place(flags),
        kind=_kind(kind) if name else None,
        name=name or None,
        type=flags.take("--types"),
    )


def describe(flags: Flags) -> Parsed:
    """kubectl describe."""
    kind, name = _target(flags.positional[1:])
    if name is None:
        selector = flags.take("--selector")
        if kind == "Pod":
            return call("pods_list", **_place(flags), label_selector=selector, output="describe")
        return call("resources_list", **_place(flags), kind=kind, label_selector=selector, output="wide")
    if kind == "Pod":
        return call("pods_get", **_place(flags), name=name, output="describe")
    return call("resources_get", **_place(flags), kind=kind, name=name, output="describe")


def logs(flags: Flags) -> Parsed:
    """kubectl logs."""
    words = flags.positional[1:]
    if flags.on("--follow"):
        raise KubectlError("Nothing is followed here: leave -f out, or open the pod's log page.")
    if not words:
        raise KubectlError("The logs of which pod? kubectl logs NAME, or deploy/NAME.")
    kind, name = _target(words[:1], default="Pod")
    container = flags.take("--container") or (words[1] if len(words) > 1 else None)
    tail = flags.take("--tail")
    return call(
        "pods_log",
        **_place(flags),
        kind=kind,
        name=name,
        container=container,
        previous=True if flags.on("--previous") else None,
        tail_lines=None if tail in {None, "-1"} else min(2000, flags.number("--tail", 1) or 1),
        since_seconds=_seconds(flags.take("--since"), "--since"),
    )


def _seconds(value: str | None, flag: str) -> int | None:
    if value is None:
        return None
    parts = _DURATION.findall(value)
    if not parts or "".join(f"{n}{u}" for n, u in parts) != value:
        raise KubectlError(f"{flag} wants a duration such as 90s, 10m or 1h30m, not '{value}'.")
    return max(1, sum(int(number) * _SECONDS[unit] for number, unit in parts))


def top(flags: Flags) -> Parsed:
    """kubectl top pods, kubectl top nodes."""
    kind, name = _target(flags.positional[1:])
    sort = flags.take("--sort-by")
    if sort not in {None, "cpu", "memory"}:
        raise KubectlError("--sort-by of kubectl top is cpu or memory.")
    if kind == "Node":
        return call("nodes_top", name=name, sort_by=sort)
    if kind != "Pod":
        raise KubectlError("kubectl top shows pods or nodes.")
    return call(
        "pods_top",
        **_place(flags),
        name=name,
        label_selector=flags.take("--selector"),
        sort_by=sort,
        containers=True if flags.on("--containers") else None,
    )


def delete(flags: Flags) -> Parsed:
    """kubectl delete."""
    kind, name = _target(flags.positional[1:])
    selector = flags.take("--selector")
    if flags.on("--all") or (name is None and selector is None):
        return ask_back(
            f"Which {kind}? Give its name, or a label with -l; I delete no whole lists.",
            tool="resources_delete",
            kind=kind,
        )
    if name and selector:
        raise KubectlError("Give a name or -l, not both.")
    flags.on("--force")
    grace = flags.number("--grace-period")
    if kind == "Pod":
        return call("pods_delete", **_place(flags), name=name, label_selector=selector, grace_seconds=grace)
    return call("resources_delete", **_place(flags), kind=kind, name=name, label_selector=selector)


def scale(flags: Flags) -> Parsed:
    """kubectl scale."""
    replicas = flags.number("--replicas")
    words = flags.positional[1:]
    kind, name = _target(words)
    if not name:
        return ask_back(f"Which {kind} shall I scale?", tool="resources_scale", kind=kind)
    if replicas is None:
        return ask_back(
            f"To how many replicas shall {name} be scaled? Add --replicas=N.", tool="resources_scale", kind=kind
        )
    return call("resources_scale", **_place(flags), kind=kind, name=name, replicas=replicas)


def rollout(flags: Flags) -> Parsed:
    """kubectl rollout status, history, restart, undo."""
    what = flags.positional[1] if len(flags.positional) > 1 else ""
    if what not in {"status", "history", "restart", "undo"}:
        raise KubectlError(f"kubectl rollout {what or '?'} has no place here: status, history, restart and undo have.")
    kind, name = _target(flags.positional[2:])
    if not name:
        return ask_back(f"Which {kind}?", tool=f"rollout_{what}", kind=kind)
    extra: dict[str, Any] = {}
    if what == "history":
        extra = {"revision": flags.number("--revision", 1)}
    elif what == "undo":
        extra = {"to_revision": flags.number("--to-revision") or None}
    return call(f"rollout_{what}", **_place(flags), kind=kind, name=name, **extra)


def set_(flags: Flags) -> Parsed:
    """kubectl set image."""
    if flags.positional[1:2] != ["image"]:
        raise KubectlError("Of kubectl set only 'image' is here. Say the other change in words, or give a manifest.")
    words = [word for word in flags.positional[2:] if "=" not in word]
    pairs = [word.split("=", 1) for word in flags.positional[2:] if "=" in word]
    kind, name = _target(words)
    if not name:
        return ask_back(f"Which {kind} shall get another image?", tool="set_image", kind=kind)
    if len(pairs) != 1:
        raise KubectlError("Give one container=image at a time.")
    container, image = pairs[0]
    return call(
        "set_image",
        **_place(flags),
        kind=kind,
        name=name,
        container=None if container == "*" else container,
        image=image,
    )


def label(target: str) -> Callable[[Flags], Parsed]:
    """kubectl label, kubectl annotate."""

    def parse(flags: Flags) -> Parsed:
        words = [word for word in flags.positional[1:] if "=" not in word and not word.endswith("-")]
        values: dict[str, str | None] = {}
        for word in flags.positional[1:]:
            key, equals, value = word.partition("=")
            if equals:
                values[key] = value
            elif word.endswith("-"):
                values[word[:-1]] = None
        kind, name = _target(words)
        if not name or not values:
            return ask_back(
                f"Which {target} shall which {kind} get? KIND NAME key=value", tool="resources_label", kind=kind
            )
        return call("resources_label", **_place(flags), kind=kind, name=name, target=target, values=values)

    return parse


def node(tool: str) -> Callable[[Flags], Parsed]:
    """kubectl cordon, uncordon, drain."""

    def parse(flags: Flags) -> Parsed:
        words = [word.removeprefix("node/") for word in flags.positional[1:]]
        if len(words) != 1:
            return ask_back("Which node?", tool=tool, kind="Node")
        if tool != "node_drain":
            return call(tool, name=words[0])
        flags.on("--ignore-daemonsets")
        if flags.on("--disable-eviction"):
            raise KubectlError("--disable-eviction is refused: it passes by disruption budgets.")
        return call(
            tool,
            name=words[0],
            ignore_daemon_sets=True if "--ignore-daemonsets" in flags.values else None,
            delete_empty_dir_data=True
            if flags.on("--delete-emptydir-data") or flags.on("--delete-local-data")
            else None,
            force=True if flags.on("--force") else None,
            grace_seconds=flags.number("--grace-period"),
        )

    return parse


def run(flags: Flags) -> Parsed:
    """kubectl run."""
    if len(flags.positional) != 2:
        return ask_back("What shall the pod be called? kubectl run NAME --image=IMAGE", tool="pods_run", kind="Pod")
    image = flags.take("--image")
    if not image:
        return ask_back(f"Which image shall {flags.positional[1]} run? Add --image=IMAGE.", tool="pods_run", kind="Pod")
    flags.on("--command")
    labels = dict(
        pair.split("=", 1)
        for pair in (flags.take("--labels") or flags.take("--selector") or "").split(",")
        if "=" in pair
    )
    environment = dict([pair.split("=", 1)]) if (pair := flags.take("--env")) and "=" in pair else None
    return call(
        "pods_run",
        **_place(flags),
        name=flags.positional[1],
        image=image,
        port=flags.number("--port", 1),
        command=flags.command or None,
        labels=labels or None,
        environment=environment,
    )


def execute(flags: Flags) -> Parsed:
    """kubectl exec."""
    words = flags.positional[1:]
    command = flags.command or tuple(words[1:])
    if not words or not command:
        raise KubectlError("kubectl exec POD -- COMMAND: which pod, and which command?")
    name = words[0].removeprefix("pod/").removeprefix("pods/")
    if command[0].rpartition("/")[2] in {"sh", "bash", "zsh", "ash", "dash"} and len(command) == 1:
        raise KubectlError("No interactive shell here: give one command, such as kubectl exec web -- ls /")
    return call("pods_exec", **_place(flags), name=name, container=flags.take("--container"), command=command)


def autoscale(flags: Flags) -> Parsed:
    """kubectl autoscale."""
    kind, name = _target(flags.positional[1:])
    most = flags.number("--max", 1)
    if not name or most is None:
        return ask_back(
            "Which workload, and up to how many replicas? kubectl autoscale deploy NAME --max=N",
            tool="hpa_create",
            kind=kind,
        )
    cpu = flags.take("--cpu-percent") or (flags.take("--cpu") or "").rstrip("%") or None
    if cpu is not None and not cpu.isdigit():
        raise KubectlError("The CPU target is a percentage, such as --cpu-percent=70.")
    return call(
        "hpa_create",
        **_place(flags),
        kind=kind,
        name=name,
        min_replicas=flags.number("--min", 1),
        max_replicas=most,
        cpu_percent=int(cpu) if cpu else None,
    )


def create(flags: Flags) -> Parsed:
    """kubectl create namespace, deployment, configmap, serviceaccount: the manifest that kubectl would send."""
    words = flags.positional[1:]
    if len(words) < 2:
        raise KubectlError("kubectl create KIND NAME, or paste a manifest: there are no files here.")
    kind = _kind(words[0])
    makers = {"Namespace": _namespace, "Deployment": _deployment, "ConfigMap": _config, "ServiceAccount": _bare}
    if kind not in makers or len(words) != 2:
        raise KubectlError(
            f"kubectl create {words[0]} is not here: say it in words and I write the manifest, or paste one."
        )
    body = makers[kind](words[1], flags)
    body["metadata"] = {
        "name": words[1],
        **({"namespace": flags.namespace} if flags.namespace and kind != "Namespace" else {}),
    }
    order = {key: body[key] for key in ("apiVersion", "kind", "metadata", "spec", "data") if key in body}
    return call("resources_create_or_update", about=kind, manifest=yaml.safe_dump(order, sort_keys=False))


def _namespace(_: str, __: Flags) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace"}


def _bare(_: str, __: Flags) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ServiceAccount"}


def _config(_: str, flags: Flags) -> dict[str, Any]:
    pair = flags.take("--from-literal")
    key, equals, value = (pair or "").partition("=")
    if not equals:
        raise KubectlError(
            "kubectl create configmap NAME --from-literal=KEY=VALUE, one at a time; or paste a manifest."
        )
    return {"apiVersion": "v1", "kind": "ConfigMap", "data": {key: value}}


def _deployment(name: str, flags: Flags) -> dict[str, Any]:
    image = flags.take("--image")
    if not image:
        raise KubectlError("kubectl create deployment NAME --image=IMAGE: which image?")
    port = flags.number("--port", 1)
    container: dict[str, Any] = {"name": re.split(r"[:@]", image.rpartition("/")[2])[0], "image": image}
    if port:
        container["ports"] = [{"containerPort": port}]
    if flags.command:
        container["command"] = list(flags.command)
    labels = {"app": name}
    replicas = flags.number("--replicas")
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "spec": {
            "replicas": 1 if replicas is None else replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def patch(flags: Flags) -> Parsed:
    """kubectl patch: only of replicas, which is scaling; the rest is a manifest's business."""
    kind, name = _target(flags.positional[1:])
    raw, _ = flags.take("--patch"), flags.take("--type")
    try:
        body = json.loads(raw or "")
    except ValueError:
        body = None
    replicas = body.get("spec", {}).get("replicas") if isinstance(body, dict) and set(body) == {"spec"} else None
    if not name or type(replicas) is not int or set(body["spec"]) != {"replicas"}:
        raise KubectlError(
            "kubectl patch is not here except for replicas: say the change in words, or paste a manifest."
        )
    return call("resources_scale", **_place(flags), kind=kind, name=name, replicas=replicas)


VERBS: dict[str, Callable[[Flags], Parsed]] = {
    "get": get,
    "events": events,
    "describe": describe,
    "logs": logs,
    "top": top,
    "delete": delete,
    "scale": scale,
    "rollout": rollout,
    "set": set_,
    "label": label("labels"),
    "annotate": label("annotations"),
    "cordon": node("node_cordon"),
    "uncordon": node("node_uncordon"),
    "drain": node("node_drain"),
    "run": run,
    "exec": execute,
    "autoscale": autoscale,
    "create": create,
    "patch": patch,
}
