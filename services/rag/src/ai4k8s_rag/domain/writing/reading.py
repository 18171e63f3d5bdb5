"""What else words say: commands, references, environment, probes, ports, images, data."""

from __future__ import annotations

import re
import shlex
from typing import Any

from ai4k8s_rag.domain.writing.facts import Facts, Reader
from ai4k8s_rag.domain.writing.lexicon import ALIASES, NOT_NAMES, SOFTWARE
from ai4k8s_rag.domain.writing.reading_amounts import (
    read_counts,
    read_resources,
    read_scaling,
    read_schedule,
    read_storage,
)
from ai4k8s_rag.domain.writing.segments import NAME, QUOTED

_IMAGE = r"(?:[a-z0-9.-]+(?::\d+)?/)?[a-z0-9]+(?:[._/-][a-z0-9]+)*(?::[\w][\w.-]*)?(?:@sha256:[0-9a-f]{64})?"

_REGISTRY = r"(?:docker\.io|ghcr\.io|quay\.io|gcr\.io|k8s\.gcr\.io|mcr\.microsoft\.com|registry\.[a-z0-9.-]+(?::\d+)?|[a-z0-9.-]+\.(?:azurecr\.io|amazonaws\.com|pkg\.dev))"

_TAGGED = rf"(?<![\w/:.-])((?:[a-z0-9.-]+(?::\d+)?/)?[a-z0-9]+(?:[._/-][a-z0-9]+)*:[a-zA-Z0-9_](?:[\w.-]*\w)?|{_REGISTRY}/[\w./:@-]+[\w]|[a-z0-9]+(?:[._/-][a-z0-9]+)*@sha256:[0-9a-f]{{64}}|[a-z0-9]+:\d+)(?![\w/])"

_HOST = r"(?:\*\.)?(?:[a-z0-9](?:[-a-z0-9]*[a-z0-9])?\.)+[a-z]{2,}"


def facts_of(text: str, quotes: list[str]) -> Facts:
    """Read the words of one object. `quotes` are the long quoted texts that stand as §n§ in it."""
    facts, reader = Facts(), Reader(text)
    for read in (
        _commands,
        _helpers,
        _namespace,
        _references,
        _environment,
        _labels,
        _probes,
        read_schedule,
        read_scaling,
    ):
        read(facts, reader, quotes)
    for read_plain in (read_storage, read_resources, _image, _network, read_counts, _flags, _data):
        read_plain(facts, reader)
    return facts


def _unquoted(text: str, quotes: list[str]) -> str:
    found = re.fullmatch(r"§(\d+)§", text.strip())
    return quotes[int(found[1])] if found else text.strip().strip("'\"`")


def split_command(text: str) -> list[str]:
    """Return a command's words; one that needs a shell is given to one."""
    if re.search(r"[|&;<>$`\n]|&&", text):
        return ["sh", "-c", text]
    try:
        return shlex.split(text) or [text]
    except ValueError:
        return ["sh", "-c", text]


_Q = r"(§\d+§|'[^']*'|\"[^\"]*\"|`[^`]*`)"


def _commands(facts: Facts, reader: Reader, quotes: list[str]) -> None:
    found = reader.take(
        rf"\b(?:init[ -]?containers?|initcontainer)\b[^.;]*?\b(?:running|runs?|that runs?|command|to run|with)\s*(?:the\s+command\s+)?{_Q}"
    )
    if found:
        facts.init = (found[0], _unquoted(found[1], quotes))
    found = reader.take(rf"\b(?:with\s+|and\s+)?(?:the\s+)?(?:command|cmd)s?(?:\s+is)?\s*[:=]?\s*{_Q}")
    found = found or reader.take(
        rf"\b(?:that\s+)?(?:runs?|running|executes?|executing|prints?|to run)\s+(?:the\s+)?(?:command\s+)?{_Q}"
    )
    if found:
        facts.command = split_command(_unquoted(found[1], quotes))
    elif re.search(r"\bsleeps?\b", reader.text, re.IGNORECASE):
        found = reader.take(
            r"\b(?:that\s+)?(?:sleeps?|sleeping)(?:\s+for)?\s+(\d+|infinity|forever)(?:\s*s(?:econds?)?)?\b"
        )
        if found:
            facts.command = ["sleep", "infinity" if found[1].lower() == "forever" else found[1]]
    found = reader.take(rf"\b(?:arg(?:ument)?s?)\s*[:=]?\s*{_Q}")
    if found:
        facts.args = split_command(_unquoted(found[1], quotes))


