"""kubectl autoscale and what a HorizontalPodAutoscaler decides."""

from __future__ import annotations

from tests.conformance.case import Case, Mode, Needs, columns, given, is_exactly, kubectl, matches, refused, row, says
from tests.conformance.manifests import deployment

_HPA = "kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale"
_USAGE = "sim.ai4k8s.io/usage"


def _loaded(name: str, usage: str, replicas: int = 2) -> str:
    """A Deployment whose pods request 100m and use what is said here."""
    text = deployment(name=name, replicas=replicas, requests="{cpu: 100m, memory: 200Mi}")
    return text.replace("metadata:\n", f'metadata:\n  annotations: {{{_USAGE}: "{usage}"}}\n', 1)


def _hpa(name: str, target: int = 50, extra: str = "", maximum: int = 10) -> str:
    metric = f"{{type: Resource, resource: {{name: cpu, target: {{type: Utilization, averageUtilization: {target}}}}}}}"
    return (
        f'{{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {{name: "{name}"}}, spec: {{scaleTargetRef: '
        f'{{apiVersion: apps/v1, kind: Deployment, name: "{name}"}}, minReplicas: 1, maxReplicas: {maximum}, '
        f"metrics: [{metric}]{extra}}}}}"
    )


_DECISIONS = (
    # name, usage of every pod, replicas before, further spec, replicas after the first decision
    ("even", "cpu=50m", 4, "", 4),
    ("tolerated", "cpu=54m", 4, "", 4),
    ("above", "cpu=56m", 4, "", 5),
    ("doubled", "cpu=100m", 3, "", 6),
    ("limited", "total-cpu=1000m", 2, "", 4),
    ("behaviour", "total-cpu=1000m", 2, ", behavior: {scaleUp: {stabilizationWindowSeconds: 0}}", 6),
    ("below", "cpu=1m", 3, ", behavior: {scaleDown: {stabilizationWindowSeconds: 0}}", 1),
    ("held", "cpu=1m", 3, "", 3),
)

CASES = [
    # First, because it waits for the controller's period of 15 s.
    Case(
        "the autoscaler decides as its documentation says",
        Mode.WRITE,
        f"{_HPA}; recorded: hpa-decisions 1 to 22",
        (
            given(*(_loaded(f"hpa-{name}", usage, replicas) for name, usage, replicas, _, _ in _DECISIONS)),
            *(kubectl(f"rollout status deploy/hpa-{name} --timeout=60s") for name, *_ in _DECISIONS),
            given(*(_hpa(f"hpa-{name}", extra=extra) for name, _, _, extra, _ in _DECISIONS)),
            *(
                kubectl(
                    f"get hpa hpa-{name} -o jsonpath='{{.status.desiredReplicas}}'", is_exactly(str(after)), within=45
                )
                for name, _, _, _, after in _DECISIONS
            ),
            kubectl(
                "get hpa hpa-even",
                columns("NAME", "REFERENCE", "TARGETS", "MINPODS", "MAXPODS", "REPLICAS", "AGE"),
                row("hpa-even", "Deployment/hpa-even", "cpu:", "50%/50%", "1", "10", "4"),
            ),
            kubectl(
                "describe hpa hpa-even", says("ScalingActive"), says("ValidMetricFound"), says("DesiredWithinRange")
            ),
            kubectl(
                "events --for hpa/hpa-doubled",
                says("New size: 6; reason: cpu resource utilization (percentage of request) above target"),
            ),
        ),
        needs=Needs.SIMULATOR,
    ),
    Case(
        "autoscale",
        Mode.WRITE,
        "recorded: kubectl-get 3",
        (
            given(deployment(replicas=0)),
            kubectl(
                "autoscale deployment $ID --min=2 --max=5 --cpu=50%",
                is_exactly("horizontalpodautoscaler.autoscaling/$ID autoscaled"),
            ),
            kubectl(
                "get hpa $ID -o jsonpath='{.spec.minReplicas} {.spec.maxReplicas} "
                "{.spec.metrics[0].resource.target.averageUtilization}'",
                is_exactly("2 5 50"),
            ),
        ),
    ),
    Case(
        "autoscale with the old flag",
        Mode.WRITE,
        "recorded: kubectl-rollout 32",
        (
            given(deployment(replicas=0)),
            kubectl("autoscale deploy $ID --min=1 --max=3 --cpu-percent=80"),
            kubectl("get hpa $ID", matches(r"^$ID\s+Deployment/$ID\s+cpu: <unknown>/80%\s+1\s+3\s+0\s")),
        ),
    ),
    Case(
        "autoscale between impossible bounds",
        Mode.WRITE,
        "recorded: kubectl-rollout 34",
        (
            given(deployment(replicas=0)),
            refused("autoscale deploy $ID --min=5 --max=3", "--max=MAXPODS must be larger or equal to --min=MINPODS"),
        ),
    ),
    Case(
        "autoscaler without metrics gets the default",
        Mode.WRITE,
        "recorded: object-defaults 14",
        (
            given(
                '{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: "$ID"}, spec: {scaleTargetRef: '
                '{apiVersion: apps/v1, kind: Deployment, name: "$ID"}, maxReplicas: 3}}'
            ),
            kubectl(
                "get hpa $ID -o jsonpath='{.spec.minReplicas} {.spec.metrics[0].resource.target.averageUtilization}'",
                is_exactly("1 80"),
            ),
        ),
    ),
    Case(
        "autoscaler read in the old version",
        Mode.WRITE,
        "recorded: object-defaults 17",
        (
            given(_hpa("$ID")),
            kubectl(
                "get hpa.v1.autoscaling $ID -o jsonpath='{.apiVersion} {.spec.targetCPUUtilizationPercentage}'",
                is_exactly("autoscaling/v1 50"),
            ),
        ),
        known="a single object is converted for lists only",
    ),
    Case(
        "autoscaler with bounds the wrong way round",
        Mode.WRITE,
        "recorded: validation-errors 38",
        (
            refused(
                "apply -f -",
                "must be greater than or equal to `minReplicas`",
                stdin=_hpa("$ID", maximum=3).replace("minReplicas: 1", "minReplicas: 5"),
            ),
        ),
    ),
    Case(
        "autoscaler with a behaviour that is none",
        Mode.WRITE,
        "recorded: validation-errors 44",
        (
            refused(
                "apply -f -",
                "spec.behavior.scaleUp.policies",
                stdin=_hpa(
                    "$ID", extra=", behavior: {scaleUp: {policies: [{type: Pods, value: 0, periodSeconds: 15}]}}"
                ),
            ),
        ),
    ),
    Case(
        "autoscaler whose target has no pods",
        Mode.WRITE,
        "recorded: hpa-decisions 38",
        (
            given(deployment(replicas=0), _hpa("$ID")),
            kubectl(
                "get hpa $ID -o jsonpath='{.status.conditions[?(@.type==\"ScalingActive\")].reason}'",
                is_exactly("ScalingDisabled"),
                within=60,
            ),
        ),
    ),
]
