"""Requests that change something. What is missing is asked for, never guessed; which verb is meant was found before."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ai4k8s_chat.domain.kinds import ROLLED_OUT, SCALABLE
from ai4k8s_chat.domain.parsing.heard import could_name, is_image, is_pod_name
from ai4k8s_chat.domain.parsing.parsed import Parsed, ask_back, call
from ai4k8s_chat.domain.parsing.vocabulary import NUMBERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from ai4k8s_chat.domain.parsing.heard import Heard

_PERCENT = re.compile(r"(\d{1,4}) ?(?:%|percent)")
_CPU = re.compile(
    r"(?:cpu[^\d%]{0,40}?(\d{1,3}) ?(?:%|percent))|(?:(\d{1,3}) ?(?:%|percent)(?: of)?(?: average| target)? cpu)"
    r"|cpu(?: target| utili[sz]ation| threshold)*(?: of| at|=|:)? ?(\d{1,3})\b"
)
_MEMORY = re.compile(
    r"(?:memory[^\d%]{0,40}?(\d{1,3}) ?(?:%|percent))|(?:(\d{1,3}) ?(?:%|percent)(?: of)?(?: average| target)? memory)"
)
_RANGE = re.compile(
    r"(?:between|from) (\d{1,5}) (?:and|to|up to) (\d{1,5})"
    r"|(\d{1,5}) ?(?:-|to|and|through) ?(\d{1,5}) (?:replicas|pods|instances|copies)"
)
_MIN = re.compile(
    r"\bmin(?:imum|imal)?(?: of|imum of|=| =|:)?(?: replicas?| pods?)?(?: of|=|:)? ?(\d{1,5})|(?:at least) (\d{1,5})"
)
_MAX = re.compile(
    r"\bmax(?:imum|imal)?(?: of|=| =|:)?(?: replicas?| pods?)?(?: of|=|:)? ?(\d{1,5})|(?:at most|up to|no more than) (\d{1,5})"
)
_REVISION = re.compile(r"\b(?:revision|version|rev) (?:number )?#?(\d{1,6})\b")
_LABEL = re.compile(r"([a-zA-Z][-\w./]*)\s*(?:=|: )\s*['\"`]?([-\w.]*)['\"`]?")
_TO = re.compile(r"\b(?:to|at|with|=|into|down to|up to) (?:exactly |about |just )?(\d{1,5})\b(?! ?(?:%|percent))")
_BY = re.compile(r"\bby (\d{1,5}|one|two|three|four|five|six|seven|eight|nine|ten)\b(?! ?(?:%|percent))")
_TO_WORD = re.compile(r"\bto (zero|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty)\b")

REPLICA_WORDS = ("replica", "replicas", "pods", "instances", "copies", "pod")


def workload(heard: Heard) -> str:
    """The kind of a workload that is scaled, restarted or rolled back."""
    return heard.kind.kind if heard.kind and heard.kind.kind != "Namespace" else "Deployment"


def which(heard: Heard, tool: str, doing: str) -> Parsed:
    """Ask which object is meant."""
    kind = heard.kind.kind if heard.kind else "workload"
    inside = f" in {heard.namespace}" if heard.namespace else ""
    return ask_back(f"Which {kind} shall I {doing}{inside}? Give its name.", tool=tool, kind=heard.kind_name)


def scale(heard: Heard) -> Parsed:
    """'scale web to 5', 'scale web up by 2', 'scale web down by 50 %'."""
    if heard.kind is not None and heard.kind.kind in {"PersistentVolumeClaim", "PersistentVolume"}:
        return ask_back("A claim's size is changed in its manifest: paste it, or tell me which claim to show.")
    if heard.kind is not None and heard.kind.kind in {"DaemonSet", "Pod", "Node", "Job", "CronJob"}:
        kind = heard.kind.kind
        if not (kind == "Pod" and heard.name and not is_pod_name(heard.name)):
            return ask_back(
                f"A {kind} has no replicas to set. Which Deployment or StatefulSet is meant?", tool="resources_scale"
            )
    if not heard.name:
        return which(heard, "resources_scale", "scale")
    kind = workload(heard) if heard.kind is None or heard.kind.kind in SCALABLE else "Deployment"
    amount = amount_of(heard)
    if amount is None:
        return ask_back(f"To how many replicas shall {heard.name} be scaled?", tool="resources_scale", kind=kind)
    return call("resources_scale", **heard.place, kind=kind, name=heard.name, **amount)


def amount_of(heard: Heard) -> dict[str, Any] | None:
    """How many replicas: a number, a change, or a change in percent; None when it is not said."""
    down = heard.has("down", "decrease", "reduce", "lower", "shrink", "remove", "fewer", "less", "halve", "downscale")
    sign = -1 if down else 1
    if percent := _PERCENT.search(heard.text):
        if heard.says(r"\bto \d{1,4} ?(?:%|percent)"):
            return {"change_percent": int(percent[1]) - 100}
        return {"change_percent": sign * int(percent[1])}
    if heard.has("double") or heard.says(r"\btwice\b"):
        return {"change_percent": 100}
    if heard.has("triple"):
        return {"change_percent": 200}
    if heard.has("halve") or heard.says(r"\b(?:in|by|to) half\b"):
        return {"change_percent": -50}
    if by := _BY.search(heard.text):
        return {"change_by": sign * (int(by[1]) if by[1].isdigit() else NUMBERS[by[1]])}
    more = heard.says(r"\b(\d{1,4}|one|two|three|four|five) (?:more|additional|extra|fewer|less)\b")
    if more or (heard.has("add", "remove") and heard.has(*REPLICA_WORDS)):
        return {"change_by": sign * heard.numbers[0]} if heard.numbers else None
    return _exact(heard)


def _exact(heard: Heard) -> dict[str, int] | None:
    if to := _TO.search(heard.text):
        return {"replicas": int(to[1])}
    numbers = heard.numbers
    said = len(numbers) == 1 or (numbers and _TO_WORD.search(heard.text))
    return {"replicas": numbers[0]} if said else None


def delete(heard: Heard) -> Parsed:
    """'delete pod web-1', 'delete pods with app=web'; without a kind or a name it is asked for."""
    if heard.has("label", "labels", "annotation", "annotations") and heard.says(
        r"\b(?:label|annotation)s?\b.* from\b|remove (?:the )?\S* ?(?:label|annotation)"
    ):
        return label(heard)
    if heard.has("replica", "replicas") and heard.name:
        return scale(heard)
    if heard.names:
        return ask_back(
            "One object at a time: which one first?", *(heard.name or "", *heard.names), tool="resources_delete"
        )
    if heard.kind is None and heard.name and not is_pod_name(heard.name):
        kinds = heard.known.get(heard.name, ())
        if len(kinds) != 1:
            return ask_back(
                f"What kind of object is {heard.name}?",
                *(kinds or ("Deployment", "Pod", "Service")),
                tool="resources_delete",
            )
        return call("resources_delete", **heard.place, kind=kinds[0], name=heard.name)
    kind = heard.kind.kind if heard.kind else "Pod"
    tool = "pods_delete" if kind == "Pod" else "resources_delete"
    of_kind: dict[str, Any] = {"grace_seconds": grace(heard)} if tool == "pods_delete" else {"kind": kind}
    if heard.name:
        return call(tool, **heard.place, **of_kind, name=heard.name)
    if heard.selector:
        return call(tool, **heard.place, **of_kind, label_selector=heard.selector)
    return ask_back(
        f"Which {kind} shall be deleted? Give its name, or a label such as app=web; I delete no whole lists.",
        tool=tool,
        kind=kind,
    )


def grace(heard: Heard) -> int | None:
    """'with a grace period of 60 seconds'."""
    match = heard.says(r"\bgrace[- ]?(?:period)?(?: of| =|:)? ?(\d{1,5}) ?(m(?:in(?:ute)?s?)?\b)?")
    return int(match[1]) * (60 if match[2] else 1) if match else None


def restart(heard: Heard) -> Parsed:
    """'restart web'; a pod is restarted by deleting it, as its owner makes another."""
    kind = heard.kind.kind if heard.kind else None
    if kind == "Node":
        return ask_back("Nodes are not restarted from here. Shall it be drained?", "drain it", "cordon it")
    if not heard.name or heard.plural:
        if heard.contains and not heard.name and kind == "Pod":
            return call("rollout_restart", **heard.place, kind="Deployment", name=heard.contains)
        if not heard.name:
            return which(heard, "rollout_restart", "restart")
    name = heard.name or ""
    if (kind == "Pod" and is_pod_name(name)) or (kind is None and is_pod_name(name) and name not in heard.known):
        return call("pods_delete", **heard.place, name=name).noted(
            "A pod is restarted by deleting it: its owner makes another."
        )
    if kind == "Pod":
        return ask_back(
            f"Is {name} a single pod, or the workload whose pods shall be replaced?",
            f"delete pod {name}",
            f"restart deployment {name}",
            tool="rollout_restart",
        )
    if kind not in ROLLED_OUT | {None}:
        return ask_back(f"A {kind} cannot be restarted. Which workload uses it?", tool="rollout_restart")
    return call("rollout_restart", **heard.place, kind=workload(heard), name=name)


def undo(heard: Heard) -> Parsed:
    """'roll back web', 'roll back web to revision 3'."""
    if not heard.name:
        return which(heard, "rollout_undo", "roll back")
    revision = _REVISION.search(heard.text)
    number = int(revision[1]) if revision else None
    return call("rollout_undo", **heard.place, kind=workload(heard), name=heard.name, to_revision=number)


def change(heard: Heard) -> Parsed:
    """'set', 'update', 'change': by what is changed."""
    if heard.has("annotation", "annotations"):
        return label(heard, target="annotations")
    if heard.has("label", "labels"):
        return label(heard)
    if heard.has("replicas", "replica", "pods", "instances", "copies") and not heard.has("image"):
        return scale(heard)
    image = _image_of(heard)
    if image or heard.has("image", "images", "version", "tag"):
        return set_image(heard, image)
    what = f" of {heard.name}" if heard.name else ""
    return ask_back(
        f"What shall be changed{what}? I can set replicas, an image, labels or annotations; for the rest give a manifest.",
        "replicas",
        "image",
        "labels",
    )


def set_image(heard: Heard, image: str | None) -> Parsed:
    """'update the image of web to nginx:1.27'."""
    kind = workload(heard)
    if not heard.name:
        return which(heard, "set_image", "give another image")
    if image is None:
        return ask_back(
            f"Which image shall {heard.name} run? Give it whole, such as nginx:1.27.", tool="set_image", kind=kind
        )
    return call("set_image", **heard.place, kind=kind, name=heard.name, container=heard.container, image=image)


def _image_of(heard: Heard) -> str | None:
    for at, word in enumerate(heard.words):
        before = heard.words[at - 1].lower if at else ""
        if is_image(word.text) and not word.text.startswith("http"):
            return word.text
        if before == "image" and at >= 1 and word.quoted:
            return word.text
        if (
            before in {"to", "image", "with", "using"}
            and heard.has("image")
            and could_name(word)
            and word.text != heard.name
        ):
            return word.text
    return None


def label(heard: Heard, target: str = "labels") -> Parsed:
    """'label pod web-1 with tier=front', 'remove the label tier from deployment web'."""
    if heard.has("annotate", "annotation", "annotations"):
        target = "annotations"
    if not heard.name:
        return which(heard, "resources_label", "label")
    removing = heard.has("remove", "delete", "unlabel", "drop") or heard.says(r"\b[\w./-]+- *$")
    values: dict[str, str | None] = {
        match[1]: match[2] for match in _LABEL.finditer(heard.original) if match[1] != "namespace"
    }
    if removing:
        found = heard.says(
            r"(?:label|annotation)s? (?:named |called |key )?['\"`]?([a-z][-\w./]*)['\"`]? (?:from|on|of|in)"
        )
        other = heard.says(r"(?:remove|delete|drop) (?:the )?['\"`]?([a-z][-\w./]*)['\"`]? (?:label|annotation)")
        key = found or other
        values = dict.fromkeys([key[1]]) if key else dict.fromkeys(values)
    if not values:
        return ask_back(
            f"Which {target[:-1]} shall {heard.name} get? Write key=value.",
            tool="resources_label",
            kind=heard.kind_name,
        )
    if heard.kind is None:
        known = heard.known.get(heard.name, ())
        kind = known[0] if len(known) == 1 else ("Pod" if is_pod_name(heard.name) else "Deployment")
    else:
        kind = heard.kind.kind
    return call("resources_label", **heard.place, kind=kind, name=heard.name, target=target, values=values)


def _node_name(heard: Heard) -> str | None:
    return heard.node or (heard.name if heard.kind is None or heard.kind.kind == "Node" else None)


def on_node(tool: str, doing: str) -> Callable[[Heard], Parsed]:
    """Cordon, uncordon and drain."""

    def parse(heard: Heard) -> Parsed:
        name = _node_name(heard)
        if not name:
            return ask_back(f"Which node shall I {doing}?", tool=tool, kind="Node")
        extra: dict[str, Any] = {}
        if tool == "node_drain":
            extra = {
                "grace_seconds": grace(heard),
                "force": True if heard.says(r"\bforce\b|\bforcefully\b") else None,
                "delete_empty_dir_data": True if heard.says(r"empty-?dir|local data") else None,
            }
        return call(tool, name=name, **extra)

    return parse


def mark(heard: Heard) -> Parsed:
    """'mark node a unschedulable'."""
    if heard.has("unschedulable"):
        return on_node("node_cordon", "cordon")(heard)
    if heard.has("schedulable"):
        return on_node("node_uncordon", "uncordon")(heard)
    return ask_back("As what shall it be marked?", "schedulable", "unschedulable")


def run(heard: Heard) -> Parsed:
    """'run a pod named probe with image busybox'."""
    image = _run_image(heard)
    name = heard.name if heard.name and heard.name != image else None
    if heard.kind is not None and heard.kind.kind != "Pod":
        return generate(heard)
    if image and not name and heard.contains:
        name = heard.contains
    if name and not image:
        return ask_back(f"Which image shall pod {name} run?", tool="pods_run", kind="Pod")
    if not name or not image:
        return ask_back("What shall the pod be called, and which image shall it run?", tool="pods_run", kind="Pod")
    port = heard.says(r"\bport (\d{2,5})\b")
    return call("pods_run", **heard.place, name=name, image=image, port=int(port[1]) if port else None)


_ADORNED = re.compile(
    r"\b(?:requests?|limits?|memory|cpu|mount|volume|configmap|secret|env|environment|(?:liveness|readiness|startup)(?: probe)?|probes|sidecar|init|replicas?|"
    r"security|label|affinity|toleration|command)\b"
)


def _run_image(heard: Heard) -> str | None:
    if found := _image_of(heard):
        return found
    patterns = (
        r"\bimage(?: of|:|=)? ['\"`]?([a-z0-9][-\w./:@]*)",
        r"\b(?:using|with|from) (?:the |an? )?['\"`]?([a-z0-9][-\w./:@]*)['\"`]?(?: image)?\b",
        r"\b(?:a|an|the|new) ['\"`]?([a-z0-9][-\w./:@]*)['\"`]? pod\b",
    )
    for pattern in patterns:
        if (match := heard.says(pattern)) and match[1] not in {
            "image",
            "the",
            "new",
            "single",
            "test",
            "simple",
            "name",
        }:
            return match[1].rstrip(".,:")
    return None


def create(heard: Heard) -> Parsed:
    """'create': a pod, a namespace, an HPA, a label; anything else is a manifest to be written first."""
    kind = heard.kind.kind if heard.kind else None
    if kind == "HorizontalPodAutoscaler" or heard.has("hpa", "autoscaler", "autoscaling", "horizontalpodautoscaler"):
        return hpa(heard)
    if heard.has("bigger", "smaller", "larger", "faster", "slower"):
        return change(heard)
    if heard.has("label", "labels") and heard.says(r"^(?:please )?(?:add|set|put)\b") and heard.name:
        return label(heard)
    if heard.has("annotation", "annotations") and heard.name:
        return label(heard, target="annotations")
    if (
        heard.says(r"^(?:please )?add\b")
        and heard.has("replica", "replicas", "pods", "instances")
        and not heard.has("create")
    ):
        return scale(heard)
    if (
        kind == "Namespace"
        and heard.name
        and not heard.says(r"\b(?:pods?|deployments?|configmaps?|services?|quota|secret)\b")
    ):
        manifest = f"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {heard.name}\n"
        return call("resources_create_or_update", about="Namespace", manifest=manifest)
    if kind == "Pod" and not _ADORNED.search(heard.text) and not heard.says(r"\bnamespace\b.*\bwith\b.*\bpod\b"):
        return run(heard)
    return generate(heard)


def generate(heard: Heard) -> Parsed:
    """A manifest is written from the words, shown, and applied only when somebody approves it."""
    if heard.kind is None and not heard.name and not heard.says(r"[a-z0-9]+:[\w.]+|nginx|redis|postgres|mysql"):
        return ask_back("What shall be created? Name the kind of object and what it is for.", tool="manifest_generate")
    return call("manifest_generate", about=heard.kind_name, namespace=heard.namespace, request=heard.raw)


def hpa(heard: Heard) -> Parsed:
    """'create an HPA for web between 2 and 10 replicas at 70 % CPU'."""
    if heard.has("predictive", "predictively", "ai4k8s") or heard.says(r"\b(?:observe|recommend|auto) mode\b"):
        return enable(heard)
    name = heard.name
    if not name:
        return which(heard, "hpa_create", "autoscale")
    kind = heard.kind.kind if heard.kind and heard.kind.kind in SCALABLE else "Deployment"
    least, most = bounds(heard)
    if most is None:
        return ask_back(f"Up to how many replicas may {name} grow?", tool="hpa_create", kind=kind)
    cpu, memory = percent(_CPU, heard.text), percent(_MEMORY, heard.text)
    if cpu is None and memory is None and (found := _PERCENT.search(heard.text)):
        cpu = int(found[1])
    return call(
        "hpa_create",
        **heard.place,
        kind=kind,
        name=name,
        min_replicas=least,
        max_replicas=most,
        cpu_percent=cpu,
        memory_percent=memory,
    )


def bounds(heard: Heard) -> tuple[int | None, int | None]:
    """Least and most replicas that the words set."""
    if span := _RANGE.search(heard.text):
        numbers = [int(group) for group in span.groups() if group]
        return numbers[0], numbers[1]
    return percent(_MIN, heard.text), percent(_MAX, heard.text)


def percent(pattern: re.Pattern[str], text: str) -> int | None:
    """The first number a pattern finds."""
    match = pattern.search(text)
    return next((int(group) for group in match.groups() if group), None) if match else None


def enable(heard: Heard) -> Parsed:
    """'enable predictive autoscaling for web'."""
    if not heard.name:
        return which(heard, "autoscaling_enable", "scale predictively")
    least, most = bounds(heard)
    mode = next(
        (mode for mode in ("observe", "recommend", "auto") if heard.says(rf"\b{mode}(?:matic(?:ally)?)?\b")), None
    )
    kind = heard.kind.kind if heard.kind and heard.kind.kind in SCALABLE else "Deployment"
    return call(
        "autoscaling_enable",
        **heard.place,
        kind=kind,
        name=heard.name,
        mode=mode,
        min_replicas=least,
        max_replicas=most,
    )


_RUN_IN = re.compile(
    r"\b(?:run|exec(?:ute)?)\b(?: the)?(?: command)? (?P<quote>['\"`])(?P<command>.+?)(?P=quote)|\b(?:run|exec(?:ute)?) (?P<bare>[a-z][\w./ -]*?) (?:in|inside|on) "
)


def execute(heard: Heard) -> Parsed:
    """'run `ls /` in pod web-1': privileged, and off unless an operator switched it on."""
    match = _RUN_IN.search(heard.original)
    if not heard.name:
        return ask_back("In which pod shall the command run?", tool="pods_exec", kind="Pod")
    command = (match["command"] or match["bare"]) if match else None
    if not command:
        return ask_back(f"Which command shall run in {heard.name}?", tool="pods_exec", kind="Pod")
    return call("pods_exec", **heard.place, name=heard.name, container=heard.container, command=tuple(command.split()))


def unsupported(heard: Heard) -> Parsed:
    """Verbs that no tool stands for."""
    what = heard.name or (heard.kind.kind if heard.kind else "that")
    return ask_back(
        f"I have no tool for this change of {what}. I can scale, restart, roll back, label, change an image, delete, or "
        "apply a manifest that you give.",
        "scale to 0 replicas",
        "show its manifest",
    )