def _helpers(facts: Facts, reader: Reader, _: list[str]) -> None:
    if facts.init is not None:
        image = re.search(_TAGGED, facts.init[0])
        facts.init = (image[1] if image else SOFTWARE["busybox"].image, facts.init[1])
    found = reader.take(
        rf"\bsidecar(?:\s+container)?\s+(?:(?:named|called)\s+({NAME})\s+)?(?:using\s+|with\s+|running\s+|from\s+)*(?:the\s+)?(?:image\s+)?({_IMAGE})"
    )
    found = found or reader.take(rf"()\b({_IMAGE})\s+sidecar(?:\s+container)?\b")
    if found:
        word = found[2].lower()
        known = SOFTWARE.get(ALIASES.get(word, word))
        facts.sidecar = (found[1] or "", known.image if known else found[2])


def _namespace(facts: Facts, reader: Reader, _: list[str]) -> None:
    found = reader.take(
        rf"\b(?:in|into|to|within|inside|from|on|for|of)\s+(?:the\s+|a\s+)?namespace\s*[:=]?\s*{QUOTED}?({NAME}){QUOTED}?"
    )
    found = found or reader.take(
        rf"\b(?:in|into|to|within|inside|for)\s+(?:the\s+|my\s+|our\s+)?{QUOTED}?(?!the\b|same\b|that\b|this\b|a\b)({NAME}){QUOTED}?\s+namespace\b(?!s)"
    )
    found = found or reader.take(rf"(?:^|\s)(?:-n|--namespace[= ])\s*({NAME})\b")
    if found:
        facts.namespace = found[1].lower()
    reader.take(r"\bin\s+(?:the\s+same|that|this)\s+namespace\b")


_STORE = r"(?P<kind>config[ -]?map|secret)"


