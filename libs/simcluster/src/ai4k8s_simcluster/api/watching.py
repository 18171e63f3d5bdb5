"""Watch streams: what happened since a version, then what happens, with bookmarks in between."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

import orjson

from ai4k8s_simcluster.api.negotiation import Form
from ai4k8s_simcluster.api.rendering import Renderer
from ai4k8s_simcluster.api.requests import ListOptions
from ai4k8s_simcluster.errors import expired
from ai4k8s_simcluster.registry import ResourceType
from ai4k8s_simcluster.store import Change, ChangeKind, CompactedError, Store, Stored
from ai4k8s_simcluster.tables import columns_of
from ai4k8s_simcluster.types import Obj

_BOOKMARK_SECONDS = 60.0
_LONGEST_BACKLOG = 10_000
_LINES_AT_ONCE = 250
_DEFAULT_TIMEOUT_SECONDS = (1800.0, 3600.0)
_INITIAL_END = {"k8s.io/initial-events-end": "true"}

Matcher = Callable[[Obj], bool]


def _default_timeout_seconds() -> float:
    """Return when a stream without a time-out ends: spread, so that clients do not all come back at once."""
    least, most = _DEFAULT_TIMEOUT_SECONDS
    return random.uniform(least, most)  # noqa: S311 - no secret


class WatchHub:
    """Knows the open streams, so that a stopping server can end them at once."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[Change | None]] = set()
        self.closed = False

    def open(self) -> asyncio.Queue[Change | None]:
        """Return the queue of a new stream."""
        queue: asyncio.Queue[Change | None] = asyncio.Queue()
        self._queues.add(queue)
        if self.closed:
            queue.put_nowait(None)
        return queue

    def release(self, queue: asyncio.Queue[Change | None]) -> None:
        """Forget a stream that ended."""
        self._queues.discard(queue)

    def close(self) -> None:
        """End every stream."""
        self.closed = True
        for queue in self._queues:
            queue.put_nowait(None)


@dataclass(frozen=True, slots=True)
class WatchScope:
    """What a stream is over."""

    resource: ResourceType
    namespace: str
    options: ListOptions
    matches: Matcher


class Watch:
    """One stream over one type."""

    def __init__(self, store: Store, hub: WatchHub, scope: WatchScope, renderer: Renderer) -> None:
        self._store = store
        self._hub = hub
        self._resource = scope.resource
        self._storage = scope.resource.storage
        self._namespace = scope.namespace
        self._options = scope.options
        self._matches = scope.matches
        self._renderer = renderer
        self._expired = False

    async def stream(self) -> AsyncIterator[bytes]:
        """Yield one line per event until the client, the time-out or the server ends it."""
        queue = self._hub.open()
        unsubscribe = self._store.subscribe(lambda change: self._offer(queue, change))
        try:
            for piece in self._beginning():
                yield piece
            async for line in self._following(queue):
                yield line
        finally:
            unsubscribe()
            self._hub.release(queue)

    def _offer(self, queue: asyncio.Queue[Change | None], change: Change) -> None:
        if change.resource.key != self._storage.key:
            return
        queue.put_nowait(change if queue.qsize() < _LONGEST_BACKLOG else None)

    def _beginning(self) -> Iterator[bytes]:
        """Yield what comes first, many lines at once."""
        lines = self._first_lines()
        while piece := b"".join(islice(lines, _LINES_AT_ONCE)):
            yield piece

    def _first_lines(self) -> Iterator[bytes]:
        options = self._options
        wants_state = options.send_initial_events or (
            options.send_initial_events is None and options.resource_version in {"", "0"}
        )
        if wants_state:
            end = self._bookmark(_INITIAL_END) if options.bookmarks else b""
            items = self._store.listing(self._storage, self._namespace)
            yield from (self._line("ADDED", item) for item in items if self._matches(item.obj))
            if end:
                yield end
            return
        if options.resource_version in {"", "0"}:
            return
        try:
            changes = self._store.changes_since(int(options.resource_version), self._storage)
        except CompactedError as error:
            self._expired = True
            yield _raw_line("ERROR", expired(str(error)).status())
            return
        yield from filter(None, map(self._event, changes))

    async def _following(self, queue: asyncio.Queue[Change | None]) -> AsyncIterator[bytes]:
        if self._expired:
            return
        loop = asyncio.get_running_loop()
        seconds = self._options.timeout_seconds or _default_timeout_seconds()
        end = loop.time() + seconds
        bookmark_at = loop.time() + _BOOKMARK_SECONDS
        while (now := loop.time()) < end:
            change: Change | None = None
            with suppress(TimeoutError):
                change = await asyncio.wait_for(queue.get(), max(0.0, min(end, bookmark_at) - now))
                if change is None:
                    return
            if change is not None:
                if lines := self._drain(queue, change):
                    yield lines
            elif loop.time() >= bookmark_at:
                bookmark_at = loop.time() + _BOOKMARK_SECONDS
                if self._options.bookmarks:
                    yield self._bookmark(None)

    def _drain(self, queue: asyncio.Queue[Change | None], first: Change) -> bytes:
        """Return the lines of a change and of all that wait behind it; an end among them is put back."""
        lines = [self._event(first)]
        while not queue.empty():
            change = queue.get_nowait()
            if change is None:
                queue.put_nowait(None)
                break
            lines.append(self._event(change))
        return b"".join(lines)

    def _event(self, change: Change) -> bytes:
        stored = change.stored
        if self._namespace and stored.namespace != self._namespace:
            return b""
        version = self._options.resource_version
        if version.isdigit() and change.version <= int(version):
            return b""
        was = change.previous is not None and self._matches(change.previous.obj)
        fits = change.kind is not ChangeKind.DELETED and self._matches(stored.obj)
        if fits:
            return self._line("MODIFIED" if was else "ADDED", stored)
        if not was or change.previous is None:
            return b""
        if change.kind is ChangeKind.DELETED:
            return self._line("DELETED", stored)
        last = change.previous.obj
        metadata = {**last["metadata"], "resourceVersion": str(change.version)}
        return self._line("DELETED", Stored({**last, "metadata": metadata}, change.version))

    def _line(self, kind: str, stored: Stored) -> bytes:
        return b'{"type":"%b","object":%b}\n' % (kind.encode(), self._renderer.encoded(self._resource, stored))

    def _bookmark(self, annotations: dict[str, str] | None) -> bytes:
        metadata: Obj = {"resourceVersion": str(self._store.version)}
        if annotations:
            metadata["annotations"] = annotations
        obj: Obj = {
            "kind": self._resource.kind,
            "apiVersion": self._resource.api_version,
            "metadata": metadata,
        }
        if self._renderer.how.form is Form.TABLE:
            return _raw_line("BOOKMARK", self._table_bookmark(metadata, obj))
        if self._renderer.how.form is Form.PARTIAL:
            obj |= {
                "kind": "PartialObjectMetadata",
                "apiVersion": f"meta.k8s.io/{self._renderer.how.version}",
            }
        return _raw_line("BOOKMARK", obj)

    def _table_bookmark(self, metadata: Obj, obj: Obj) -> Obj:
        return {
            "kind": "Table",
            "apiVersion": f"meta.k8s.io/{self._renderer.how.version}",
            "metadata": {"resourceVersion": metadata["resourceVersion"]},
            "columnDefinitions": columns_of(self._resource),
            "rows": [{"cells": [], "object": obj}],
        }


def _raw_line(kind: str, obj: Obj) -> bytes:
    return orjson.dumps({"type": kind, "object": obj}) + b"\n"
