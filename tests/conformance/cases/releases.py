"""helm: a chart installed, upgraded, rolled back, tested and removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.case import (
    Case,
    Mode,
    given,
    helm,
    is_exactly,
    kubectl,
    lacks,
    matches,
    python,
    row,
    says,
    warns,
)

if TYPE_CHECKING:
    from tests.conformance.session import Session

_HELM = "helm.sh/docs/helm"
_CHART = {
    "Chart.yaml": "apiVersion: v2\nname: demo\nversion: 0.1.0\nappVersion: '1.0'\n",
    "values.yaml": "replicas: 1\nimage: nginx:1.27\n",
    "templates/deployment.yaml": """
apiVersion: apps/v1
kind: Deployment
metadata: {name: "{{ .Release.Name }}"}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: "{{ .Release.Name }}"}}
  template:
    metadata: {labels: {app: "{{ .Release.Name }}"}}
    spec: {terminationGracePeriodSeconds: 1, containers: [{name: c, image: "{{ .Values.image }}"}]}
""",
    "templates/service.yaml": """
apiVersion: v1
kind: Service
metadata: {name: "{{ .Release.Name }}"}
spec: {selector: {app: "{{ .Release.Name }}"}, ports: [{port: 80}]}
""",
    "templates/test.yaml": """
