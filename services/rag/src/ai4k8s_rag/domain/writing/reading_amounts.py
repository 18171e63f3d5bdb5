"""How much, how many and when: resources, storage, counts, bounds of autoscalers, schedules."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ai4k8s_rag.domain.writing import amounts
from ai4k8s_rag.domain.writing.lexicon import NOT_NAMES
from ai4k8s_rag.domain.writing.segments import NAME, QUOTED

if TYPE_CHECKING:
    from ai4k8s_rag.domain.writing.facts import Facts, Reader

_N = amounts.NUMBER


def read_schedule(facts: Facts, reader: Reader, quotes: list[str]) -> None:
    text = re.sub(r"§(\d+)§", lambda found: quotes[int(found[1])], reader.text)
    found = amounts.schedule(text)
    if found is not None:
        facts.schedule, facts.schedule_remark = found
    zone = reader.take(r"\b((?-i:[A-Z][a-z]+/[A-Z][A-Za-z_]+))\b(?:\s+time(?:\s*zone)?)?")
    if zone:
        facts.time_zone = zone[1]
    reader.take(
        r"['\"`](?:[\d*/,A-Za-z-]+\s+){4}[\d*/,A-Za-z-]+['\"`]|(?<!\S)(?:[\d*][\d*/,-]*\s+){2,4}[\d*][\d*/,A-Za-z-]*(?!\S)"
    )


def read_scaling(facts: Facts, reader: Reader, _: list[str]) -> None:
    unit = r"(?:\s*(?:replicas|pods|instances|copies))?"
    found = reader.take(rf"\b(?:between|from)\s+({_N}){unit}\s+(?:and|to|up to)\s+({_N})\b(?!\s*%){unit}")
    found = found or reader.take(rf"\b({_N})\s*(?:-|\u2013|\.\.)\s*({_N})\s*(?:replicas|pods|instances)")
    found = found or reader.take(rf"\b({_N})\s+to\s+({_N})\s+(?:replicas|pods|instances|copies)")
    found = found or reader.take(
        rf"\bmin(?:imum)?(?:\s*replicas)?(?:\s+of)?\s*[:=]?\s*({_N}){unit}\s*(?:,|and)?\s*(?:a\s+)?max(?:imum)?(?:\s*replicas)?(?:\s+of)?\s*[:=]?\s*({_N}){unit}"
    )
    if found:
        facts.least, facts.most = amounts.number(found[1]), amounts.number(found[2])
    else:
        found = reader.take(rf"\bup\s+to\s+({_N})\b(?!\s*(?:%|[KMGT]i?[bB]?\b|cpus?|cores?|gb|mb)){unit}")
        found = found or reader.take(
            rf"\bmax(?:imum)?(?:\s+(?:of|replicas))?\s*[:=]?\s*({_N})\s*(?:replicas|pods|instances)"
        )
        if found:
            facts.most = amounts.number(found[1])
    for found in reader.take_all(
        r"\b(\d{1,3})\s*(?:%|percent)\s*(?:of\s+|average\s+|target\s+)*(cpu|memory|mem|ram)\b|\b(cpu|memory|mem|ram)\s*(?:utili[sz]ation|usage|load|target)?\s*(?:of|at|above|over|exceeds|reaches|is|:|=|to|goes\s+(?:above|over))?\s*(\d{1,3})\s*(?:%|percent)"
    ):
        resource = (found[2] or found[3]).lower()
        facts.targets["cpu" if resource == "cpu" else "memory"] = int(found[1] or found[4])
    found = reader.take(r"\b(?:at|target(?:ing)?|utili[sz]ation(?:\s+of)?)\s+(\d{1,3})\s*(?:%|percent)")
    if found:
        facts.targets.setdefault("cpu", int(found[1]))


def read_storage(facts: Facts, reader: Reader) -> None:
    size = amounts.MEMORY
    found = reader.take(
        rf"\b{size}\s*(?:of\s+)?(?:(?:persistent|fast|ssd|shared|block|disk|local|data)\s+)*(?:storage|disks?|volumes?|pvc|space|ssd|claims?|persistent volume)\b"
    )
    found = found or reader.take(
        rf"\b(?:storage|disk|volume|pvc|claim|space)\s*(?:size)?\s*(?:of|:|=|with|requesting|request)?\s*(?:size\s+)?{size}"
    )
    if found:
        facts.storage = amounts.memory(found[1], found[2])
    found = reader.take(
        rf"\bstorage[ -]?class(?:\s*name)?\s*[:=]?\s*(?:named\s+|called\s+|of\s+)?{QUOTED}?({NAME}){QUOTED}?"
    )
    found = found or reader.take(rf"{QUOTED}?({NAME}){QUOTED}?\s+storage[ -]?class\b")
    if found and found[1].lower() not in NOT_NAMES:
        facts.storage_class = found[1].lower()
    for pattern, mode in (
        (r"read[ -]?write[ -]?once[ -]?pod|\brwop\b", "ReadWriteOncePod"),
        (r"read[ -]?write[ -]?many|\brwx\b|shared (?:by|between|across) (?:many|all|several|pods)", "ReadWriteMany"),
        (r"read[ -]?only[ -]?many|\brox\b", "ReadOnlyMany"),
        (r"read[ -]?write[ -]?once|\brwo\b", "ReadWriteOnce"),
    ):
        if reader.take(pattern) and not facts.access_mode:
            facts.access_mode = mode
    found = reader.take(
        r"\b(?:mounted\s+|mount(?:ed)?\s+(?:it|them)\s+)(?:at|on|to|in|under)\s+['\"`]?(/[\w./-]*\w)['\"`]?"
    )
    if found:
        facts.mount_path = found[1]
    if reader.has(r"\bpersistent\b|\bpersist\w*\b|\bdurable\b"):
        facts.flags.add("persistent")


def _put(facts: Facts, sort: str, resource: str, amount: str) -> None:
    sort = sort.lower()
    if "request" in sort:
        facts.requests.setdefault(resource, amount)
    if "limit" in sort or "max" in sort or "most" in sort or "up to" in sort:
        facts.limits.setdefault(resource, amount)
    if not sort.strip():
        facts.amounts.setdefault(resource, amount)


def read_resources(facts: Facts, reader: Reader) -> None:
    sort = r"(requests?\s*(?:/|and|,)\s*limits?|limits?\s*(?:/|and)\s*requests?|requests?|limits?|limited\s+to|max(?:imum)?|at\s+most|up\s+to)"
    link = r"\s*(?:of|to|:|=|is|at)?\s*"
    mem, ram = amounts.MEMORY, r"(?:memory|mem|ram)"
    # CPU request 60m, limit 600m
    found = reader.take(
        rf"\bcpu\s+request{link}({amounts.CPU[1:-1]})\s*(?:,|and)\s*(?:a\s+|cpu\s+)?limit{link}({amounts.CPU[1:-1]})"
    )
    if found:
        facts.requests["cpu"], facts.limits["cpu"] = amounts.cpu(found[1]), amounts.cpu(found[2])
    found = reader.take(rf"\b{ram}\s+request{link}{mem}\s*(?:,|and)\s*(?:a\s+|memory\s+)?limit{link}{mem}")
    if found:
        facts.requests["memory"], facts.limits["memory"] = (
            amounts.memory(found[1], found[2]),
            amounts.memory(found[3], found[4]),
        )
    for found in reader.take_all(
        rf"\b{sort}{link}({amounts.CPU[1:-1]})\s*(?:of\s+)?(?:cpus?|cores?|vcpus?)?\s*(?:and|,|/|&)\s*{mem}(?:\s*(?:of\s+)?{ram})?\b"
    ):
        _put(facts, found[1], "cpu", amounts.cpu(found[2]))
        _put(facts, found[1], "memory", amounts.memory(found[3], found[4]))
    for found in reader.take_all(
        rf"\b{sort}{link}{mem}(?:\s*(?:of\s+)?{ram})?\s*(?:and|,|/|&)\s*({amounts.CPU[1:-1]})\s*(?:of\s+)?(?:cpus?|cores?|vcpus?)\b"
    ):
        _put(facts, found[1], "memory", amounts.memory(found[2], found[3]))
        _put(facts, found[1], "cpu", amounts.cpu(found[4]))
    for found in reader.take_all(rf"\b{ram}\s*{sort}{link}{mem}"):
        _put(facts, found[1], "memory", amounts.memory(found[2], found[3]))
    for found in reader.take_all(rf"\b(?:(?:with|a|an|and|of)\s+)*{sort}{link}(?:of\s+)?{mem}\s*(?:of\s+)?{ram}\b"):
        _put(facts, found[1], "memory", amounts.memory(found[2], found[3]))
    for found in reader.take_all(rf"\b{mem}\s*(?:of\s+)?{ram}\s*{sort}"):
        _put(facts, found[3], "memory", amounts.memory(found[1], found[2]))
    for found in reader.take_all(rf"\bcpu\s*{sort}{link}({amounts.CPU[1:-1]})"):
        _put(facts, found[1], "cpu", amounts.cpu(found[2]))
    for found in reader.take_all(
        rf"\b{sort}{link}({amounts.CPU[1:-1]})\s*(?:of\s+)?(?:a\s+)?(?:cpus?|cores?|vcpus?)\b"
    ):
        _put(facts, found[1], "cpu", amounts.cpu(found[2]))
    for found in reader.take_all(
        rf"(?<![\w.])({amounts.CPU[1:-1]})\s*(?:of\s+)?(?:a\s+)?(?:cpus?|cores?|vcpus?)\s*{sort}"
    ):
        _put(facts, found[2], "cpu", amounts.cpu(found[1]))
    for found in reader.take_all(rf"\b{mem}\s*(?:of\s+)?{ram}\b(?:\s+each)?"):
        facts.amounts.setdefault("memory", amounts.memory(found[1], found[2]))
    for found in reader.take_all(rf"\b{ram}{link}(?:of\s+)?{mem}"):
        facts.amounts.setdefault("memory", amounts.memory(found[1], found[2]))
    for found in reader.take_all(rf"(?<![\w.])({amounts.CPU[1:-1]})\s*(?:of\s+)?(?:a\s+)?(?:cpus?|cores?|vcpus?)\b"):
        facts.amounts.setdefault("cpu", amounts.cpu(found[1]))
    for found in reader.take_all(rf"\bcpus?{link}(\d+(?:\.\d+)?\s*m?\b)"):
        facts.amounts.setdefault("cpu", amounts.cpu(found[1]))
    found = reader.take(rf"(?<![\w.])(\d+m)\s*(?:/|,|and)\s*{mem}")
    if found:
        facts.amounts.setdefault("cpu", found[1])
        facts.amounts.setdefault("memory", amounts.memory(found[2], found[3]))


def read_counts(facts: Facts, reader: Reader) -> None:
    found = reader.take(rf"\b({_N})\s+(?:\w+\s+)?(?:replicas?|instances?|copies|nodes)\b") or reader.take(
        rf"\breplicas?(?:\s+count)?\s*(?:of|to|:|=|is|at)?\s*({_N})\b"
    )
    found = found or reader.take(rf"\bscaled?\s+(?:it\s+)?(?:to|at)\s+({_N})\b")
    if found:
        facts.replicas = amounts.number(found[1])
    for found in reader.take_all(
        rf"\b({_N})\s+(pods?|services|secrets|config[ -]?maps|pvcs?|persistent\s*volume\s*claims|jobs|deployments|load[ -]?balancers|times|retries|completions|parallel\w*)\b"
    ):
        facts.counts[re.sub(r"[ -]", "", found[2].lower())] = amounts.number(found[1])
    for name, pattern in (
        ("completions", r"completions?\s*(?:of|:|=|to)?\s*"),
        ("parallelism", r"parallel(?:ism)?\s*(?:of|:|=|to)?\s*"),
        ("backoffLimit", r"(?:backoff\s*limit|retries|retry(?:\s+up\s+to)?|up to)\s*(?:of|:|=|to)?\s*"),
        (
            "ttl",
            r"(?:ttl(?:\s+after\s+finished)?|clean(?:ed)?\s+up\s+after|deleted\s+after|removed?\s+after)\s*(?:of|:|=)?\s*",
        ),
        ("deadline", r"(?:deadline|time[ -]?out|at most|no longer than)\s*(?:of|:|=)?\s*"),
        ("grace", r"grace\s*period\s*(?:of|:|=)?\s*"),
    ):
        found = reader.take(rf"\b{pattern}({_N})(?:\s*(s|seconds?|m|minutes?|h|hours?|days?))?\b")
        if found:
            scale = {"m": 60, "h": 3600, "d": 86400}.get((found[2] or "s")[0].lower(), 1)
            facts.numbers[name] = amounts.number(found[1]) * scale
    found = reader.take(
        rf"\bcontainer\s+(?:named\s+|called\s+)?['\"`]({NAME})['\"`]|\bcontainer\s+(?:named|called)\s+({NAME})"
    )
    if found:
        facts.container = (found[1] or found[2]).lower()
