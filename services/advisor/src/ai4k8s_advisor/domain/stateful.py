"""Whether a workload keeps state, and whether more pods or larger pods suit it: by what a cluster shows of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ai4k8s_advisor.domain.situation import Autoscaler

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ai4k8s_advisor.domain.situation import Situation

#: Images that keep data, by the last part of their name.
DATABASES = re.compile(
    r"^(postgres(ql)?|pgvector|timescaledb|mysql|mariadb|percona.*|mongo(db)?|redis(-stack)?|valkey|keydb|memcached"
    r"|cassandra|scylla|cockroach|etcd|zookeeper|kafka|redpanda|rabbitmq|nats|elasticsearch|opensearch|clickhouse.*"
    r"|influxdb|prometheus|victoria-metrics|minio|neo4j|couchdb|couchbase|consul|vault|mssql.*|oracle.*"
    r"|qdrant|weaviate|milvus)$"
)
#: Names of workloads of which one pod leads and the others wait: more pods carry no more.
LEADERS = re.compile(
    r"(^|[-_.])(leader(-?elect(ion|or)?)?|controller-manager|operator|scheduler|coordinator|primary|master)([-_.]|$)"
)
#: Memory this much fuller than CPU, both in percent of requests, asks for larger pods rather than more.
MEMORY_BOUND_PERCENT = 85.0
CPU_CALM_PERCENT = 50.0


@dataclass(frozen=True, slots=True)
class State:
    """Whether a workload keeps state, and what says so (empty: nothing does)."""

    keeps: bool
    reason: str = ""


def state_of(kind: str, name: str, images: Sequence[str], volume_claims: Sequence[str]) -> State:
    """Tell from its kind, the claims it mounts, its name and its images, in that order.

    Args:
        kind: as the API names it.
        name: of the workload, without its namespace.
        images: of its containers.
        volume_claims: that its pods mount.
    """
    if kind == "StatefulSet":
        return State(keeps=True, reason="it is a StatefulSet")
    if volume_claims:
        return State(keeps=True, reason=f"its pods mount the claim {volume_claims[0]}")
    if LEADERS.search(name.lower()):
        return State(keeps=True, reason="by its name one pod leads and the others wait")
    for image in images:
        if DATABASES.match(base_name(image)):
            return State(keeps=True, reason=f"its image {base_name(image)} keeps data")
    return State(keeps=False)


def base_name(image: str) -> str:
    """The last part of an image's name: no registry, tag or digest."""
    return image.split("@", 1)[0].rsplit("/", 1)[-1].split(":", 1)[0].lower()


def autoscaler_for(s: Situation) -> tuple[Autoscaler, str]:
    """HPA (more pods) or VPA (larger pods), with the reason."""
    if s.keeps_state:
        return Autoscaler.VPA, f"larger pods rather than more: {s.state_reason or 'it keeps state'}"
    memory, cpu = s.memory_percent, s.cpu_percent
    if memory is not None and cpu is not None and memory >= MEMORY_BOUND_PERCENT and cpu < CPU_CALM_PERCENT:
        return Autoscaler.VPA, "memory is nearly full while CPU is calm: larger pods rather than more"
    if s.max_replicas is not None and s.max_replicas <= 1:
        return Autoscaler.VPA, "it may have one pod only"
    return Autoscaler.HPA, "it keeps no state that is known of, so that more pods share the work"