def _references(facts: Facts, reader: Reader, _: list[str]) -> None:
    def kind_of(word: str) -> str:
        return "Secret" if word.lower().startswith("s") else "ConfigMap"

    # value of 'color' key from 'color-settings' ConfigMap as an env var 'COLOR'
    for found in reader.take_all(
        rf"(?:values?\s+of\s+)?(?:the\s+)?{QUOTED}?(?P<key>[\w.-]+){QUOTED}?\s+key\s+(?:from|of|in)\s+(?:the\s+)?{QUOTED}?(?P<name>{NAME}){QUOTED}?\s+{_STORE}\s+as\s+(?:an?\s+)?(?:the\s+)?(?:env(?:ironment)?(?:\s+var(?:iable)?)?\s+)?{QUOTED}?(?P<var>[A-Za-z_]\w*){QUOTED}?"
    ):
        facts.env_from.append((found["var"], kind_of(found["kind"]), found["name"].lower(), found["key"]))
    # env DB_PASSWORD from secret db key password
    for found in reader.take_all(
        rf"(?:env(?:ironment)?(?:\s+var(?:iable)?)?\s+)?{QUOTED}?(?P<var>(?-i:[A-Z_][A-Z0-9_]*)){QUOTED}?\s+(?:comes?\s+|taken\s+|read\s+|set\s+)?from\s+(?:the\s+)?(?:key\s+{QUOTED}?(?P<key1>[\w.-]+){QUOTED}?\s+(?:of|in)\s+)?(?:the\s+)?{_STORE}\s+{QUOTED}?(?P<name>{NAME}){QUOTED}?(?:\s*,?\s*(?:\(?key|under)\s+{QUOTED}?(?P<key2>[\w.-]+){QUOTED}?\)?)?"
    ):
        key = found["key1"] or found["key2"] or found["var"].lower().replace("_", "-")
        facts.env_from.append((found["var"], kind_of(found["kind"]), found["name"].lower(), key))
    # all keys of configmap app as env
    for found in reader.take_all(
        rf"(?:env(?:ironment)?(?:\s+var(?:iable)?s)?\s+from|(?:load|take|use)s?\s+(?:all\s+)?(?:env(?:ironment)?|keys)\s+(?:from|of)|envfrom)\s+(?:the\s+)?{_STORE}\s+{QUOTED}?(?P<name>{NAME}){QUOTED}?"
    ):
        facts.env_all.append((kind_of(found["kind"]), found["name"].lower()))
    mount = (
        r"\s+(?:in\s+\w+\s+)?(?:mounted\s+)?(?:at|under|to|in|on|into)\s+"
        + QUOTED
        + r"?(?P<path>/[\w./-]*)"
        + QUOTED
        + "?"
    )
    for pattern in (
        rf"(?:mounts?|mounting)\s+(?:all\s+|the\s+|an?\s+|keys?\s+|in\s+|from\s+|existing\s+)*{QUOTED}?(?P<name>{NAME}){QUOTED}?\s+(?P<kind>config[ -]?map|secret|pvc|claim|persistent volume claim){mount}",
        rf"(?:mounts?|mounting|with)?\s*(?:all\s+|the\s+|an?\s+|keys?\s+|existing\s+)*(?P<kind>config[ -]?map|secret|pvc|claim|persistent volume claim)\s+(?:named\s+|called\s+)?{QUOTED}?(?P<name>{NAME}){QUOTED}?{mount}",
    ):
        for found in reader.take_all(pattern):
            low = found["kind"].lower()
            kind = "PersistentVolumeClaim" if low[0] == "p" or low == "claim" else kind_of(low)
            facts.mounts.append((kind, found["name"].lower(), found["path"].rstrip("/") or "/"))
    for found in reader.take_all(r"\bempty[ -]?dir(?:\s+volume)?(?:\s+(?:mounted\s+)?(?:at|under|on)\s+(/[\w./-]+))?"):
        facts.mounts.append(("emptyDir", "scratch", found[1] or "/tmp"))  # noqa: S108 - a path in a container
    for found in reader.take_all(
        r"\b(?:host[ -]?path|(?:the\s+)?host'?s?|from the host)\s+(?:path\s+|directory\s+|folder\s+)?(/[\w./-]*)(?:\s+(?:mounted\s+)?(?:at|to|on|under)\s+(/[\w./-]+))?"
    ):
        facts.mounts.append(("hostPath", found[1], found[2] or found[1]))
    uses = rf"(?:using|use|uses|with|as|under)\s+(?:the\s+|an?\s+|existing\s+)*service[ -]?account\s+{QUOTED}?{NAME}"
    if reader.has(uses):
        account = reader.take(rf"\bservice[ -]?account\s+(?:named\s+|called\s+)?{QUOTED}?({NAME}){QUOTED}?")
        if account and account[1].lower() not in NOT_NAMES:
            facts.service_account = account[1].lower()
    pull = reader.take(rf"\b(?:image[ -]?)?pull[ -]?secrets?\s+(?:named\s+|called\s+)?{QUOTED}?({NAME}){QUOTED}?")
    if pull:
        facts.pull_secret = pull[1].lower()


