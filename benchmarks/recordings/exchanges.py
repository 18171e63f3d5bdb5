"""Replays the recorded HTTP exchanges of one scenario against one cluster."""

import json
import re
import time
from typing import Any
from urllib.parse import quote, unquote

from urllib3.exceptions import HTTPError

from benchmarks.recordings.binding import Binder, UnboundPlaceholderError
from benchmarks.recordings.client import Answer, Client, Stream
from benchmarks.recordings.compare import MISSING, Difference, compare, without_managed_fields
from benchmarks.recordings.excerpts import shape
from benchmarks.recordings.lines import Exchange, Scenario
from benchmarks.recordings.observed import Observer
from benchmarks.recordings.racy import without_kubelet_events, without_racy, without_revision
from benchmarks.recordings.report import Outcome
from benchmarks.recordings.setups import Setup, perform, prepare

_COMPARED_HEADERS = ("Content-Type", "Warning", "Allow", "Location", "WWW-Authenticate", "Retry-After")
_PATIENCE_SECONDS = 3.0
_POLL_SECONDS = 0.25
_QUIET_SECONDS = re.compile(r"no data for (\d+)s")
_VERSION_IN_QUERY = re.compile(r"resourceVersion=(\d{2,7}|<rv>)(?=&|$)")
_TOO_LARGE = re.compile(r"<ConfigMap with one key of (\d+) bytes>")
_LONGEST_WATCH_SECONDS = 12.0
_FAR_FUTURE = "99999999"


