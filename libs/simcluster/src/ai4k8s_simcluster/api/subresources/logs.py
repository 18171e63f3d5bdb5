"""`pods/log`: what a container has written, whole, in part, or as it is written."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

from starlette.responses import Response, StreamingResponse

from ai4k8s_simcluster import errors
from ai4k8s_simcluster.api.resources import Call
from ai4k8s_simcluster.clock import Clock, parse_rfc3339
from ai4k8s_simcluster.errors import Cause
from ai4k8s_simcluster.pods.containers import Container, find_container
from ai4k8s_simcluster.pods.logs import Line, Measured, Run, current_run, previous_run, write_log
from ai4k8s_simcluster.pods.reach import reach_kubelet
from ai4k8s_simcluster.registry import PODS
from ai4k8s_simcluster.store import Store

_LOOK_SECONDS = 0.25
_OVERLAP_SECONDS = 5.0
_TRUE = {"1", "true", "True", "t", "T", "TRUE"}
_STREAMS = ("All", "Stdout", "Stderr")
_TEXT = "text/plain"


@dataclass(frozen=True, slots=True)
class LogOptions:
    """Which container's log, and how much of it."""

    container: str = ""
    follow: bool = False
    previous: bool = False
    timestamps: bool = False
    since_seconds: int | None = None
    since_time: float | None = None
    tail_lines: int | None = None
    limit_bytes: int | None = None

    def begins_at(self, now: float) -> float:
        """Return the moment from which lines are wanted."""
        if self.since_seconds is not None:
            return now - self.since_seconds
        return self.since_time or 0.0


class PodLogs:
    """Serves logs."""

    def __init__(self, store: Store, measured: Measured, clock: Clock, stopping: Callable[[], bool]) -> None:
        self._store = store
        self._measured = measured
        self._clock = clock
        self._stopping = stopping

    def get(self, call: Call) -> Response:
        """Answer with a log. Raises ApiError (400, 404, 422, 500)."""
        target = call.target
        options = read_options(call.query, target.name)
        stored = self._store.get(PODS, target.namespace, target.name)
        if stored is None:
            raise errors.not_found(PODS, target.name)
        container = find_container(stored.obj, options.container)
        if not stored.obj["spec"].get("nodeName"):
            return Response(status_code=204, media_type=_TEXT)
        reach_kubelet(self._store, container, "containerLogs", "Get")
        run = _run(container, previous=options.previous)
        lines = self._lines(container, run, options)
        if options.follow and not options.previous:
            return StreamingResponse(self._follow(container, run, lines, options), media_type=_TEXT)
        return Response(_cut(_text(lines, options), options.limit_bytes), media_type=_TEXT)

    def _lines(self, container: Container, run: Run, options: LogOptions) -> list[Line]:
        now = self._clock.now()
        found = write_log(container, run, self._measured, now)
        if options.tail_lines is not None:
            found = found[max(len(found) - options.tail_lines, 0) :]
        return [line for line in found if line.at >= options.begins_at(now)]

    async def _follow(
        self, container: Container, run: Run, lines: list[Line], options: LogOptions
    ) -> AsyncIterator[bytes]:
        left = options.limit_bytes
        # Times of events are whole seconds: a new line may belong to a moment that is over already.
        known = self._latest(container, run)
        while True:
            text = _cut(_text(lines, options), left)
            if text:
                yield text
            left = None if left is None else left - len(text)
            if left == 0 or run.finished is not None or self._stopping():
                return
            await asyncio.sleep(_LOOK_SECONDS)
            stored = self._store.get(PODS, container.pod["metadata"]["namespace"], container.pod["metadata"]["name"])
            if stored is None or stored.obj["metadata"]["uid"] != container.pod["metadata"]["uid"]:
                return
            container = find_container(stored.obj, container.name)
            # Whoever follows sees one run: what a restarted container writes is another log.
            run = _same_run(container, run)
            latest = self._latest(container, run)
            lines = [line for line in latest if line not in known]
            known = latest

    def _latest(self, container: Container, run: Run) -> list[Line]:
        now = self._clock.now()
        return write_log(container, run, self._measured, now, after=now - _OVERLAP_SECONDS)


def read_options(query: Mapping[str, str], name: str) -> LogOptions:
    """Read the options of a request. Raises ApiError (400, 422)."""
    since_time = query.get("sinceTime")
    options = LogOptions(
        query.get("container", ""),
        query.get("follow", "") in _TRUE,
        query.get("previous", "") in _TRUE,
        query.get("timestamps", "") in _TRUE,
        _integer(query, "sinceSeconds"),
        _moment(since_time) if since_time else None,
        _integer(query, "tailLines"),
        _integer(query, "limitBytes"),
    )
    causes: list[Cause] = []
    if options.tail_lines is not None and options.tail_lines < 0:
        causes.append(Cause.invalid("tailLines", options.tail_lines, "must be greater than or equal to 0"))
    if options.limit_bytes is not None and options.limit_bytes < 1:
        causes.append(Cause.invalid("limitBytes", options.limit_bytes, "must be greater than 0"))
    if options.since_seconds is not None and options.since_time is not None:
        causes.append(Cause.forbidden("", "at most one of `sinceTime` or `sinceSeconds` may be specified"))
    elif options.since_seconds is not None and options.since_seconds < 1:
        causes.append(Cause.invalid("sinceSeconds", options.since_seconds, "must be greater than 0"))
    stream = query.get("stream")
    if stream is not None and stream not in _STREAMS:
        causes.append(Cause.unsupported("stream", stream, _STREAMS))
    if causes:
        raise errors.invalid("PodLogOptions", "", name, causes)
    return options


def _integer(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name, "")
    try:
        return int(text) if text else None
    except ValueError as error:
        raise errors.bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from error


def _moment(text: str) -> float:
    try:
        return parse_rfc3339(text)
    except ValueError as error:
        raise errors.bad_request(f'parsing time "{text}": it is not a time as in RFC 3339') from error


def _run(container: Container, *, previous: bool) -> Run:
    if previous:
        found = previous_run(container.previous)
        if found is None:
            pod = container.pod["metadata"]["name"]
            raise errors.bad_request(f'previous terminated container "{container.name}" in pod "{pod}" not found')
        return found
    found = current_run(container)
    if found is None:
        raise container.waiting()
    return found


def _same_run(container: Container, run: Run) -> Run:
    """Return the run as it stands now: going on, or ended."""
    for ended in (container.terminated, container.previous):
        found = previous_run(ended)
        if found is not None and found.started_at == run.started_at:
            return found
    return run


def _text(lines: list[Line], options: LogOptions) -> bytes:
    return "".join(f"{line.stamped() if options.timestamps else line.text}\n" for line in lines).encode()


def _cut(text: bytes, limit: int | None) -> bytes:
    return text if limit is None else text[:limit]