def _environment(facts: Facts, reader: Reader, quotes: list[str]) -> None:
    value = r"(§\d+§|'[^']*'|\"[^\"]*\"|`[^`]*`|[^\s,;'\"`]*[^\s,;'\"`.])"
    for found in reader.take_all(
        rf"(?:env(?:ironment)?\s+(?:var(?:iable)?\s+)?)(?:named\s+|called\s+)?['\"`]?([A-Za-z_]\w*)['\"`]?\s*(?:=|:|\s+(?:set\s+)?to\s+|\s+with\s+(?:the\s+)?value\s+|\s+value\s+|\s+equal\s+to\s+)\s*{value}"
    ):
        facts.env[found[1]] = _unquoted(found[2], quotes)
    for found in reader.take_all(rf"(?<![\w./-])['\"`]?((?-i:[A-Z][A-Z0-9_]*))=\s*{value}['\"`]?"):
        facts.env.setdefault(found[1], _unquoted(found[2], quotes).strip("'\"`"))
    for found in reader.take_all(
        rf"(?<![\w./-])((?-i:[A-Z][A-Z0-9_]{{2,}}))\s+(?:set\s+to|to\s+be|with\s+value)\s+{value}"
    ):
        facts.env.setdefault(found[1], _unquoted(found[2], quotes))


def _labels(facts: Facts, reader: Reader, _: list[str]) -> None:
    for found in reader.take_all(
        r"\bnodes?\s+(?:with\s+(?:the\s+)?(?:label\s+)?|labell?ed\s+)['\"`]?([\w./-]+)\s*=\s*([\w.-]*\w)['\"`]?|\bnode[ -]?selector\s+([\w./-]+)\s*[=:]\s*([\w.-]*\w)"
    ):
        facts.node_selector[found[1] or found[3]] = found[2] or found[4]
    taint = reader.take(r"\btoler\w+\s+(?:for\s+)?(?:the\s+)?(?:taints?\s+)?([\w./-]*\w)(?:=([\w.-]+))?(?::(\w+))?")
    if taint and taint[1].lower() not in NOT_NAMES:
        facts.labels["§taint"] = "|".join(part or "" for part in taint.groups())
    pair = r"['\"`]?[\w./-]+['\"`]?\s*[=:]\s*['\"`]?[\w.-]*\w['\"`]?"
    for word, into in (("labell?(?:ed|s)?", facts.labels), ("annotat(?:ed|ions?)", facts.annotations)):
        for found in reader.take_all(
            rf"\b(?:with\s+)?(?:the\s+|an?\s+)?{word}\s+(?:with\s+)?({pair}(?:\s*(?:,|and)\s*{pair})*)"
        ):
            for each in re.finditer(r"['\"`]?([\w./-]+)['\"`]?\s*[=:]\s*['\"`]?([\w.-]*\w)['\"`]?", found[1]):
                into[each[1]] = each[2]


def _probes(facts: Facts, reader: Reader, quotes: list[str]) -> None:
    kinds = r"(readiness\s+and\s+liveness|liveness\s+and\s+readiness|readiness|liveness|start-?up|health)"
    how = rf"(?:\s+(?:http\s+|https\s+|tcp\s+|grpc\s+)?(?:on|at|to|using|via|checking|with|against|that\s+(?:calls?|gets?|runs?|checks?))?\s*(?:http\s+)?(?:get\s+)?(?:path\s+|the\s+path\s+|command\s+|exec\s+)?(?P<how>/[\w./-]*[\w/]|/|{_Q[1:-1]}|(?:tcp\s+|grpc\s+)?(?:port\s+)?\d+))?(?:\s*(?:,|on|at|:)?\s*port\s+(?P<port>\d+))?"
    every = r"(?:[^.;]{0,30}?every\s+(?P<every>\d+)\s*s(?:econds?)?)?(?:[^.;]{0,20}?(?:after|initial\s+delay(?:\s+of)?)\s+(?P<delay>\d+)\s*s(?:econds?)?)?"
    for found in reader.take_all(
        rf"(?:\b(?:an?|the)\s+)?(?:(?:http|tcp|grpc)\s+)?\b{kinds}\s*(?:probes?|checks?){how}{every}"
    ):
        said = found["how"] or ""
        probe: dict[str, Any] = {}
        if said.startswith("/"):
            probe["path"] = said
        elif re.match(_Q, said):
            probe["command"] = split_command(_unquoted(said, quotes))
        elif re.search(r"\d+", said):
            probe["port"] = int(re.findall(r"\d+", said)[0])
        if found["port"]:
            probe["port"] = int(found["port"])
        for key, field_name in (("every", "periodSeconds"), ("delay", "initialDelaySeconds")):
            if found[key]:
                probe[field_name] = int(found[key])
        probe["how"] = (
            "tcp"
            if re.search(r"\btcp\b", found[0], re.IGNORECASE)
            else "grpc"
            if re.search(r"\bgrpc\b", found[0], re.IGNORECASE)
            else ""
        )
        words = found[1].lower()
        for word, name in (("readiness", "readinessProbe"), ("liveness", "livenessProbe"), ("start", "startupProbe")):
            if word in words:
                facts.probes[name] = probe
        if words == "health":
            facts.probes["readinessProbe"] = probe
            facts.probes["livenessProbe"] = probe
    if reader.take(r"\b(?:with\s+)?(?:health\s+)?probes\b"):
        facts.probes.setdefault("readinessProbe", {"how": ""})
        facts.probes.setdefault("livenessProbe", {"how": ""})


