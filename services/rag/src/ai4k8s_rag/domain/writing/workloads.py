"""Workloads from facts: pods with what was said and sound defaults for what was not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ai4k8s_rag.domain.quantities import quantity
from ai4k8s_rag.domain.rules.practice import is_secret_name
from ai4k8s_rag.domain.writing.lexicon import SOFTWARE, Software

if TYPE_CHECKING:
    from ai4k8s_rag.domain.writing.draft import Draft, Obj
    from ai4k8s_rag.domain.writing.facts import Facts

API = {
    "Deployment": "apps/v1",
    "StatefulSet": "apps/v1",
    "DaemonSet": "apps/v1",
    "ReplicaSet": "apps/v1",
    "Job": "batch/v1",
    "CronJob": "batch/v1",
    "Pod": "v1",
}
_SERVING = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Pod"})
PLACEHOLDER = "change-me"


def labels_of(name: str) -> dict[str, str]:
    """Return the labels that select the pods of an application."""
    return {"app": name}


def metadata(name: str, namespace: str, facts: Facts | None = None, labels: dict[str, str] | None = None) -> Obj:
    """Return metadata in the usual order."""
    found: Obj = {"name": name}
    if namespace:
        found["namespace"] = namespace
    said = {} if facts is None else {key: value for key, value in facts.labels.items() if not key.startswith("§")}
    if labels or said:
        found["labels"] = {**(labels or {}), **said}
    if facts is not None and facts.annotations:
        found["annotations"] = dict(facts.annotations)
    return found


def workload(draft: Draft, kind: str, name: str, namespace: str, facts: Facts, port: int | None) -> Obj:
    """Return a workload; more objects that it needs are added to the draft by the caller."""
    labels = labels_of(name)
    pod = _pod_spec(draft, kind, name, facts, port)
    template: Obj = {"metadata": metadata("", "", facts, labels), "spec": pod}
    del template["metadata"]["name"]
    head: Obj = {"apiVersion": API[kind], "kind": kind, "metadata": metadata(name, namespace, facts, labels)}
    if kind == "Pod":
        return {**head, "spec": pod}
    if kind == "Job":
        return {**head, "spec": _job_spec(draft, facts, template)}
    if kind == "CronJob":
        return {**head, "spec": _cron_spec(draft, facts, template)}
    return {**head, "spec": _lasting_spec(draft, kind, name, facts, labels, template)}


def _lasting_spec(draft: Draft, kind: str, name: str, facts: Facts, labels: dict[str, str], template: Obj) -> Obj:
    spec: Obj = {}
    if kind != "DaemonSet" and "autoscaled" not in facts.flags:
        spec["replicas"] = 1 if facts.replicas is None else facts.replicas
        if facts.replicas is None:
            draft.assume(f"no number of replicas given for {name}: 1")
    if kind == "StatefulSet":
        spec["serviceName"] = name
    spec["selector"] = {"matchLabels": dict(labels)}
    if "recreate" in facts.flags and kind == "Deployment":
        spec["strategy"] = {"type": "Recreate"}
    spec["template"] = template
    if kind == "StatefulSet" and (facts.storage or _known(facts).data):
        spec["volumeClaimTemplates"] = [
            {"metadata": {"name": "data"}, "spec": claim_spec(draft, facts, f"the data of {name}")}
        ]
    return spec


def claim_spec(draft: Draft, facts: Facts, whose: str) -> Obj:
    """Return the spec of a claim."""
    size = facts.storage or "10Gi"
    if not facts.storage:
        draft.assume(f"no size given for {whose}: {size}")
    mode = facts.access_mode or "ReadWriteOnce"
    if not facts.access_mode:
        draft.assume(f"no access mode given for {whose}: ReadWriteOnce")
    spec: Obj = {"accessModes": [mode]}
    if facts.storage_class:
        spec["storageClassName"] = facts.storage_class
    else:
        draft.assume(f"no storage class given for {whose}: the cluster's default")
    spec["resources"] = {"requests": {"storage": size}}
    return spec


def _job_spec(draft: Draft, facts: Facts, template: Obj) -> Obj:
    spec: Obj = {}
    for name in ("completions", "parallelism"):
        count = facts.numbers.get(name, facts.counts.get(name))
        if count is not None:
            spec[name] = count
    spec["backoffLimit"] = facts.numbers.get("backoffLimit", facts.counts.get("retries", 3))
    if "backoffLimit" not in facts.numbers and "retries" not in facts.counts:
        draft.assume("no number of retries given: 3")
    if "deadline" in facts.numbers:
        spec["activeDeadlineSeconds"] = facts.numbers["deadline"]
    if "ttl" in facts.numbers:
        spec["ttlSecondsAfterFinished"] = facts.numbers["ttl"]
    return {**spec, "template": template}


def _cron_spec(draft: Draft, facts: Facts, template: Obj) -> Obj:
    policy = "Replace" if "replace" in facts.flags else "Forbid"
    if not facts.flags & {"replace", "forbid"}:
        draft.assume("nothing said of runs that overlap: the next one waits (Forbid)")
    if not facts.schedule:
        draft.ask("schedule", "When shall the job run? For example 'every day at 02:00' or '*/15 * * * *'.")
    elif facts.schedule_remark:
        draft.assume(facts.schedule_remark)
    spec: Obj = {"schedule": facts.schedule or "0 2 * * *"}
    if facts.time_zone:
        spec["timeZone"] = facts.time_zone
    else:
        draft.assume("no time zone given: the cluster's, usually UTC")
    spec["concurrencyPolicy"] = policy
    if "suspend" in facts.flags:
        spec["suspend"] = True
    job = _job_spec(draft, facts, template)
    return {**spec, "successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 3, "jobTemplate": {"spec": job}}


def _known(facts: Facts) -> Software:
    return SOFTWARE.get(facts.software, Software("", 0))


def _pod_spec(draft: Draft, kind: str, name: str, facts: Facts, port: int | None) -> Obj:
    spec: Obj = {}
    if facts.service_account:
        spec["serviceAccountName"] = facts.service_account
    else:
        spec["automountServiceAccountToken"] = False
    if facts.pull_secret:
        spec["imagePullSecrets"] = [{"name": facts.pull_secret}]
    if "host-network" in facts.flags:
        spec["hostNetwork"] = True
    if "host-pid" in facts.flags:
        spec["hostPID"] = True
    spec["securityContext"] = _pod_security(facts)
    if "grace" in facts.numbers:
        spec["terminationGracePeriodSeconds"] = facts.numbers["grace"]
    if facts.node_selector:
        spec["nodeSelector"] = dict(facts.node_selector)
    tolerations = _tolerations(kind, facts)
    if tolerations:
        spec["tolerations"] = tolerations
    if kind in {"Deployment", "StatefulSet"} and (
        "spread" in facts.flags or (facts.replicas or 1) > 1 or "autoscaled" in facts.flags
    ):
        spec["topologySpreadConstraints"] = _spread(name, facts)
    volumes: list[Obj] = []
    containers = _containers(draft, kind, name, facts, port, volumes)
    if facts.init is not None:
        image, command = facts.init
        mine = _helper("init", image, facts)
        spec["initContainers"] = [{**mine, "command": ["sh", "-c", command]}]
    spec["containers"] = containers
    if kind in {"Job", "CronJob"}:
        spec["restartPolicy"] = "OnFailure" if facts.numbers.get("restart") is None else "Never"
    if volumes:
        spec["volumes"] = volumes
    return spec


def _pod_security(facts: Facts) -> Obj:
    context: Obj = {}
    if facts.flags & {"non-root", "restricted"}:
        context["runAsNonRoot"] = True
        context["runAsUser"] = _known(facts).user or 1000
    if _known(facts).data and (facts.software in SOFTWARE):
        group = {"postgres": 999, "redis": 999, "valkey": 999, "mysql": 999, "mariadb": 999, "mongodb": 999}.get(
            facts.software
        )
        if group is not None:
            context["fsGroup"] = group
    context["seccompProfile"] = {"type": "RuntimeDefault"}
    return context


def _tolerations(kind: str, facts: Facts) -> list[Obj]:
    found: list[Obj] = []
    taint = facts.labels.get("§taint")
    if taint:
        key, value, effect = [*taint.split("|"), "", ""][:3]
        one: Obj = {"key": key, "operator": "Equal", "value": value} if value else {"key": key, "operator": "Exists"}
        found.append({**one, "effect": effect} if effect in {"NoSchedule", "NoExecute", "PreferNoSchedule"} else one)
    if kind == "DaemonSet" and facts.flags & {"control-plane"}:
        found.append({"key": "node-role.kubernetes.io/control-plane", "operator": "Exists", "effect": "NoSchedule"})
    return found


def _spread(name: str, facts: Facts) -> list[Obj]:
    key = "topology.kubernetes.io/zone" if "zones" in facts.flags else "kubernetes.io/hostname"
    rule: Obj = {"maxSkew": 1, "topologyKey": key, "whenUnsatisfiable": "ScheduleAnyway"}
    return [{**rule, "labelSelector": {"matchLabels": labels_of(name)}}]


def _containers(draft: Draft, kind: str, name: str, facts: Facts, port: int | None, volumes: list[Obj]) -> list[Obj]:
    main: Obj = {"name": facts.container or name[:63], "image": facts.image}
    if "image-assumed" in facts.flags:
        draft.assume(f"no version given for {name}: {facts.image}")
    if facts.command:
        main["command"] = list(facts.command)
    elif kind == "Pod" and facts.software in {"busybox", "alpine", "ubuntu", "python", "curl"}:
        main["command"] = ["sleep", "infinity"]
        draft.assume(f"no command given: {facts.software} would end at once, so it sleeps")
    if facts.args or (_known(facts).args and not facts.command):
        main["args"] = list(facts.args or _known(facts).args)
    if port and kind in _SERVING:
        known = _known(facts)
        label = known.port_name if known.port == port else "http" if (facts.protocol or "TCP") == "TCP" else "main"
        main["ports"] = [{"name": label, "containerPort": port}]
        if facts.protocol in {"UDP", "SCTP"}:
            main["ports"][0]["protocol"] = facts.protocol
        for number, extra in enumerate(facts.ports[1:], 2):
            main["ports"].append({"name": f"port-{number}", "containerPort": extra})
    env = _env(draft, facts)
    if env:
        main["env"] = env
    if facts.env_all:
        field = {"ConfigMap": "configMapRef", "Secret": "secretRef"}
        main["envFrom"] = [{field[each]: {"name": source}} for each, source in facts.env_all]
    main |= _probes(draft, kind, facts, port)
    main["resources"] = _resources(draft, name, facts)
    main["securityContext"] = _security(facts)
    mounts = _mounts(draft, kind, name, facts, volumes)
    if mounts:
        main["volumeMounts"] = mounts
    helpers = [_helper(facts.sidecar[0] or "sidecar", facts.sidecar[1], facts)] if facts.sidecar else []
    return [main, *helpers]


def _helper(name: str, image: str, facts: Facts) -> Obj:
    resources = {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "64Mi"}}
    return {"name": name, "image": image, "resources": resources, "securityContext": _security(facts)}


def _env(draft: Draft, facts: Facts) -> list[Obj]:
    found: list[Obj] = []
    for name, value in facts.env.items():
        if is_secret_name(name) and value:
            key = name.lower().replace("_", "-")
            reference = {"secretKeyRef": {"name": "credentials", "key": key}}
            found.append({"name": name, "valueFrom": reference})
            draft.assume(
                f"{name} is taken from the Secret 'credentials' (key {key}), not written here: create that Secret"
            )
        else:
            found.append({"name": name, "value": value})
    for name, kind, source, key in facts.env_from:
        field = "secretKeyRef" if kind == "Secret" else "configMapKeyRef"
        found.append({"name": name, "valueFrom": {field: {"name": source, "key": key}}})
    secret = _known(facts).secret
    if secret is not None and all(each["name"] != secret[0] for each in found):
        found.append({"name": secret[0], "valueFrom": {"secretKeyRef": {"name": facts.software, "key": secret[1]}}})
        facts.flags.add("needs-secret")
    return found


def _probes(draft: Draft, kind: str, facts: Facts, port: int | None) -> Obj:
    if kind not in _SERVING:
        return {}
    known = _known(facts)
    wanted = dict(facts.probes)
    if not wanted and port and known.port == port and kind != "Pod":
        draft.assume(f"no probes given: {facts.software} is asked on port {port}")
        wanted = {"readinessProbe": {"how": "", "path": known.health} if known.health else {"how": "tcp"}}
    found: Obj = {}
    for name in ("startupProbe", "readinessProbe", "livenessProbe"):
        if name in wanted:
            found[name] = probe(draft, wanted[name], port, known.health, alive=name == "livenessProbe")
    return found


def probe(draft: Draft, said: dict[str, Any], port: int | None, health: str, *, alive: bool = False) -> Obj:
    """Return a probe as it was said."""
    number = said.get("port") or port
    found: Obj
    if "command" in said:
        found = {"exec": {"command": said["command"]}}
    elif said.get("how") == "grpc" and number:
        found = {"grpc": {"port": number}}
    elif said.get("path") or (health and said.get("how") != "tcp"):
        if not number:
            draft.ask("port", "Which port answers the probe?")
        found = {"httpGet": {"path": said.get("path") or health, "port": number or 8080}}
    else:
        if not number:
            draft.ask("port", "Which port answers the probe?")
        found = {"tcpSocket": {"port": number or 8080}}
        if said.get("how") != "tcp":
            draft.assume("no path given for the probe: whether the port opens")
    if alive and "initialDelaySeconds" not in said:
        found["initialDelaySeconds"] = 15
    for name in ("initialDelaySeconds", "periodSeconds"):
        if name in said:
            found[name] = said[name]
    return found


def _resources(draft: Draft, name: str, facts: Facts) -> Obj:
    requests, limits = dict(facts.requests), dict(facts.limits)
    for resource, amount in facts.amounts.items():
        requests.setdefault(resource, amount)
        if resource == "memory":
            limits.setdefault(resource, amount)
    usual = {"cpu": "100m", "memory": _known(facts).memory}
    for resource, amount in usual.items():
        if resource not in requests:
            given = limits.get(resource)
            requests[resource] = (
                given if given is not None and (resource == "memory" or _less(given, amount)) else amount
            )
            if given is None:
                draft.assume(f"no {resource} given for {name}: {amount} requested")
    if "memory" not in limits:
        limits["memory"] = requests["memory"]
        draft.assume(f"no memory limit given for {name}: as much as requested")
    order = ("cpu", "memory")
    return {
        "requests": {key: requests[key] for key in order},
        "limits": {key: limits[key] for key in order if key in limits},
    }


def _less(one: str, other: str) -> bool:
    first, second = quantity(one), quantity(other)
    return first is not None and second is not None and first < second


def _security(facts: Facts) -> Obj:
    if "privileged" in facts.flags:
        return {"privileged": True}
    context: Obj = {"allowPrivilegeEscalation": False}
    added = facts.labels.get("§capabilities", "").split()
    if "restricted" in facts.flags or added or "non-root" in facts.flags:
        context["capabilities"] = {**({"add": added} if added else {}), "drop": ["ALL"]}
    if "read-only" in facts.flags:
        context["readOnlyRootFilesystem"] = True
    return context


def _mounts(draft: Draft, kind: str, name: str, facts: Facts, volumes: list[Obj]) -> list[Obj]:
    mounts: list[Obj] = []
    known = _known(facts)
    if facts.storage or facts.mount_path or "persistent" in facts.flags or (kind == "StatefulSet" and known.data):
        claimed = any(each[0] == "PersistentVolumeClaim" for each in facts.mounts)
        path = facts.mount_path or known.data or "/data"
        if not facts.mount_path and not claimed:
            draft.assume(f"no place given for the data of {name}: {path}")
        if not claimed:
            mounts.append({"name": "data", "mountPath": path})
            if kind != "StatefulSet":
                volumes.append({"name": "data", "persistentVolumeClaim": {"claimName": f"{name}-data"}})
                facts.flags.add("needs-claim")
    for sort, source, path in facts.mounts:
        label = {"hostPath": "host"}.get(sort, source)[:63].strip("-/") or "files"
        label = f"{label}-{len(volumes)}" if any(each["name"] == label for each in volumes) else label
        mounts.append(
            {
                "name": label,
                "mountPath": path,
                **({"readOnly": True} if sort in {"ConfigMap", "Secret", "hostPath"} else {}),
            }
        )
        volumes.append({"name": label, **volume_source(sort, source)})
    if "read-only" in facts.flags and all(each["mountPath"] != "/tmp" for each in mounts):  # noqa: S108 - in a container
        mounts.append({"name": "tmp", "mountPath": "/tmp"})  # noqa: S108 - in a container
        volumes.append({"name": "tmp", "emptyDir": {}})
        draft.assume("a read-only file system needs a place for temporary files: /tmp")
    return mounts


def volume_source(sort: str, source: str) -> Obj:
    """Return what a volume is made of."""
    sources: dict[str, Obj] = {
        "ConfigMap": {"configMap": {"name": source}},
        "Secret": {"secret": {"secretName": source}},
        "PersistentVolumeClaim": {"persistentVolumeClaim": {"claimName": source}},
        "emptyDir": {"emptyDir": {}},
        "hostPath": {"hostPath": {"path": source}},
    }
    return sources[sort]