class ExchangeReplay:
    """One scenario on its way."""

    def __init__(self, client: Client, scenario: Scenario) -> None:
        self._client = client
        self._scenario = scenario
        self._binder = Binder()
        self._managed = scenario.stores_managed_fields
        self._versions: dict[str, list[str]] = {}
        self._fetched: dict[str, str] = {}
        self._issued_token: str | None = None
        self._setup = Setup()
        self._observer: Observer | None = None

    def run(self) -> list[Outcome]:
        """Replay every line in order."""
        self._setup, refused = prepare(self._client, self._scenario)
        for name, path in self._setup.bind.items():
            self._binder.values[name] = self._client.send("GET", path).body["metadata"]["uid"]
        outcomes = [self._outcome_of_setup(refused)] if refused else []
        if any(one.method == "OBSERVE" for one in self._scenario.exchanges):
            self._observer = Observer(self._client, self._scenario)
            self._observer.start()
        try:
            outcomes += [self._step(one) for one in self._scenario.exchanges]
        finally:
            if self._observer is not None:
                self._observer.stop()
        return outcomes

    def _outcome_of_setup(self, refused: list[str]) -> Outcome:
        differences = [Difference("request", "accepted", line) for line in refused]
        return Outcome(self._scenario.name, self._scenario.topic, 0, "set-up", "", differences)

    def _step(self, one: Exchange) -> Outcome:
        outcome = Outcome(one.scenario, one.topic, one.n, one.step, f"{one.method} {one.path}")
        refused = perform(self._client, self._setup.before.get(one.n, ()))
        time.sleep(self._setup.settle.get(one.n, 0.0))
        outcome.differences += [Difference("set-up", "accepted", line) for line in refused]
        try:
            outcome.differences += self._replayed(one)
        except UnboundPlaceholderError as error:
            outcome.differences.append(Difference("request", "sent", str(error)))
        except HTTPError as error:
            outcome.differences.append(Difference("request", "answered", f"{type(error).__name__}: {error}"))
        return outcome

    def _replayed(self, one: Exchange) -> list[Difference]:
        if one.method == "OBSERVE":
            found = self._observer.differences(one, self._binder) if self._observer else []
            return without_racy(found, one.topic)
        if one.watch_events is not None:
            return self._watched(one)
        if one.waited:
            return self._waited(one)
        return self._judged(one, self._send(one), self._binder)

    def _waited(self, one: Exchange) -> list[Difference]:
        """Poll until the answer is the recorded one; give up when it has had time enough."""
        deadline = time.monotonic() + one.took_seconds + _PATIENCE_SECONDS
        while True:
            trial = self._binder.copy()
            found = self._judged(one, self._send(one), trial)
            if not found or time.monotonic() > deadline:
                self._binder.adopt(trial)
                return found
            time.sleep(_POLL_SECONDS)

    def _send(self, one: Exchange) -> Answer:
        path = self._path(one)
        self._binder.invent(json.dumps(one.body))
        body = one.body if one.body is None else self._versioned(one, self._binder.substitute(whole_body(one.body)))
        answer = self._client.send(one.method, path, body, one.headers, self._token(one))
        if answer.status < 300 and path.endswith("/token") and isinstance(answer.body, dict):
            self._issued_token = answer.body.get("status", {}).get("token")
            self._binder.values["<token>"] = self._issued_token or ""
        self._remember(answer.body)
        return answer

    def _judged(self, one: Exchange, answer: Answer, binder: Binder) -> list[Difference]:
        if answer.status != one.status:
            said = answer.body.get("message") if isinstance(answer.body, dict) else answer.body
            return [Difference("status", one.status, f"{answer.status} {said}")]
        recorded, answered = one.response, answer.body
        if not self._managed:
            answered = without_managed_fields(answered)
        if "/events" in one.path:
            answered = without_kubelet_events(answered, recorded)
        if one.excerpt:
            answered = shape(recorded, answered)
        if one.topic == "patch":
            recorded, answered = without_revision(recorded), without_revision(answered)
        found = without_racy(compare(recorded, answered, binder, subset=one.excerpt), one.topic)
        return found + self._headers(one, answer, binder)

    def _headers(self, one: Exchange, answer: Answer, binder: Binder) -> list[Difference]:
        if not one.response_headers:
            return []
        found: list[Difference] = []
        for name in _COMPARED_HEADERS:
            recorded, answered = one.response_headers.get(name), answer.headers.get(name.lower())
            if recorded is None and answered is None:
                continue
            if recorded is None or answered is None or not binder.matches(recorded, answered):
                found.append(Difference(f"header {name}", recorded or MISSING, answered or MISSING))
        return found

    # --- what a request is made of

    def _path(self, one: Exchange) -> str:
        path = unquote(one.path) if "<" in unquote(one.path) else one.path
        for name in self._binder.unbound(path):
            self._bind_by_listing(path, name)
        if "=<rv>" in path:
            path = path.replace("=<rv>", f"={self._list_version(one)}")
        elif match := _VERSION_IN_QUERY.search(path):
            if match[1] not in self._fetched:
                self._fetched[match[1]] = self._current_version(path)
            path = path.replace(match[0], f"resourceVersion={self._fetched[match[1]]}")
        path = str(self._binder.substitute(path))
        return path if "%" in path else quote(path, safe="/?&=:,%+*")

    def _bind_by_listing(self, path: str, name: str) -> None:
        """Bind a name that no answer has brought by asking the collection for one that fits."""
        before, marker, _ = path.partition(name)
        collection, _, start = before.rpartition("/")
        if not marker or "?" in collection:
            return
        segment = path[len(collection) + 1 :].split("/", maxsplit=1)[0].split("?", maxsplit=1)[0]
        listed = self._client.send("GET", str(self._binder.substitute(collection)))
        items = (listed.body or {}).get("items") or [] if isinstance(listed.body, dict) else []
        taken = set(self._binder.values.values())
        # The oldest first: a recording names what its scenario began with, not what replaced it meanwhile.
        for item in sorted(items, key=lambda found: str(found["metadata"].get("creationTimestamp", ""))):
            found = item["metadata"]["name"]
            if found.startswith(start.split("<")[0]) and found.rsplit("-", 1)[-1] not in taken:
                trial = self._binder.copy()
                if trial.matches(segment, found):
                    self._binder.adopt(trial)
                    return

    def _list_version(self, one: Exchange) -> str:
        """Return a list's version that brings about the recorded answer: too old, too new, or the present one."""
        if one.status == 410:
            return "1"
        if one.status == 504:
            return _FAR_FUTURE
        return self._current_version(one.path)

    def _current_version(self, path: str) -> str:
        answer = self._client.send("GET", f"{path.split('?', maxsplit=1)[0]}?limit=1")
        metadata = answer.body.get("metadata") if isinstance(answer.body, dict) else None
        return str((metadata or {}).get("resourceVersion") or "1")

    def _versioned(self, one: Exchange, body: Any) -> Any:
        """Give an object the version it needs: the newest one, or an old one where the write is to be refused."""
        if not isinstance(body, dict) or '"<rv>"' not in json.dumps(body):
            return body
        metadata = body.get("metadata") or {}
        name = metadata.get("name") or one.path.split("?")[0].rstrip("/").split("/")[-1]
        known = self._versions.get(str(name)) or self._versions.get(_name_in(one.path)) or ["1"]
        version = "1" if one.status == 409 and len(known) < 2 else known[0 if one.status == 409 else -1]
        loaded: Any = json.loads(json.dumps(body).replace('"<rv>"', json.dumps(version)))
        return loaded

    def _remember(self, body: Any) -> None:
        """Keep the versions of every object met, by name."""
        if not isinstance(body, dict):
            return
        for obj in [body, *(body.get("items") or [])]:
            metadata = obj.get("metadata") if isinstance(obj, dict) else None
            if isinstance(metadata, dict) and metadata.get("name") and metadata.get("resourceVersion"):
                seen = self._versions.setdefault(metadata["name"], [])
                if metadata["resourceVersion"] not in seen[-1:]:
                    seen.append(metadata["resourceVersion"])

    def _token(self, one: Exchange) -> str | None:
        if one.caller is None:
            return ""
        if one.caller == "no credentials":
            return None
        if one.caller == "an unknown bearer token":
            return "not-a-token"
        if self._issued_token is None:
            raise UnboundPlaceholderError(f"no token was issued for the caller '{one.caller}'")
        return self._issued_token

    # --- watches

    def _watched(self, one: Exchange) -> list[Difference]:
        recorded = [_without_versions(event) for event in one.watch_events or []]
        quiet = float(match[1]) if (match := _QUIET_SECONDS.search(one.closed_by or "")) else 0.0
        longest = (one.stream_seconds or 0.0) + _PATIENCE_SECONDS if one.closed_by == "server" else quiet or 2.0
        during = self._setup.during.get(one.n, ())
        stream = self._client.watch(
            self._path(one),
            one.headers,
            self._token(one),
            longest_seconds=min(longest, _LONGEST_WATCH_SECONDS),
            enough=lambda events: one.closed_by != "server" and len(events) > len(recorded),
            opened=(lambda: _after_a_moment(self._client, during)) if during else None,
        )
        if stream.status != one.status:
            said = stream.body.get("message") if isinstance(stream.body, dict) else stream.body
            return [Difference("status", one.status, f"{stream.status} {said}")]
        return self._events(one, recorded, stream)

    def _events(self, one: Exchange, recorded: list[Any], stream: Stream) -> list[Difference]:
        events = stream.events if self._managed else without_managed_fields(stream.events)
        for event in events:
            self._remember(event.get("object") if isinstance(event, dict) else None)
        if one.closed_by is None:  # a minute of bookmarks: their number is a matter of luck
            recorded = recorded[: len(events)]
        found: list[Difference] = []
        if len(recorded) != len(events):
            types = [[event.get("type") for event in listed] for listed in (recorded, events)]
            found.append(Difference("events", *types))
        for at, (wanted, event) in enumerate(zip(recorded, events, strict=False)):
            found += compare(wanted, event, self._binder, f"event[{at}]")
        if one.closed_by == "server" and not stream.closed_by_server:
            found.append(Difference("closed", f"by the server after {one.stream_seconds} s", "still open"))
        return found


def whole_body(body: Any) -> Any:
    """Return a body that was too large to be kept, made again from what was noted of it."""
    noted = _TOO_LARGE.fullmatch(body) if isinstance(body, str) else None
    if noted is None:
        return body
    return {"metadata": {"name": "big"}, "data": {"a": "x" * int(noted[1])}}


def _after_a_moment(client: Client, during: Any) -> None:
    time.sleep(0.3)
    perform(client, during)


def _name_in(path: str) -> str:
    """Return the object's name in a path, also before a subresource."""
    parts = path.split("?", maxsplit=1)[0].split("/")
    return parts[-2] if parts[-1] in {"scale", "status", "eviction", "resize"} else parts[-1]


def _without_versions(value: Any) -> Any:
    """Return a watch event with real version numbers made placeholders: ours are others."""
    if isinstance(value, dict):
        return {
            key: "<rv>" if key == "resourceVersion" and str(inner).isdigit() else _without_versions(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_without_versions(inner) for inner in value]
    return value
