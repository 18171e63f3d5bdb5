"""Types that are registered by applying a CustomResourceDefinition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.case import (
    Case,
    Mode,
    Needs,
    columns,
    given,
    is_exactly,
    kubectl,
    lacks,
    matches,
    python,
    refused,
    row,
    says,
)
from tests.support.wait import eventually

if TYPE_CHECKING:
    from tests.conformance.session import Session

_CRD = "kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions"


def _definition() -> str:
    """A namespaced type, its own for each case and run: cluster-wide names must not meet."""
    return """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: "widgets.$ID-$SUFFIX.example.com"}
spec:
  group: "$ID-$SUFFIX.example.com"
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget, shortNames: [wd], categories: [gadgets]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}, scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}}
    additionalPrinterColumns:
    - {name: Size, type: string, jsonPath: .spec.size}
    - {name: Replicas, type: integer, jsonPath: .spec.replicas}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            required: [size]
            x-kubernetes-validations:
            - {rule: "!has(self.least) || self.replicas >= self.least", message: too few replicas}
            properties:
              size: {type: string, enum: [s, m, l]}
              replicas: {type: integer, minimum: 0, maximum: 9, default: 1}
              least: {type: integer}
          status: {type: object, properties: {replicas: {type: integer}}}
"""


def _widget(spec: str = "{size: s}") -> str:
    return f"""
