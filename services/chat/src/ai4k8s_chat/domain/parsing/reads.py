"""Requests that look at something: which list, which object, which log, and of what."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ai4k8s_chat.domain.parsing.heard import is_pod_name
from ai4k8s_chat.domain.parsing.parsed import Parsed, ask_back, call

if TYPE_CHECKING:
    from ai4k8s_chat.domain.parsing.heard import Heard

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_SINCE = re.compile(
    r"\b(?:last|past|previous|since|within|for) (?:the )?(?:last |past )?(\d{1,4}|an?|one|two|few)? ?"
    r"(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)\b(?: ago)?"
)
_TAIL = re.compile(
    r"\b(?:last|tail|latest|recent|final|newest) (\d{1,4})(?: (?:lines?|logs?|log lines?|entries|messages?|rows?))?\b(?! ?(?:s|m|h|d|mins?|minutes?|hours?|hrs?|days?|seconds?|secs?)\b)|\b(\d{1,4}) (?:lines|log lines|log entries)\b|\btail(?:ing)? (\d{1,4})\b"
)
_CONTAINS = re.compile(
    r"(?:contain(?:s|ing)?|includ(?:es|ing)|with|match(?:es|ing)|mention(?:s|ing)?|for|grep(?:ping)?(?: for)?|that say) (?:the )?(?:word |text |string |phrase )?['\"`]([^'\"`]{1,200})['\"`]"
)
_HORIZON = re.compile(
    r"\b(?:next|coming|in|within|for) (?:the )?(?:next )?(\d{1,3}|an?|one|two|three|four|six|twelve)? ?(minutes?|mins?|hours?|hrs?|h|days?)\b"
)
_NUMBER_WORDS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "six": 6, "few": 3, "twelve": 12}

_STATES = (
    ("crashing", r"crash|restart loop|back-?off"),
    ("pending", r"\bpending\b|\bstuck\b|\bunscheduled\b|not (?:been )?scheduled|waiting to be scheduled"),
    ("failed", r"\bfailed\b|\bfailing\b|\bevicted\b|\bin error\b|\berrored\b"),
    (
        "unhealthy",
        r"\bunhealthy\b|not (?:healthy|running|ready|working)|\bunready\b|\bnotready\b|\bbroken\b|\bhaving (?:problems|issues|trouble)\b|with (?:problems|issues|errors)|\bin trouble\b|\bnon-?(?:running|ready)\b|\bdown\b",
    ),
    ("completed", r"\bcompleted\b|\bfinished\b|\bsucceeded\b"),
    ("restarted", r"\b(?<!by )restart(?:ed|s|ing)\b(?! count| column)"),
    ("running", r"\brunning\b"),
)
_COLUMNS = (
    ("images", r"\bimages?\b"),
    (
        "node",
        r"\b(?:which|what|their|the|on) nodes?\b(?! ?[a-z]*-?\d)|\bwhere (?:are|is|do)\b|\bnodes? (?:they|it|each)\b|\bplacement\b",
    ),
    ("ip", r"\bips?\b(?![-.])|\bip addresses\b"),
    ("labels", r"\b(?:with|show|their|and|including) (?:the |their |all )?labels\b|\blabels of\b"),
    ("requests", r"\b(?:resource )?requests\b"),
    ("limits", r"\b(?:resource )?limits\b"),
    ("containers", r"\bcontainers\b"),
    ("owner", r"\bowners?\b|\bowned by\b|\bwho owns\b"),
    ("service_account", r"\bservice ?accounts?\b (?:do|does|are|is|each|they|used)"),
)

WRONG = (
    r"\bwhat is (?:the )?(?:wrong|issue|problem|matter|up|happening|going on)\b|\bwhat (?:wrong|went wrong|caused?|has gone wrong)\b|\bwrong with\b|"
    r"\b(?:issue|issues|problem|problems|trouble) (?:with|in|of|on)\b|\bdiagnos|\btroubleshoot|\bdebug\b|\binvestigate\b|\broot cause\b|"
    r"\bwhy\b|\bhealth\b|\bhealthy\?|\b(?:is|are) .*\b(?:healthy|down|broken|ok|okay|working|alive)\b|\bhelp me (?:fix|with)\b|\bfigure out\b|"
    r"\bcheck (?:if|whether|for problems|for issues|on)\b|\banything (?:wrong|broken|unusual)\b|\bdetect why\b|\bkeeps? (?:crashing|restarting|failing)\b|"
    r"\bstuck\b|\bfix\b|\bcrash(?:es|ing|looping|ed)?\b|\bfails?\b|\bwhat happened to\b|\bany (?:problems|issues|errors)\b|\bnot (?:working|starting|responding|reachable)\b"
)


def seconds_back(heard: Heard) -> int | None:
    """'in the last 10 minutes', '--since=1h' and the like."""
    if match := _SINCE.search(heard.text):
        number, unit = match[1], match[2]
        if number is None and unit in {"s", "m", "h", "d", "w"}:
            return None
        amount = _NUMBER_WORDS.get(number, 1) if number is None or not number.isdigit() else int(number)
        return amount * _UNITS[unit[0]]
    if heard.says(r"\btoday\b"):
        return 86400
    return None


def logs(heard: Heard) -> Parsed:
    """'logs of web', 'the last 50 lines of pod web-1', 'errors in the logs of web since 1 h'."""
    if not heard.name:
        name = heard.contains
        if name is None:
            inside = f" in {heard.namespace}" if heard.namespace else ""
            return ask_back(f"The logs of which pod or workload{inside}?", tool="pods_log", kind="Pod")
    else:
        name = heard.name
    kind = heard.kind.kind if heard.kind and heard.kind.kind in _LOGGED else None
    known = heard.known.get(name, ())
    if kind is None and known and "Pod" not in known:
        kind = known[0]
    tail = next(
        (int(group) for match in [_TAIL.search(heard.text)] if match for group in match.groups() if group), None
    )
    return call(
        "pods_log",
        **heard.place,
        kind=kind or "Pod",
        name=name,
        container=heard.container,
        previous=True
        if heard.says(
            r"\bprev(?:ious)?\b|\bbefore (?:it|the|its) (?:last )?(?:crash|restart)|\blast (?:crash|restart|terminated)|\bcrashed container"
        )
        else None,
        tail_lines=min(2000, tail)
        if tail and not heard.says(rf"\b{tail} ?(?:m|mins?|minutes?|h|hours?|hrs?|s|secs?|seconds?|days?)\b")
        else None,
        since_seconds=seconds_back(heard),
        contains=_searched(heard),
    )


_LOGGED = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob"})


def _searched(heard: Heard) -> str | None:
    if match := _CONTAINS.search(heard.original):
        return match[1]
    if heard.says(r"\berrors?\b|\bexceptions?\b|\bwarnings?\b") and not heard.says(r"\blogs? .*\bnot\b"):
        return "exception" if heard.says(r"\bexceptions?\b") else "warn" if heard.says(r"\bwarnings?\b") else "error"
    return None


def limit(heard: Heard) -> int | None:
    """'the last 5 events', 'top 3 pods', 'the 10 hungriest pods'."""
    match = heard.says(
        r"\b(?:top|last|latest|first|newest|recent) (\d{1,3})\b(?! ?(?:s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|weeks?)\b)"
        r"|\b(\d{1,3}) (?:pods|most|hungriest|biggest|largest|busiest|events|anomalies|recommendations|decisions|nodes)\b"
    )
    return min(1000, next(int(group) for group in match.groups() if group)) if match else None


def top(heard: Heard) -> Parsed:
    """'CPU of the nodes', 'which pods use most memory'."""
    asked = [name for name, words in (("memory", ("memory", "ram", "mem")), ("cpu", ("cpu",))) if heard.has(*words)]
    by = asked[0] if len(asked) == 1 else None
    number = limit(heard)
    if heard.kind is not None and heard.kind.kind == "Node":
        return call("nodes_top", name=heard.name, sort_by=by, limit=number)
    if number is None and heard.says(r"\bwhich pod\b.*\bmost\b|\bthe pod (?:using|with)\b"):
        number = 1
    return call(
        "pods_top",
        **heard.place,
        name=heard.name,
        label_selector=heard.selector,
        sort_by=by,
        containers=True if heard.says(r"\b(?:per|by|each) container") else None,
        limit=number,
    )


def events(heard: Heard) -> Parsed:
    """'events', 'warnings in kube-system of the last hour', 'events of pod web-1'."""
    kind = heard.kind.kind if heard.kind and heard.kind.kind not in {"Event", "Namespace"} else None
    if heard.node and not heard.name:
        return call("events_list", kind="Node", name=heard.node, since_seconds=seconds_back(heard), limit=limit(heard))
    return call(
        "events_list",
        about=None if kind and heard.name else "Event",
        **heard.place,
        kind=kind if heard.name else None,
        name=heard.name,
        type="Warning"
        if heard.says(r"\bwarnings?\b|\berrors?\b|\bproblem")
        else "Normal"
        if heard.says(r"\bnormal\b")
        else None,
        since_seconds=seconds_back(heard),
        limit=limit(heard),
    )


def pods(heard: Heard) -> Parsed:
    """A list of pods, narrowed by state, node, label or name, with the columns that are asked for."""
    state = next((state for state, pattern in _STATES if heard.says(pattern)), None)
    if (
        state == "running"
        and heard.says(r"\bimages?\b|\bnodes?\b.*\brunning\b|\brunning on\b")
        and not heard.says(r"\brunning pods\b")
    ):
        state = None
    if heard.says(r"\bnever (?:been )?restarted\b"):
        state = None
    columns = tuple(column for column, pattern in _COLUMNS if heard.says(pattern))
    if heard.node:
        columns = tuple(column for column in columns if column != "node")
    return call(
        "pods_list",
        **heard.place,
        label_selector=heard.selector,
        name_contains=heard.contains or (heard.name if heard.plural else None),
        status=state,
        node=heard.node,
        columns=columns or None,
        sort_by="restarts"
        if heard.says(r"\brestart (?:count|counts)\b|\bby restarts\b|most restarts")
        else "age"
        if heard.says(r"\b(?:by age|oldest|newest|by creation)\b")
        else None,
        output=listed_as(heard),
        limit=limit(heard),
    )


def listed_as(heard: Heard) -> str | None:
    """How the answer is wanted: counted, wide, as YAML."""
    if heard.says(r"\bhow many\b|(?<!restart )\bcount\b|\bnumber of\b|\btotal number\b"):
        return "count"
    if heard.says(r"\byaml\b|\bmanifest\b"):
        return "yaml"
    if heard.says(r"\bjson\b"):
        return "json"
    if heard.says(r"(?<!-)(?<!cluster )\bwide\b"):
        return "wide"
    if heard.says(r"\bdescribe\b|\bdetails?\b|\bdetailed\b|\binspect\b|\bexplain\b"):
        return "describe"
    return "name" if heard.says(r"\b(?:only|just) (?:the |their )?names\b|\bnames only\b") else None


def listing(heard: Heard) -> Parsed:
    """A list of any kind, or one object of it."""
    kind = heard.kind
    if kind is None:
        raise ValueError("a kind is needed")
    if kind.kind == "Event":
        return events(heard)
    if heard.name and not heard.plural:
        return one(heard)
    if kind.kind == "Pod" and (heard.plural or not heard.says(r"\b(?:the|my|this|that) pod\b")):
        return pods(heard)
    if (
        kind.kind != "Endpoints"
        and not heard.plural
        and not heard.name
        and heard.says(r"\b(?:the|my|this|that) (?:\w+ )?" + heard_word(heard))
    ):
        return ask_back(f"Which {kind.kind} is meant? Give its name, or ask for all of them.", kind=kind.kind)
    output = listed_as(heard)
    if kind.kind == "Namespace" and not heard.name:
        return call("namespaces_list", label_selector=heard.selector, output=output)
    if heard.name:
        return one(heard)
    columns = tuple(
        column
        for column, pattern in _COLUMNS
        if column in {"images", "labels", "requests", "limits"} and heard.says(pattern)
    )
    return call(
        "resources_list",
        **heard.place,
        kind=kind.kind,
        label_selector=heard.selector,
        name_contains=heard.contains,
        columns=columns or None,
        sort_by="age" if heard.says(r"\b(?:by age|oldest|newest|by creation)\b") else None,
        output=output if output != "describe" else None,
    )


def heard_word(heard: Heard) -> str:
    """A pattern for the words of the kind that was heard, in the singular."""
    kind = heard.kind
    words = (kind.kind.lower(), *kind.names) if kind else ()
    return f"(?:{'|'.join(map(re.escape, words))})\\b"


def one(heard: Heard) -> Parsed:
    """One object of a kind."""
    kind = heard.kind.kind if heard.kind else "Deployment"
    output = listed_as(heard)
    output = None if output in {"count", "name"} else output
    if kind == "Pod":
        if heard.name and not is_pod_name(heard.name) and heard.says(r"\bpods (?:of|for|from|belonging)\b"):
            return call("pods_list", **heard.place, name_contains=heard.name)
        return call("pods_get", **heard.place, name=heard.name, output=output)
    return call("resources_get", **heard.place, kind=kind, name=heard.name, output=output)


def about(heard: Heard) -> dict[str, Any]:
    """Whom an analysis is about."""
    kind = heard.kind.kind if heard.kind and heard.kind.kind not in {"Namespace", "Event"} else None
    name = heard.name or heard.contains
    if heard.owner is not None:
        kind = heard.owner.kind
    if heard.kind is not None and heard.kind.kind == "Namespace" and heard.name:
        return {"namespace": heard.name}
    if name and kind is None:
        kinds = heard.known.get(name, ())
        kind = kinds[0] if kinds else ("Pod" if is_pod_name(name) else None)
    if name and kind is None:
        kind = "Deployment"
    return {**heard.place, "kind": kind if name else None, "name": name}


def forecast(heard: Heard) -> Parsed:
    """'forecast web', 'how much memory will web need in the next 3 hours'."""
    metric = (
        "memory"
        if heard.has("memory", "ram")
        else "replicas"
        if heard.says(r"\breplicas\b|\bpods\b")
        else "cpu"
        if heard.has("cpu")
        else None
    )
    horizon = None
    if match := _HORIZON.search(heard.text):
        amount = int(match[1]) if match[1] and match[1].isdigit() else _NUMBER_WORDS.get(match[1] or "one", 1)
        horizon = min(1440, amount * (1 if match[2].startswith("m") else 1440 if match[2].startswith("d") else 60))
    return call("forecast", **about(heard), metric=metric, horizon_minutes=horizon)


def rollout(heard: Heard) -> Parsed:
    """'rollout status of web', 'revisions of web'."""
    kind = heard.kind.kind if heard.kind else "Deployment"
    tool = "rollout_history" if heard.says(r"\bhistory\b|\brevisions?\b") else "rollout_status"
    if not heard.name:
        return ask_back("The rollout of which workload?", tool=tool, kind=kind)
    revision = heard.says(r"\brevision (\d{1,6})\b")
    extra: dict[str, Any] = {"revision": int(revision[1])} if revision and tool == "rollout_history" else {}
    return call(tool, **heard.place, kind=kind, name=heard.name, **extra)
