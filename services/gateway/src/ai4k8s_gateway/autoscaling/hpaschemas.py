"""HPAs and VPAs as people write them here, and how they become Kubernetes' own objects."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from ai4k8s_gateway.autoscaling.schemas import Body, ObjectName

KindName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z0-9]{0,62}$")]
ApiVersion = Annotated[str, StringConstraints(pattern=r"^([a-z0-9.-]{1,200}/)?v[0-9a-z]{1,20}$")]
Quantity = Annotated[str, StringConstraints(pattern=r"^[0-9]+(\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$", max_length=30)]
MetricName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_:./-]{1,200}$")]
MOST_METRICS = 20


class Target(Body):
    """What is scaled."""

    api_version: ApiVersion = "apps/v1"
    kind: KindName = "Deployment"
    name: ObjectName


class HpaMetric(Body):
    """One metric: CPU or memory of the pods, a metric of the pods, of another object, or of something outside."""

    kind: Literal["cpu", "memory", "pods", "object", "external"]
    container: ObjectName | None = Field(default=None, description="CPU and memory: of this container only")
    name: MetricName | None = Field(default=None, description="of a pods, object or external metric")
    utilization_percent: int | None = Field(default=None, ge=1, le=1000, description="CPU and memory: of the request")
    average_value: Quantity | None = Field(default=None, description="for each pod")
    value: Quantity | None = Field(default=None, description="object and external: as it is")
    described_object: Target | None = Field(default=None, description="of an object metric")
    labels: dict[str, str] = Field(default_factory=dict, max_length=20, description="selector of the metric")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        own = self.kind in {"cpu", "memory"}
        if own != (self.name is None):
            raise ValueError("a name goes with pods, object and external metrics, and with those only")
        if self.container is not None and not own:
            raise ValueError("a container goes with CPU and memory, and with those only")
        if (self.kind == "object") != (self.described_object is not None):
            raise ValueError("described_object goes with an object metric, and with it only")
        targets = {
            "utilization_percent": self.utilization_percent,
            "average_value": self.average_value,
            "value": self.value,
        }
        given = {name for name, value in targets.items() if value is not None}
        allowed = {"utilization_percent", "average_value"} if own else {"average_value", "value"}
        if self.kind == "pods":
            allowed = {"average_value"}
        if len(given) != 1 or not given <= allowed:
            raise ValueError(f"a {self.kind} metric has exactly one target: {' or '.join(sorted(allowed))}")
        return self

    def to_spec(self) -> dict[str, Any]:
        """As autoscaling/v2 writes it."""
        if self.utilization_percent is not None:
            target: dict[str, Any] = {"type": "Utilization", "averageUtilization": self.utilization_percent}
        elif self.average_value is not None:
            target = {"type": "AverageValue", "averageValue": self.average_value}
        else:
            target = {"type": "Value", "value": self.value}
        body: dict[str, Any]
        if self.container is not None:
            body = {"name": self.kind, "container": self.container, "target": target}
            return {"type": "ContainerResource", "containerResource": body}
        if self.kind in {"cpu", "memory"}:
            return {"type": "Resource", "resource": {"name": self.kind, "target": target}}
        metric: dict[str, Any] = {"name": self.name}
        if self.labels:
            metric["selector"] = {"matchLabels": self.labels}
        body = {"metric": metric, "target": target}
        if self.described_object is not None:
            body["describedObject"] = reference(self.described_object)
        return {"type": self.kind.capitalize(), self.kind: body}


class RateLimit(Body):
    """At most so many pods, or percent, within a period."""

    kind: Literal["Pods", "Percent"]
    value: int = Field(ge=1, le=10_000)
    period_seconds: int = Field(ge=1, le=1800)


class Direction(Body):
    """Behaviour of one direction."""

    stabilization_window_seconds: int | None = Field(default=None, ge=0, le=3600)
    select: Literal["Max", "Min", "Disabled"] | None = None
    limits: list[RateLimit] = Field(default_factory=list, max_length=10)
    tolerance: Quantity | None = Field(
        default=None, description="relative change that is ignored, as in '0.05'; since 1.33"
    )

    def to_spec(self) -> dict[str, Any]:
        """As autoscaling/v2 writes it."""
        spec: dict[str, Any] = {}
        if self.stabilization_window_seconds is not None:
            spec["stabilizationWindowSeconds"] = self.stabilization_window_seconds
        if self.select is not None:
            spec["selectPolicy"] = self.select
        if self.limits:
            spec["policies"] = [
                {"type": limit.kind, "value": limit.value, "periodSeconds": limit.period_seconds}
                for limit in self.limits
            ]
        if self.tolerance is not None:
            spec["tolerance"] = self.tolerance
        return spec


class HpaBody(Body):
    """An HPA."""

    target: Target
    min_replicas: int = Field(default=1, ge=0, le=10_000)
    max_replicas: int = Field(ge=1, le=10_000)
    metrics: list[HpaMetric] = Field(min_length=1, max_length=MOST_METRICS)
    scale_up: Direction | None = None
    scale_down: Direction | None = None

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.max_replicas < max(self.min_replicas, 1):
            raise ValueError("max_replicas must not be below min_replicas")
        if self.min_replicas == 0 and not any(metric.kind in {"object", "external"} for metric in self.metrics):
            raise ValueError("scaling to zero needs an object or external metric: pods that are not there have none")
        return self

    def to_spec(self) -> dict[str, Any]:
        """As autoscaling/v2 writes it."""
        spec: dict[str, Any] = {
            "scaleTargetRef": reference(self.target),
            "minReplicas": self.min_replicas,
            "maxReplicas": self.max_replicas,
            "metrics": [metric.to_spec() for metric in self.metrics],
        }
        behavior = {
            name: spec_of
            for name, direction in (("scaleUp", self.scale_up), ("scaleDown", self.scale_down))
            if direction is not None and (spec_of := direction.to_spec())
        }
        return {**spec, "behavior": behavior} if behavior else spec


class NewHpa(HpaBody):
    """An HPA to be created."""

    namespace: ObjectName
    name: ObjectName


class Amounts(Body):
    """CPU and memory."""

    cpu: Quantity | None = None
    memory: Quantity | None = None


class VpaBody(Body):
    """A VPA. Off only recommends; Initial sets requests of new pods; the others restart or resize running ones."""

    target: Target
    mode: Literal["Off", "Initial", "Recreate", "Auto", "InPlaceOrRecreate"] = "Off"
    resources: list[Literal["cpu", "memory"]] = Field(default=["cpu", "memory"], min_length=1, max_length=2)
    min_allowed: Amounts = Amounts()
    max_allowed: Amounts = Amounts()

    def to_spec(self) -> dict[str, Any]:
        """As autoscaling.k8s.io/v1 writes it."""
        policy: dict[str, Any] = {"containerName": "*", "controlledResources": list(dict.fromkeys(self.resources))}
        for name, amounts in (("minAllowed", self.min_allowed), ("maxAllowed", self.max_allowed)):
            values = amounts.model_dump(exclude_none=True)
            if values:
                policy[name] = values
        return {
            "targetRef": reference(self.target),
            "updatePolicy": {"updateMode": self.mode},
            "resourcePolicy": {"containerPolicies": [policy]},
        }


class NewVpa(VpaBody):
    """A VPA to be created."""

    namespace: ObjectName
    name: ObjectName


def reference(target: Target) -> dict[str, str]:
    """As Kubernetes writes it."""
    return {"apiVersion": target.api_version, "kind": target.kind, "name": target.name}
