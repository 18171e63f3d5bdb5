"""What a client is warned of though its request succeeds: deprecated kinds, fields nobody knows, odd amounts."""

from collections.abc import Iterator, Sequence

from ai4k8s_simcluster.quantity import QuantityError, parse_quantity
from ai4k8s_simcluster.registry import ResourceType
from ai4k8s_simcluster.types import Obj

_TEMPLATES = {
    "Pod": ("spec",),
    "PodTemplate": ("template", "spec"),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
_IN_TEMPLATE = ("spec", "template", "spec")
_WITH_PODS = {
    "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "ReplicationController", *_TEMPLATES,
}  # fmt: skip


def warning_headers(warnings: Sequence[str]) -> dict[str, str]:
    """Return the header that carries warnings, none when there are none."""
    quoted = [text.replace("\\", "\\\\").replace('"', '\\"') for text in warnings]
    return {"Warning": ", ".join(f'299 - "{text}"' for text in quoted)} if quoted else {}


def warnings_of(resource: ResourceType, obj: Obj) -> list[str]:
    """Return what to warn of in an object that was written."""
    found = [resource.deprecation] if resource.deprecation else []
    if resource.kind in _WITH_PODS and not resource.stored_as:
        path = _TEMPLATES.get(resource.kind, _IN_TEMPLATE)
        spec = obj
        for name in path:
            spec = spec.get(name) or {}
        found += _pod_warnings(".".join(path), spec)
    return found


def _pod_warnings(path: str, spec: Obj) -> Iterator[str]:
    for part in ("initContainers", "containers"):
        for at, container in enumerate(spec.get(part) or ()):
            where = f"{path}.{part}[{at}]"
            yield from _fractions(where, container.get("resources") or {})
            yield from _repeated(where, container)


def _fractions(where: str, resources: Obj) -> Iterator[str]:
    for section in ("limits", "requests"):
        for name, value in (resources.get(section) or {}).items():
            if name in {"memory", "ephemeral-storage"} and _fractional(value):
                rule = "is invalid, must be an integer"
                yield f'{where}.resources.{section}[{name}]: fractional byte value "{value}" {rule}'


def _fractional(value: str) -> bool:
    try:
        return parse_quantity(value) % 1 != 0
    except QuantityError:
        return False


def _repeated(where: str, container: Obj) -> Iterator[str]:
    seen: set[str] = set()
    for at, variable in enumerate(container.get("env") or ()):
        name = variable.get("name", "")
        if name in seen:
            yield f'{where}.env[{at}]: hides previous definition of "{name}", which may be dropped when using apply'
        seen.add(name)
