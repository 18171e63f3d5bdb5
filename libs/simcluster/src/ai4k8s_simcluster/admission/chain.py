"""The admission plugins in their order, over one cluster's objects."""

from collections.abc import Callable
from decimal import Decimal

from ai4k8s_simcluster import errors
from ai4k8s_simcluster.admission import limits, podsecurity, quotas
from ai4k8s_simcluster.admission.pods import add_priority, add_service_account, add_tolerations
from ai4k8s_simcluster.registry import (
    LIMIT_RANGES,
    NAMESPACES,
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    PRIORITY_CLASSES,
    RESOURCE_QUOTAS,
    SERVICE_ACCOUNTS,
    STORAGE_CLASSES,
    ResourceType,
)
from ai4k8s_simcluster.store import Store, Stored
from ai4k8s_simcluster.types import Obj

# Keeps a claim that is being deleted until no pod uses it.
CLAIM_PROTECTION = "kubernetes.io/pvc-protection"
_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
_IMMORTAL = {"default", "kube-system", "kube-public"}
_TEMPLATES = {
    "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob", "ReplicationController", "PodTemplate",
}  # fmt: skip
_MOST_WARNINGS_LISTED = 3000


class Admission:
    """Changes, refuses and warns about what is to be written."""

    def __init__(self, store: Store, suffix: Callable[[], str]) -> None:
        self._store = store
        self._suffix = suffix

    def require_namespace(self, resource: ResourceType, obj: Obj) -> None:
        """Refuse a new object without its namespace (404) or in one that is going away (403)."""
        namespace = str(obj["metadata"].get("namespace", ""))
        found = self._store.get(NAMESPACES, "", namespace)
        if found is None:
            raise errors.not_found(NAMESPACES, namespace)
        if "deletionTimestamp" in found.obj["metadata"]:
            why = f"unable to create new content in namespace {namespace} because it is being terminated"
            error = _forbidden(resource, obj, why)
            cause = {
                "reason": "NamespaceTerminating",
                "message": f"namespace {namespace} is being terminated",
                "field": "metadata.namespace",
            }
            error.details = {**(error.details or {}), "causes": [cause]}
            raise error

    def change_new(self, resource: ResourceType, obj: Obj) -> None:
        """Fill in a new object, in place. Raises ApiError (403)."""
        if resource is PODS:
            self._change_pod(obj)
        elif resource is PERSISTENT_VOLUME_CLAIMS:
            self._choose_storage_class(obj)
            finalizers = obj["metadata"].get("finalizers") or []
            if CLAIM_PROTECTION not in finalizers:
                obj["metadata"]["finalizers"] = [*finalizers, CLAIM_PROTECTION]

    def check_new(self, resource: ResourceType, obj: Obj, warnings: list[str]) -> None:
        """Refuse a new object that the namespace does not allow (403)."""
        self._check_limits(resource, obj)
        self._check_pod_security(resource, None, obj, warnings)

    def check_change(self, resource: ResourceType, old: Obj, new: Obj, warnings: list[str]) -> None:
        """Refuse a change that the namespace does not allow (403)."""
        if resource is NAMESPACES:
            self._warn_of_level(old, new, warnings)
        self._check_pod_security(resource, old, new, warnings)

    def check_deletion(self, resource: ResourceType, obj: Obj) -> None:
        """Refuse to delete a namespace that the cluster cannot be without (403)."""
        if resource is NAMESPACES and obj["metadata"]["name"] in _IMMORTAL:
            raise _forbidden(resource, obj, "this namespace may not be deleted")

    def charge(self, resource: ResourceType, old: Obj | None, new: Obj, *, dry_run: bool = False) -> None:
        """Count an object, or its change, for the quotas of its namespace; a dry run only asks.

        Raises ApiError (403) when a quota is full.
        """
        changed: list[Obj] = []
        namespace = str(new["metadata"].get("namespace", ""))
        if not namespace or not self._store.count(RESOURCE_QUOTAS, namespace):
            return
        usage = quotas.usage_of(resource.plural, resource.group, new)
        before = quotas.usage_of(resource.plural, resource.group, old) if old is not None else {}
        for stored in self._store.listing(RESOURCE_QUOTAS, namespace):
            quota = stored.obj
            if not quotas.covers(quota, resource.plural, new):
                continue
            if resource is PODS and old is None and (missing := quotas.unsaid(quota, new)):
                raise _forbidden(resource, new, f"failed quota: {stored.name}: {missing}")
            added = quotas.difference(usage, before)
            if not added.keys() & (quota["spec"].get("hard") or {}).keys():
                continue
            used = quotas.used_of(quota)
            if used is None:
                used = self.usage(quota)
            if text := quotas.exceeded(quota, used, added):
                raise _forbidden(resource, new, text)
            total = {name: used.get(name, Decimal(0)) + added.get(name, Decimal(0)) for name in used.keys() | added}
            changed.append(quotas.with_used(quota, total))
        for quota in changed if not dry_run else ():
            self._store.put(RESOURCE_QUOTAS, quota)

    def usage(self, quota: Obj) -> quotas.Amounts:
        """Count anew what a quota's namespace uses of what it limits."""
        namespace = quota["metadata"]["namespace"]
        total: quotas.Amounts = {}
        for resource in self._store.catalogue.stored_types:
            if not resource.namespaced or not self._store.count(resource, namespace):
                continue
            for stored in self._store.listing(resource, namespace):
                if quotas.covers(quota, resource.plural, stored.obj):
                    for name, amount in quotas.usage_of(resource.plural, resource.group, stored.obj).items():
                        total[name] = total.get(name, Decimal(0)) + amount
        return total

    def _change_pod(self, pod: Obj) -> None:
        namespace = str(pod["metadata"]["namespace"])
        spec = pod["spec"]
        if self._store.count(LIMIT_RANGES, namespace):
            limits.fill_resources(pod, self._limit_ranges(namespace))
        name = spec.get("serviceAccountName") or spec.get("serviceAccount") or "default"
        spec["serviceAccountName"] = name
        account = self._store.get(SERVICE_ACCOUNTS, namespace, name)
        # The account `default` comes a moment after its namespace; a real server waits for it, this one needs not.
        if account is None and name != "default":
            why = f'error looking up service account {namespace}/{name}: serviceaccount "{name}" not found'
            raise _forbidden(PODS, pod, why)
        add_service_account(pod, account.obj if account else None, self._suffix)
        add_tolerations(pod)
        self._add_priority(pod)

    def _add_priority(self, pod: Obj) -> None:
        name = pod["spec"].get("priorityClassName")
        named = self._store.get(PRIORITY_CLASSES, "", name) if name else None
        if name and named is None:
            raise _forbidden(PODS, pod, f"no PriorityClass with name {name} was found")
        default = None
        if not name:
            classes = self._store.values(PRIORITY_CLASSES)
            default = next((found.obj for found in classes if found.obj.get("globalDefault")), None)
        add_priority(pod, named.obj if named else None, default)

    def _choose_storage_class(self, claim: Obj) -> None:
        if claim["spec"].get("storageClassName") is not None:
            return
        for stored in self._store.listing(STORAGE_CLASSES):
            if (stored.obj["metadata"].get("annotations") or {}).get(_DEFAULT_CLASS) == "true":
                claim["spec"]["storageClassName"] = stored.name

    def _limit_ranges(self, namespace: str) -> list[Obj]:
        return [stored.obj for stored in self._store.listing(LIMIT_RANGES, namespace)]

    def _check_limits(self, resource: ResourceType, obj: Obj) -> None:
        check = {PODS: limits.broken_bounds, PERSISTENT_VOLUME_CLAIMS: limits.broken_claim_bounds}.get(resource)
        namespace = str(obj["metadata"].get("namespace", ""))
        if check is None or not self._store.count(LIMIT_RANGES, namespace):
            return
        broken = check(obj, self._limit_ranges(namespace))
        if broken:
            raise _forbidden(resource, obj, broken[0] if len(broken) == 1 else f"[{', '.join(broken)}]")

    def _check_pod_security(self, resource: ResourceType, old: Obj | None, new: Obj, warnings: list[str]) -> None:
        is_pod = resource is PODS
        if not is_pod and (resource.custom or resource.kind not in _TEMPLATES):
            return
        namespace = self._store.get(NAMESPACES, "", str(new["metadata"].get("namespace", "")))
        labels = (namespace.obj["metadata"].get("labels") or {}) if namespace else {}
        if len(labels) < 2 or (is_pod and old is not None and _images(old) == _images(new)):
            return
        metadata, spec = (new["metadata"], new["spec"]) if is_pod else _template(new)
        if is_pod:
            level = podsecurity.level_for(labels, podsecurity.Mode.ENFORCE)
            if found := podsecurity.violations(level, metadata, spec):
                raise _forbidden(resource, new, f'violates PodSecurity "{level}": {podsecurity.describe(found)}')
        level = podsecurity.level_for(labels, podsecurity.Mode.WARN)
        if found := podsecurity.violations(level, metadata, spec):
            warnings.append(f'would violate PodSecurity "{level}": {podsecurity.describe(found)}')

    def _warn_of_level(self, old: Obj, new: Obj, warnings: list[str]) -> None:
        """Say which running pods would not be admitted under a namespace's new level."""
        before, after = (
            podsecurity.level_for(found["metadata"].get("labels") or {}, podsecurity.Mode.ENFORCE)
            for found in (old, new)
        )
        if before == after or after.name == "privileged":
            return
        failing: dict[str, list[str]] = {}
        for stored in self._pods(new["metadata"]["name"]):
            found = podsecurity.violations(after, stored.obj["metadata"], stored.obj["spec"])
            if found:
                failing.setdefault(", ".join(reason for reason, _ in found), []).append(stored.name)
        if failing:
            name = new["metadata"]["name"]
            warnings.append(f'existing pods in namespace "{name}" violate the new PodSecurity enforce level "{after}"')
            warnings.extend(sorted(f"{_listed(names)}: {reasons}" for reasons, names in failing.items()))

    def _pods(self, namespace: str) -> list[Stored]:
        return self._store.listing(PODS, namespace)[:_MOST_WARNINGS_LISTED]


def _listed(names: list[str]) -> str:
    others = len(names) - 1
    return names[0] + (f" (and {others} other pod{'s' if others > 1 else ''})" if others else "")


def _images(pod: Obj) -> list[tuple[str, str]]:
    return [
        (str(container.get("name")), str(container.get("image")))
        for part in ("initContainers", "containers", "ephemeralContainers")
        for container in pod["spec"].get(part) or ()
    ]


def _template(obj: Obj) -> tuple[Obj, Obj]:
    spec = obj if obj["kind"] == "PodTemplate" else obj.get("spec") or {}
    if obj["kind"] == "CronJob":
        spec = (spec.get("jobTemplate") or {}).get("spec") or {}
    template = spec.get("template") or {}
    return template.get("metadata") or {}, template.get("spec") or {}


def _forbidden(resource: ResourceType, obj: Obj, why: str) -> errors.ApiError:
    name = str(obj["metadata"].get("name", ""))
    details: Obj = {"name": name} if name else {}
    if resource.group:
        details["group"] = resource.group
    return errors.forbidden(f'{resource.qualified} "{name}" is forbidden: {why}', {**details, "kind": resource.plural})