apiVersion: v1
kind: Pod
metadata: {name: "{{ .Release.Name }}-test", annotations: {helm.sh/hook: test}}
spec: {restartPolicy: Never, containers: [{name: c, image: "busybox:1.37", command: ["true"]}]}
""",
    "templates/NOTES.txt": "Installed {{ .Release.Name }} revision {{ .Release.Revision }}\n",
}


def _write_chart(session: Session) -> None:
    """Put the chart where helm finds it."""
    for name, text in _CHART.items():
        path = session.home / "demo" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


_READY = python(_write_chart)
_INSTALL = helm("install $ID $HOME/demo --wait --timeout 60s", says("STATUS: deployed"), says("REVISION: 1"))
_UNINSTALL = helm("uninstall $ID --wait --timeout 60s", is_exactly('release "$ID" uninstalled'))

CASES = [
    Case(
        "helm: install and wait",
        Mode.WRITE,
        f"{_HELM}/helm_install; recorded: helm 5",
        (
            _READY,
            _INSTALL,
            kubectl("get deploy $ID", row("$ID", "1/1", "1", "1")),
            kubectl(
                "get deploy $ID -o jsonpath='{.metadata.labels.app\\.kubernetes\\.io/managed-by}'", is_exactly("Helm")
            ),
            helm("list --filter ^$ID$", matches(r"^$ID\s+$NS\s+1\s.*deployed\s+demo-0.1.0\s+1.0")),
            _UNINSTALL,
        ),
    ),
    Case(
        "helm: a dry run of the server writes nothing",
        Mode.WRITE,
        "recorded: helm 4",
        (
            _READY,
            helm("install $ID $HOME/demo --dry-run=server", says("STATUS: pending-install"), says("kind: Deployment")),
            kubectl("get deploy $ID", exit_code=1),
        ),
    ),
    Case(
        "helm: a name can be used once",
        Mode.WRITE,
        "recorded: helm 12",
        (
            _READY,
            helm("install $ID $HOME/demo"),
            helm("install $ID $HOME/demo", warns("cannot reuse a name that is still in use"), exit_code=1),
            _UNINSTALL,
        ),
    ),
    Case(
        "helm: upgrade, history, rollback",
        Mode.WRITE,
        f"{_HELM}/helm_rollback; recorded: helm 13 to 22",
        (
            _READY,
            _INSTALL,
            helm("upgrade $ID $HOME/demo --set replicas=2,image=nginx:1.28 --wait --timeout 60s", says("REVISION: 2")),
            kubectl("get deploy $ID -o jsonpath='{.status.readyReplicas} {..image}'", is_exactly("2 nginx:1.28")),
            helm(
                "history $ID",
                matches(r"^1\s.*superseded\s+demo-0.1.0\s+1.0\s+Install complete"),
                matches(r"^2\s.*deployed\s+demo-0.1.0\s+1.0\s+Upgrade complete"),
            ),
            helm("rollback $ID 1 --wait --timeout 60s", is_exactly("Rollback was a success! Happy Helming!")),
            kubectl(
                "get deploy $ID -o jsonpath='{.spec.replicas} {.spec.template.spec.containers[0].image}'",
                is_exactly("1 nginx:1.27"),
            ),
            helm("history $ID", matches(r"^3\s.*deployed\s+demo-0.1.0\s+1.0\s+Rollback to 1")),
            helm("rollback $ID 99", warns("release has no 99 version"), exit_code=1),
            _UNINSTALL,
        ),
    ),
    Case(
        "helm: an upgrade that does not come up fails",
        Mode.WRITE,
        "recorded: helm 17",
        (
            _READY,
            _INSTALL,
            helm(
                "upgrade $ID $HOME/demo --set image=badimage.invalid/nothing:1 --wait --timeout 3s",
                warns("context deadline exceeded"),
                exit_code=1,
            ),
            helm("list --filter ^$ID$", matches(r"^$ID\s+$NS\s+2\s.*failed\s")),
            _UNINSTALL,
        ),
    ),
    Case(
        "helm: upgrade what is not there yet",
        Mode.WRITE,
        "recorded: helm 23",
        (
            _READY,
            helm(
                "upgrade --install $ID $HOME/demo --set replicas=0",
                says('Release "$ID" does not exist. Installing it now.'),
            ),
            helm("upgrade --install $ID $HOME/demo --reuse-values", says("REVISION: 2")),
            helm("get values $ID", says("replicas: 0")),
            _UNINSTALL,
        ),
    ),
    Case(
        "helm: status, manifest and notes",
        Mode.WRITE,
        "recorded: helm 9",
        (
            _READY,
            helm("install $ID $HOME/demo", says("Installed $ID revision 1")),
            helm(
                "status $ID",
                says("STATUS: deployed"),
                says("RESOURCES:"),
                matches(r"^==> v1/Deployment"),
                matches(r"^==> v1/Service"),
            ),
            helm("get manifest $ID", says("# Source: demo/templates/service.yaml")),
            _UNINSTALL,
        ),
    ),
    Case(
        "helm: test",
        Mode.WRITE,
        f"{_HELM}/helm_test; recorded: helm 16",
        (
            _READY,
            _INSTALL,
            helm("test $ID --timeout 60s", matches(r"TEST SUITE:\s+$ID-test"), matches(r"Phase:\s+Succeeded")),
            _UNINSTALL,
        ),
    ),
    Case(
        "helm: uninstall leaves nothing",
        Mode.WRITE,
        "recorded: helm 25",
        (
            _READY,
            _INSTALL,
            _UNINSTALL,
            kubectl("get deploy,svc,secrets -l app.kubernetes.io/managed-by=Helm -o name", lacks("/$ID")),
            helm("status $ID", warns("release: not found"), exit_code=1),
            helm("uninstall $ID", warns("release: not found"), exit_code=1),
        ),
    ),
    Case(
        "helm: releases are kept in secrets",
        Mode.WRITE,
        "helm.sh/docs/topics/advanced",
        (
            _READY,
            helm("install $ID $HOME/demo --set replicas=0"),
            kubectl(
                "get secret sh.helm.release.v1.$ID.v1 -o jsonpath='{.type} {.metadata.labels.status}'",
                is_exactly("helm.sh/release.v1 deployed"),
            ),
            _UNINSTALL,
        ),
    ),
    Case(
        "helm: what exists is not taken over",
        Mode.WRITE,
        f"{_HELM}/helm_install",
        (
            _READY,
            given('{apiVersion: v1, kind: Service, metadata: {name: "$ID"}, spec: {ports: [{port: 1}]}}'),
            helm(
                "install $ID $HOME/demo", warns("exists and cannot be imported into the current release"), exit_code=1
            ),
        ),
    ),
]
