"""Reads what the rules of the diagnosis look at: whole lists of what is few, and only the suspicious of the pods."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ai4k8s_chat.domain.diagnosis import rules
from ai4k8s_chat.domain.diagnosis.state import Certificate, State
from ai4k8s_chat.domain.kinds import BY_KIND, Kind
from ai4k8s_chat.domain.podstates import is_healthy, restarts
from ai4k8s_chat.domain.results import FindingView, ToolResult
from ai4k8s_chat.reading.lists import Row, Wanted, find, read_page
from ai4k8s_chat.reading.scope import OutOfScopeError
from ai4k8s_common.kube.errors import KubeError, KubeNotFoundError
from ai4k8s_common.security.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Callable

    from ai4k8s_chat.adapters.cluster import KubeReads
    from ai4k8s_chat.domain import arguments as a
    from ai4k8s_chat.domain.diagnosis.state import Finding
    from ai4k8s_chat.reading.scope import Scope

_READ_WHOLE = ("Node", "Service", "EndpointSlice", "HorizontalPodAutoscaler", "ResourceQuota", "PersistentVolumeClaim")
_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")
_CERTIFICATE = Kind("Certificate", "certificates", "cert-manager.io/v1")
_HOOKS = ("validatingwebhookconfigurations", "mutatingwebhookconfigurations")
_SUSPECTS = 200
_SUSPECTS_OF_ONE = 5
_SHOWN = 30


def diagnose(kube: KubeReads, scope: Scope, wish: a.About, now: datetime) -> ToolResult:
    """Look, and tell what is wrong: with a cluster, a namespace, or what is named so."""
    state = _Reader(kube, scope, wish.namespace).state(now)
    findings = [finding for finding in rules.diagnose(state) if wish.name is None or wish.name in finding.subject]
    about = wish.name or wish.namespace or "the cluster"
    shown = tuple(_view(finding) for finding in findings[:_SHOWN])
    more = f"{len(findings) - _SHOWN} more; name a namespace to see them." if len(findings) > _SHOWN else ""
    return ToolResult(summary=redact(rules.sentence(findings, state, about)), findings=shown, narrow=more)


def _view(finding: Finding) -> FindingView:
    """What pods and events say of themselves is data, and may hold credentials."""
    return FindingView(
        severity=finding.severity.value,
        subject=finding.subject,
        title=redact(finding.title),
        evidence=tuple(redact(line)[:500] for line in finding.evidence if line),
        cause=finding.cause,
        next_step=finding.next_step,
    )


class _Reader:
    """Reads one list after the other; one that cannot be read is a gap, and no reason to stop."""

    def __init__(self, kube: KubeReads, scope: Scope, namespace: str | None) -> None:
        self._kube, self._scope, self._namespace = kube, scope, namespace
        self._gaps: dict[str, str] = {}

    def state(self, now: datetime) -> State:
        """Read everything."""
        whole = {kind: self._list(BY_KIND[kind]) for kind in _READ_WHOLE}
        return State(
            now=now,
            pods=self._try("pods", self._suspects),
            nodes=whole["Node"] if self._namespace is None else [],
            workloads=[{"kind": kind, **found} for kind in _WORKLOADS for found in self._list(BY_KIND[kind])],
            services=whole["Service"],
            slices=whole["EndpointSlice"],
            autoscalers=whole["HorizontalPodAutoscaler"],
            quotas=whole["ResourceQuota"],
            claims=whole["PersistentVolumeClaim"],
            warnings=self._list(BY_KIND["Event"], {"fieldSelector": "type=Warning"}),
            certificates=[*self._issued(), *self._of_hooks()],
            gaps=self._gaps,
        )

    def _try(self, what: str, read: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
        try:
            return read()
        except OutOfScopeError:
            return []  # not theirs to see: no gap in what they asked about
        except KubeError as error:
            self._gaps[what] = error.code.removeprefix("kube_").replace("_", " ")
            return []

    def _list(self, kind: Kind, params: dict[str, str] | None = None) -> list[dict[str, Any]]:
        def read() -> list[dict[str, Any]]:
            places = self._scope.places(kind, self._namespace if kind.namespaced else None)
            return [one for place in places for one in read_page(self._kube, kind.collection(place), params or {})]

        return self._try(kind.plural, read)

    def _suspects(self) -> list[dict[str, Any]]:
        def suspicious(row: Row) -> bool:
            return not is_healthy(row.cells) or restarts(row.cells) > 0

        wanted = Wanted(BY_KIND["Pod"], self._namespace, keep=suspicious, limit=_SUSPECTS)
        of_one: dict[str, int] = {}
        pods: list[dict[str, Any]] = []
        for row in find(self._kube, self._scope, wanted).rows:
            family = f"{row.namespace}/{row.name.rpartition('-')[0]}"
            of_one[family] = of_one.get(family, 0) + 1
            if of_one[family] <= _SUSPECTS_OF_ONE:
                try:
                    pods.append(self._kube.read(BY_KIND["Pod"].path(row.namespace, row.name)))
                except KubeNotFoundError:
                    continue  # it ended meanwhile
        return pods

    def _issued(self) -> list[Certificate]:
        """Certificates of cert-manager, where there is one."""
        try:
            found = [
                one
                for place in self._scope.places(_CERTIFICATE, self._namespace)
                for one in read_page(self._kube, _CERTIFICATE.collection(place), {})
            ]
        except (KubeError, OutOfScopeError):
            return []
        return [
            Certificate(
                f"certificate {one['metadata']['namespace']}/{one['metadata']['name']}",
                datetime.fromisoformat(str(one["status"]["notAfter"])),
            )
            for one in found
            if (one.get("status") or {}).get("notAfter")
        ]

    def _of_hooks(self) -> list[Certificate]:
        """Authorities that the API server trusts for webhooks: public, and fatal for all writes when they end."""
        found: list[Certificate] = []
        if self._scope.namespaces is not None or self._namespace is not None:
            return found
        for plural in _HOOKS:
            try:
                configurations = read_page(self._kube, f"/apis/admissionregistration.k8s.io/v1/{plural}", {})
            except KubeError:
                continue
            for one in configurations:
                for hook in one.get("webhooks") or ():
                    bundle = (hook.get("clientConfig") or {}).get("caBundle")
                    if bundle and (until := _not_after(str(bundle))) is not None:
                        found.append(Certificate(f"webhook {hook.get('name')}", until))
        return found


def _not_after(bundle: str) -> datetime | None:
    from cryptography import x509  # noqa: PLC0415  # only a diagnosis needs it

    try:
        certificates = x509.load_pem_x509_certificates(base64.b64decode(bundle))
    except ValueError:
        return None
    return max((one.not_valid_after_utc.astimezone(UTC) for one in certificates), default=None)