def _network(facts: Facts, reader: Reader) -> None:
    found = reader.take(r"\bnode[ -]?port\s*[:=]?\s*(3[0-2]\d{3})\b")
    if found:
        facts.node_port, facts.service_type = int(found[1]), "NodePort"
    for pattern, kind in (
        (r"load[ -]?balancer", "LoadBalancer"),
        (r"node[ -]?port", "NodePort"),
        (r"cluster[ -]?ip", "ClusterIP"),
    ):
        if reader.take(rf"\b(?:(?:of\s+)?type\s*[:=]?\s+)?{pattern}\b"):
            facts.service_type = facts.service_type or kind
    facts.headless = reader.take(r"\bheadless\b") is not None
    found = reader.take(
        r"\bports?\s*[:=]?\s*(\d{1,5})\s*(?:->|:|→|=>|(?:and\s+)?(?:(?:that\s+)?(?:forwards?|forwarding|maps?|mapped|mapping|targets?|targeting|sends?|pointing|routes?|routing|going)\s*(?:to|traffic\s+to)?|(?:and\s+|with\s+)?(?:a\s+)?(?:container|target)[ -]?port\s*[:=]?|to))\s*(?:the\s+)?(?:container\s+|target\s+|pod\s+)?(?:port\s+)?(\d{1,5})"
    )
    found = found or reader.take(r"(?<![\w.:/-])(\d{2,5})\s*(?:->|:|→|=>)\s*(\d{2,5})(?![\w.:/])")
    if found and 0 < int(found[1]) < 65536 > int(found[2]) > 0:
        facts.ports.append(int(found[1]))
        facts.target_port = int(found[2])
    found = reader.take(r"\b(?:target|container)[ -]?port\s*[:=]?\s*(?:of\s+)?(\d{1,5})")
    if found:
        facts.target_port = int(found[1])
    for found in reader.take_all(
        r"\b(?:ports?|listen(?:s|ing)?\s+on(?:\s+port)?|serv(?:es|ing)\s+on(?:\s+port)?)\s*[:=]?\s*(\d{1,5})(?:/(tcp|udp))?((?:\s*(?:,|and|&)\s*(?:port\s+)?\d{2,5}(?![\w.%]))*)"
    ):
        facts.ports += [int(each) for each in [found[1], *re.findall(r"\d+", found[3])]]
        facts.protocol = (found[2] or facts.protocol).upper()
    if reader.take(r"\budp\b"):
        facts.protocol = facts.protocol or "UDP"
    facts.ports = [port for port in dict.fromkeys(facts.ports) if 0 < port < 65536]
    found = reader.take(
        r"\btls\s+secret\s+(?:named\s+|called\s+)?['\"`]?([a-z0-9][-a-z0-9.]*)|\bsecret\s+['\"`]?([a-z0-9][-a-z0-9]*)['\"`]?\s+for\s+tls"
    )
    if found:
        facts.tls, facts.tls_secret = True, (found[1] or found[2]).lower()
    if reader.take(r"\b(?:tls|https|ssl)\b(?!://)"):
        facts.tls = True
    found = reader.take(rf"(?<![\w.*@/-])(?:https?://)?({_HOST})(?![\w:])(/[\w./-]*\w)?(?![\w/:@])")
    if found and not re.search(
        r"\.(?:ya?ml|json|conf|properties|sh|py|txt|ini|toml|svc|local)$", found[1], re.IGNORECASE
    ):
        facts.host = found[1].lower()
        facts.path = found[2] or ""
        if found[0].lower().startswith("https://"):
            facts.tls = True
    found = reader.take(r"\b(?:path|prefix|under|at)\s+['\"`]?(/[\w./-]*\w|/)['\"`]?") if not facts.path else None
    if found:
        facts.path = found[1]
    found = reader.take(
        rf"\b(?:ingress[ -]?)?(?:gateway[ -]?)?class(?:\s*name)?\s*[:=]?\s*(?:named\s+|called\s+)?{QUOTED}?({NAME}){QUOTED}?"
    ) or reader.take(rf"\b({NAME})\s+(?:ingress|gateway)[ -]?class\b")
    if found and found[1].lower() not in NOT_NAMES:
        facts.class_name = found[1].lower()


