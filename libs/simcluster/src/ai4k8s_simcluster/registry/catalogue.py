"""The one list of what this server serves.

Paths, discovery, schemas, selectors and storage are all derived from it, so a type is added in one place. The built-in
types never change; custom resources come and go with their definitions, so each cluster has a catalogue of its own.
"""

from ai4k8s_simcluster.registry import access, core, network, system, workloads
from ai4k8s_simcluster.registry.model import ResourceType

# In the order in which discovery names the groups.
BUILT_IN: tuple[ResourceType, ...] = (
    *core.CORE_TYPES,
    *system.REGISTRATION_TYPES,
    *workloads.APPS_TYPES,
    *core.EVENT_TYPES,
    *access.AUTHENTICATION_TYPES,
    *access.AUTHORIZATION_TYPES,
    *workloads.AUTOSCALING_TYPES,
    *workloads.BATCH_TYPES,
    *network.NETWORKING_TYPES,
    *workloads.POLICY_TYPES,
    *access.RBAC_TYPES,
    *system.STORAGE_TYPES,
    *system.EXTENSION_TYPES,
    *system.SCHEDULING_TYPES,
    *system.COORDINATION_TYPES,
    *network.DISCOVERY_TYPES,
    *system.METRICS_TYPES,
)


class Catalogue:
    """The types that one cluster serves at the moment."""

    def __init__(self) -> None:
        self._types: dict[str, ResourceType] = {found.key: found for found in BUILT_IN}
        self.revision = 0
        self._changed()

    @property
    def types(self) -> tuple[ResourceType, ...]:
        """Return all types, the built-in ones first."""
        return self._all

    @property
    def stored_types(self) -> tuple[ResourceType, ...]:
        """Return the types under which objects are kept."""
        return self._stored

    @property
    def groups(self) -> tuple[tuple[str, str], ...]:
        """Return the groups and versions in the order of discovery, a group's preferred version first."""
        return self._groups

    def find(self, group: str, version: str, plural: str) -> ResourceType | None:
        """Return the type served at that place, if there is one."""
        return self._types.get(f"{plural}.{group}/{version}")

    def of_kind(self, api_version: str, kind: str) -> ResourceType | None:
        """Return the type whose objects say that of themselves, if there is one."""
        return self._kinds.get((api_version, kind))

    def by_key(self, key: str) -> ResourceType | None:
        """Return the type of that key, if there is one."""
        return self._types.get(key)

    def add(self, resource: ResourceType) -> None:
        """Serve another type, or a known one differently."""
        self._types[resource.key] = resource
        self._changed()

    def remove(self, resource: ResourceType) -> None:
        """Serve a type no longer."""
        self._types.pop(resource.key, None)
        self._changed()

    def _changed(self) -> None:
        self.revision += 1
        self._all = tuple(self._types.values())
        self._stored = tuple(dict.fromkeys(found.storage for found in self._all if found.stored))
        self._groups = tuple(dict.fromkeys((found.group, found.version) for found in self._all))
        self._kinds = {(found.api_version, found.kind): found for found in self._all}