apiVersion: $ID-$SUFFIX.example.com/v1
kind: Widget
metadata: {{name: w}}
spec: {spec}
"""


_REGISTERED = (
    given(_definition()),
    kubectl("wait --for=condition=Established crd/widgets.$ID-$SUFFIX.example.com --timeout=30s"),
)
_TYPE = "widgets.$ID-$SUFFIX.example.com"


def _listed(session: Session) -> None:
    """A registered type appears in discovery and can be used by the dynamic client; unregistered, it is gone."""
    group = f"{session.identifier}-{session.suffix}.example.com"
    path = f"/apis/{group}/v1"

    def served() -> bool:
        return session.raw(path)[0] == 200

    eventually(served, within=30)
    crds = session.dynamic.resources.get(api_version="apiextensions.k8s.io/v1", kind="CustomResourceDefinition")
    crds.delete(f"widgets.{group}")
    eventually(lambda: not served(), within=60)


def _vpa(mode: str) -> str:
    return (
        '{apiVersion: autoscaling.k8s.io/v1, kind: VerticalPodAutoscaler, metadata: {name: "$ID"}, spec: {targetRef: '
        f'{{apiVersion: apps/v1, kind: Deployment, name: "$ID"}}, updatePolicy: {{updateMode: "{mode}"}}}}}}'
    )


CASES = [
    Case(
        "the types that are shipped can be used at once",
        Mode.WRITE,
        "kubernetes.io/docs/concepts/workloads/autoscaling",
        (
            kubectl("explain vpa.spec.updatePolicy", says("updateMode")),
            kubectl(
                "apply -f -", is_exactly("verticalpodautoscaler.autoscaling.k8s.io/$ID created"), stdin=_vpa("Auto")
            ),
            kubectl("get vpa $ID", columns("NAME", "MODE", "CPU", "MEM", "PROVIDED", "AGE"), row("$ID", "Auto")),
            refused("apply -f -", 'spec.updatePolicy.updateMode: Unsupported value: "Often"', stdin=_vpa("Often")),
        ),
        needs=Needs.SIMULATOR,
    ),
    Case(
        "a custom type is served once established",
        Mode.WRITE,
        _CRD,
        (
            *_REGISTERED,
            kubectl("apply -f -", is_exactly("widget.$ID-$SUFFIX.example.com/w created"), stdin=_widget(), within=15),
            kubectl(f"get {_TYPE} w", columns("NAME", "SIZE", "REPLICAS"), row("w", "s", "1")),
        ),
    ),
    Case(
        "custom objects get their defaults",
        Mode.WRITE,
        "recorded: crd-lifecycle 6",
        (
            *_REGISTERED,
            kubectl("apply -f -", stdin=_widget(), within=15),
            kubectl(f"get {_TYPE} w -o jsonpath='{{.spec}}'", is_exactly('{"replicas":1,"size":"s"}')),
        ),
    ),
    Case(
        "custom objects are validated",
        Mode.WRITE,
        "recorded: crd-lifecycle 8",
        (
            *_REGISTERED,
            kubectl("apply -f -", stdin=_widget(), within=15),
            refused(
                "apply -f -",
                'spec.size: Unsupported value: "xl": supported values: "s", "m", "l"',
                stdin=_widget("{size: xl}"),
            ),
            refused("apply -f -", "spec.size: Required value", stdin=_widget("{replicas: 1}")),
            refused("apply -f -", "should be less than or equal to 9", stdin=_widget("{size: s, replicas: 10}")),
        ),
    ),
    Case(
        "custom rules are evaluated",
        Mode.WRITE,
        "recorded: crd-lifecycle 11",
        (
            *_REGISTERED,
            kubectl("apply -f -", stdin=_widget("{size: s, replicas: 3, least: 2}"), within=15),
            refused("apply -f -", "too few replicas", stdin=_widget("{size: s, replicas: 1, least: 2}")),
        ),
    ),
    Case(
        "unknown fields of custom objects",
        Mode.WRITE,
        "recorded: crd-lifecycle 7",
        (
            *_REGISTERED,
            kubectl("apply -f -", stdin=_widget(), within=15),
            refused("apply -f -", 'unknown field "spec.colour"', stdin=_widget("{size: s, colour: red}")),
            kubectl("apply -f - --validate=ignore", stdin=_widget("{size: s, colour: red}")),
            kubectl(f"get {_TYPE} w -o jsonpath='{{.spec}}'", lacks("colour")),
        ),
    ),
    Case(
        "custom objects can be scaled",
        Mode.WRITE,
        "recorded: crd-lifecycle 24",
        (
            *_REGISTERED,
            kubectl("apply -f -", stdin=_widget(), within=15),
            kubectl(f"scale {_TYPE}/w --replicas=4"),
            kubectl(f"get {_TYPE} w -o jsonpath='{{.spec.replicas}}'", is_exactly("4")),
        ),
    ),
    Case(
        "status of custom objects is written apart",
        Mode.WRITE,
        "recorded: crd-lifecycle 21",
        (
            *_REGISTERED,
            kubectl("apply -f -", stdin=_widget(), within=15),
            kubectl(f'patch {_TYPE} w --type=merge -p \'{{"status":{{"replicas":7}}}}\'', says("no change")),
            kubectl(f'patch {_TYPE} w --type=merge --subresource=status -p \'{{"status":{{"replicas":7}}}}\''),
            kubectl(f"get {_TYPE} w -o jsonpath='{{.status.replicas}}'", is_exactly("7")),
        ),
    ),
    Case(
        "custom objects know no strategic patch",
        Mode.WRITE,
        "recorded: crd-lifecycle 15",
        (
            *_REGISTERED,
            kubectl("apply -f -", stdin=_widget(), within=15),
            kubectl(f'patch {_TYPE} w --type=strategic -p \'{{"spec":{{"size":"m"}}}}\'', exit_code=1),
        ),
    ),
    Case(
        "custom objects by server-side apply",
        Mode.WRITE,
        "recorded: crd-lifecycle 17",
        (
            *_REGISTERED,
            kubectl("apply --server-side -f -", says("serverside-applied"), stdin=_widget(), within=15),
            refused(
                "apply --server-side --field-manager=other -f -", '"kubectl": .spec.size', stdin=_widget("{size: m}")
            ),
        ),
    ),
    Case(
        "custom types can be explained",
        Mode.WRITE,
        _CRD,
        (
            *_REGISTERED,
            kubectl(
                "explain widgets.spec --api-version=$ID-$SUFFIX.example.com/v1",
                says("KIND:       Widget"),
                says("size"),
                says("-required-"),
                within=30,
            ),
        ),
    ),
    Case(
        "custom types are listed by category",
        Mode.WRITE,
        _CRD,
        (
            *_REGISTERED,
            kubectl("apply -f -", stdin=_widget(), within=15),
            kubectl("api-resources --api-group=$ID-$SUFFIX.example.com", row("widgets", "wd"), says("Widget")),
        ),
    ),
    Case(
        "a definition that is not valid",
        Mode.WRITE,
        "recorded: crd-lifecycle 1",
        (
            refused(
                "apply -f -",
                'must be spec.names.plural+"."+spec.group',
                stdin=_definition().replace('name: "widgets.', 'name: "gadgets.'),
            ),
        ),
    ),
    Case(
        "the scope of a type cannot be changed",
        Mode.WRITE,
        "recorded: crd-lifecycle 31",
        (
            *_REGISTERED,
            refused(
                'patch crd widgets.$ID-$SUFFIX.example.com --type=merge -p \'{"spec":{"scope":"Cluster"}}\'',
                "field is immutable",
            ),
        ),
    ),
    Case(
        "python: a custom type comes and goes",
        Mode.WRITE,
        "recorded: crd-lifecycle 33",
        (*_REGISTERED, python(_listed)),
    ),
    Case(
        "definitions print a table",
        Mode.WRITE,
        _CRD,
        (
            *_REGISTERED,
            kubectl(
                "get crd widgets.$ID-$SUFFIX.example.com",
                columns("NAME", "CREATED AT"),
                matches(r"^widgets\.\S+\s+\d{4}-"),
            ),
        ),
    ),
]