def _image(facts: Facts, reader: Reader) -> None:
    found = reader.take(
        rf"\b(?:container\s+)?image\s*(?:is\s+|named\s+|called\s+|of\s+|tag\s+)?[:=]?\s*{QUOTED}?({_IMAGE}){QUOTED}?"
    )
    if found and found[1].lower() not in NOT_NAMES:
        facts.image = found[1].rstrip(".,")
    if not facts.image:
        found = reader.take(rf"(?<!to )(?<!service )(?<!svc )(?<!backend )(?<!https:)(?<!http:){_TAGGED}")
        if found and not re.fullmatch(r"\d+:\d+", found[1]):
            facts.image = found[1]
        elif found:  # a pair of ports
            reader.text = reader.text[: found.start(1)] + found[1] + reader.text[found.end(1) :]
    if not facts.image:
        found = reader.take(rf"(?<![\w-]){QUOTED}?((?:{NAME}/)+{NAME}){QUOTED}?\s+(?:container\s+)?image\b")
        if found:
            facts.image = found[1]
    base = re.sub(r"[:@].*", "", facts.image.rpartition("/")[2]) if facts.image else ""
    facts.software = ALIASES.get(base, base) if ALIASES.get(base, base) in SOFTWARE else ""
    if not facts.image:
        words = "|".join(sorted({*SOFTWARE, *ALIASES}, key=len, reverse=True))
        found = re.search(
            rf"(?<![\w/.-])({words})(?![\w/-]|\.\w)(?:\s+(?:version\s+)?v?(\d+(?:\.\d+)*)(?!\s*(?:replicas|pods|instances|copies|cpu|core|gb|mb|gi|mi|%|m\b))(?!\w|%))?",
            reader.text,
            re.IGNORECASE,
        )
        if found:
            facts.software = ALIASES.get(found[1].lower(), found[1].lower())
            known = SOFTWARE[facts.software]
            facts.image = f"{re.sub(r':[^/]*$', '', known.image)}:{found[2]}" if found[2] else known.image
            if not found[2]:
                facts.flags.add("image-assumed")
    bare = facts.image and not re.search(r"[/:@]", facts.image)
    if bare and facts.software:
        facts.image = SOFTWARE[facts.software].image
        facts.flags.add("image-assumed")


_FLAGS = {
    "non-root": r"non[ -]?root|not\s+(?:run\s+)?as\s+root|without\s+root|unprivileged|runasnonroot",
    "restricted": r"restricted(?:\s+(?:profile|pod security|psa|pss))?|hardened|locked[ -]down",
    "read-only": r"read[ -]?only\s+(?:root\s+)?file\s*system|readonlyrootfilesystem",
    "privileged": r"(?<!un)(?<!non-)privileged",
    "host-network": r"host[ -]?network",
    "host-pid": r"host[ -]?pid",
    "recreate": r"\brecreate\b",
    "spread": r"anti-?affinity|spread|different nodes|across (?:nodes|zones)|high(?:ly)?[ -]availab\w+|\bha\b",
    "zones": r"across (?:availability )?zones|per zone",
    "every-node": r"(?:on )?(?:every|each|all) nodes?|including (?:the )?control[ -]plane",
    "control-plane": r"control[ -]plane|master nodes?|all nodes including",
    "cluster-wide": r"cluster[ -]?wide|all namespaces|whole cluster|across namespaces",
    "read": r"read[ -]?only|view(?:er|ing)?\b|\bread\b",
    "full": r"full (?:access|control|rights)|\badmin(?:istrator)?\b|everything|all verbs|manage",
    "deny": r"den(?:y|ies|ied|ying)|block(?:s|ed|ing)?|isolat\w+|no (?:incoming|outgoing|ingress|egress|traffic)|forbid\w*|restrict\w*",
    "ingress": r"\bingress\b|incoming|inbound",
    "egress": r"\begress\b|outgoing|outbound",
    "dns": r"\bdns\b",
    "suspend": r"suspended|paused",
    "forbid": r"(?:no|never|without|forbid|not allow\w*|prevent)\s+(?:\w+\s+){0,3}(?:overlap\w*|concurren\w*|parallel runs)|concurrency\s*policy\s*[:=]?\s*forbid|one at a time",
    "replace": r"concurrency\s*policy\s*[:=]?\s*replace|replac\w+ the (?:running|old) one",
    "recommend": r"recommend\w*|\boff\b|only advice",
    "initial": r"\binitial\b",
    "default-deny": r"default[ -]?deny",
    "service": r"\bservice\b",
    "immutable": r"immutable",
}


def _flags(facts: Facts, reader: Reader) -> None:
    for flag, pattern in _FLAGS.items():
        if reader.has(pattern):
            facts.flags.add(flag)
    found = re.search(
        r"\b(?:capabilit(?:y|ies)|cap)\s+((?:[A-Z_]{3,}(?:\s*(?:,|and)\s*)?)+)|\b([A-Z]+_[A-Z_]+)\s+capabilit",
        reader.text,
    )
    if found:
        facts.labels.setdefault("§capabilities", " ".join(re.findall(r"[A-Z_]{3,}", found[1] or found[2])))


def _data(facts: Facts, reader: Reader) -> None:
    for found in re.finditer(
        r"(?<![\w/.-])['\"`]?([A-Za-z_][\w.-]*)\s*=\s*(?:['\"`]([^'\"`]*)['\"`]|([^\s,;'\"`]*[^\s,;'\"`.)]))['\"`]?",
        reader.text,
    ):
        facts.pairs[found[1]] = found[2] if found[2] is not None else found[3]
    listed = re.search(
        r"\b(?:keys?|entries|fields|values)\s+(?:named\s+|called\s+|for\s+)?((?:['\"`]?[A-Za-z_][\w.-]*['\"`]?(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s+)?)+)",
        reader.text,
        re.IGNORECASE,
    )
    if listed:
        stop = re.split(r"\b(?:in|from|to|with|for|of|set|as|under|that|which)\b", listed[1], maxsplit=1)[0]
        words = re.findall(r"[A-Za-z_][\w.-]*", stop)
        facts.keys = [word.rstrip(".") for word in words if word.lower() not in {"and", "the", "a", "an"}]
