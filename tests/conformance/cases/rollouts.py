"""Deployments: rolling out, back, on and not at all; scaling."""

from __future__ import annotations

from tests.conformance.case import Case, Mode, columns, given, is_exactly, kubectl, matches, refused, row, says
from tests.conformance.manifests import deployment, stateful_set

_ROLLOUT = "kubernetes.io/docs/concepts/workloads/controllers/deployment"
_SCALE = "kubernetes.io/docs/reference/kubectl/generated/kubectl_scale"
_DONE = 'deployment "$ID" successfully rolled out'
_STATUS = kubectl("rollout status deploy/$ID --timeout=60s", says(_DONE))
_SET_IMAGE = kubectl("set image deploy/$ID c=nginx:1.28", is_exactly("deployment.apps/$ID image updated"))

CASES = [
    Case(
        "rollout status waits until all is ready",
        Mode.WRITE,
        "recorded: kubectl-rollout 2",
        (
            given(deployment(replicas=2)),
            _STATUS,
            kubectl(
                "get deploy $ID",
                columns("NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"),
                row("$ID", "2/2", "2", "2"),
            ),
            kubectl(
                "get rs -l app=$ID", columns("NAME", "DESIRED", "CURRENT", "READY", "AGE"), matches(r"\s2\s+2\s+2\s")
            ),
            kubectl(
                "get pods -l app=$ID -o wide",
                columns(
                    "NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE", "NOMINATED NODE", "READINESS GATES"
                ),
                matches(r"^$ID-\S+\s+1/1\s+Running\s+0\s"),
            ),
        ),
    ),
    Case(
        "deployment wide names its containers",
        Mode.WRITE,
        "recorded: kubectl-get 17",
        (
            given(deployment(replicas=0)),
            kubectl(
                "get deploy $ID -o wide",
                columns("NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE", "CONTAINERS", "IMAGES", "SELECTOR"),
                matches(r"c\s+nginx:1.27\s+app=$ID"),
            ),
        ),
    ),
    Case(
        "a new image rolls out and history counts",
        Mode.WRITE,
        "recorded: kubectl-rollout 6",
        (
            given(deployment(replicas=2)),
            _STATUS,
            _SET_IMAGE,
            _STATUS,
            kubectl("annotate deploy/$ID kubernetes.io/change-cause=newer"),
            kubectl(
                "rollout history deploy/$ID",
                says("REVISION  CHANGE-CAUSE"),
                row("1", "<none>"),
                row("2", "newer"),
                within=5,
            ),
            kubectl("rollout history deploy/$ID --revision=2", says("Image:\tnginx:1.28"), says("pod-template-hash=")),
            kubectl("get rs -l app=$ID -o jsonpath='{.items[*].spec.replicas}'", matches(r"^(0 2|2 0)$")),
        ),
    ),
    Case(
        "undo goes back, and the revision moves up",
        Mode.WRITE,
        "recorded: kubectl-rollout 10",
        (
            given(deployment()),
            _STATUS,
            _SET_IMAGE,
            _STATUS,
            kubectl("rollout undo deploy/$ID", is_exactly("deployment.apps/$ID rolled back")),
            _STATUS,
            kubectl("get deploy $ID -o jsonpath='{..image}'", is_exactly("nginx:1.27")),
            kubectl("rollout history deploy/$ID", row("2"), row("3"), within=5),
            refused("rollout undo deploy/$ID --to-revision=1", "unable to find specified revision 1 in history"),
        ),
    ),
    Case(
        "undo to what it is already",
        Mode.WRITE,
        "recorded: kubectl-rollout 14",
        (
            given(deployment(replicas=0)),
            _STATUS,
            kubectl(
                "rollout undo deploy/$ID --to-revision=1",
                says("skipped rollback (current template already matches revision 1)"),
            ),
        ),
    ),
    Case(
        "restart makes new pods",
        Mode.WRITE,
        "recorded: kubectl-rollout 21",
        (
            given(deployment()),
            _STATUS,
            kubectl("rollout restart deploy/$ID", is_exactly("deployment.apps/$ID restarted")),
            _STATUS,
            kubectl(
                "get deploy $ID -o jsonpath='{.metadata.annotations.deployment\\.kubernetes\\.io/revision}'",
                is_exactly("2"),
            ),
        ),
    ),
    Case(
        "pause and resume",
        Mode.WRITE,
        "recorded: kubectl-rollout 15",
        (
            given(deployment(replicas=0)),
            _STATUS,
            kubectl("rollout pause deploy/$ID", is_exactly("deployment.apps/$ID paused")),
            refused("rollout pause deploy/$ID", "is already paused"),
            refused("rollout restart deploy/$ID", "can't restart paused deployment"),
            refused("rollout undo deploy/$ID --to-revision=1", "you cannot rollback a paused deployment"),
            kubectl("rollout resume deploy/$ID", is_exactly("deployment.apps/$ID resumed")),
            refused("rollout resume deploy/$ID", "is not paused"),
        ),
    ),
    Case(
        "a paused deployment does not roll out",
        Mode.WRITE,
        _ROLLOUT,
        (
            given(deployment()),
            _STATUS,
            kubectl("rollout pause deploy/$ID"),
            _SET_IMAGE,
            kubectl(
                "get deploy $ID -o jsonpath='{.status.conditions[?(@.type==\"Progressing\")].reason}'",
                is_exactly("DeploymentPaused"),
                within=10,
            ),
            kubectl("get rs -l app=$ID -o name", matches(r"^replicaset.apps/$ID-\S+$")),
            kubectl("get pods -l app=$ID -o jsonpath='{..image}'", says("nginx:1.27")),
        ),
    ),
    Case(
        "history of a revision that never was",
        Mode.WRITE,
        "recorded: kubectl-rollout 8",
        (
            given(deployment(replicas=0)),
            _STATUS,
            refused("rollout history deploy/$ID --revision=9", "unable to find the specified revision"),
        ),
    ),
    Case(
        "set the image of a container that is not there",
        Mode.WRITE,
        "recorded: kubectl-rollout 24",
        (
            given(deployment(replicas=0)),
            refused("set image deploy/$ID nope=x", 'unable to find container named "nope"'),
        ),
    ),
    Case(
        "a rollout that cannot go on keeps the old pods",
        Mode.WRITE,
        "recorded: kubectl-rollout 26",
        (
            given(deployment(replicas=2)),
            _STATUS,
            kubectl("set image deploy/$ID c=badimage.invalid/nothing:1"),
            kubectl("rollout status deploy/$ID --timeout=2s", exit_code=1),
            kubectl("get deploy $ID", row("$ID", "2/2", "1", "2")),
            kubectl("get pods -l app=$ID", matches(r"0/1\s+(ErrImagePull|ImagePullBackOff)"), within=30),
        ),
    ),
    Case(
        "a rollout past its deadline says so",
        Mode.WRITE,
        "recorded: rollout-stuck 4",
        (
            given(deployment(image="badimage.invalid/nothing:1", extra="{progressDeadlineSeconds: 2}")),
            kubectl(
                "get deploy $ID -o jsonpath='{.status.conditions[?(@.type==\"Progressing\")].reason}'",
                is_exactly("ProgressDeadlineExceeded"),
                within=30,
            ),
            refused("rollout status deploy/$ID", "exceeded its progress deadline"),
        ),
    ),
    Case(
        "recreate ends old pods first",
        Mode.WRITE,
        _ROLLOUT,
        (
            given(deployment(extra="{strategy: {type: Recreate}}")),
            _STATUS,
            _SET_IMAGE,
            _STATUS,
            kubectl("get pods -l app=$ID -o jsonpath='{..containers[*].image}'", is_exactly("nginx:1.28"), within=10),
        ),
    ),
    Case(
        "scale up and down",
        Mode.WRITE,
        "recorded: kubectl-rollout 29",
        (
            given(deployment(replicas=1)),
            kubectl("scale deploy/$ID --replicas=3", is_exactly("deployment.apps/$ID scaled")),
            _STATUS,
            kubectl("get deploy $ID -o jsonpath='{.status.readyReplicas}'", is_exactly("3")),
            kubectl("scale deploy/$ID --replicas=0"),
            kubectl("get pods -l app=$ID -o name", is_exactly(""), within=30),
        ),
    ),
    Case(
        "scale on a condition that does not hold",
        Mode.WRITE,
        "recorded: kubectl-rollout 28",
        (
            given(deployment(replicas=0)),
            refused("scale deploy/$ID --replicas=5 --current-replicas=2", "Expected replicas to be 2, was 0"),
        ),
    ),
    Case(
        "scale what is not there",
        Mode.WRITE,
        "recorded: kubectl-rollout 30",
        (refused("scale deploy/$ID --replicas=5", 'deployments.apps "$ID" not found'),),
    ),
    Case(
        "scale as a subresource",
        Mode.WRITE,
        "recorded: kubectl-get 55",
        (
            given(deployment(replicas=0)),
            kubectl(
                "get deploy $ID --subresource=scale",
                columns("NAME", "DESIRED", "AVAILABLE", "AGE"),
                row("$ID", "0", "0"),
            ),
        ),
    ),
    Case(
        "scale a stateful set",
        Mode.WRITE,
        _SCALE,
        (
            given(stateful_set(replicas=0)),
            kubectl("scale sts/$ID --replicas=1", is_exactly("statefulset.apps/$ID scaled")),
            kubectl(
                "rollout status sts/$ID --timeout=60s",
                says("partitioned roll out complete: 1 new pods have been updated"),
            ),
        ),
    ),
    Case(
        "describe a deployment",
        Mode.WRITE,
        "recorded: kubectl-get 69",
        (
            given(deployment(replicas=1)),
            _STATUS,
            kubectl(
                "describe deploy $ID",
                says("1 desired | 1 updated | 1 total | 1 available | 0 unavailable"),
                says("MinimumReplicasAvailable"),
                says("NewReplicaSetAvailable"),
                matches(r"Scaled up replica set $ID-\S+ from 0 to 1"),
                within=5,
            ),
        ),
    ),
    Case(
        "describe a replica set",
        Mode.WRITE,
        "recorded: kubectl-get 76",
        (
            given(deployment(replicas=1)),
            _STATUS,
            kubectl(
                "describe rs -l app=$ID",
                says("Controlled By:  Deployment/$ID"),
                says("Pods Status:    1 Running / 0 Waiting / 0 Succeeded / 0 Failed"),
                matches(r"SuccessfulCreate\s.*Created pod: $ID-"),
                within=5,
            ),
        ),
    ),
    Case(
        "events of one object",
        Mode.WRITE,
        "recorded: kubectl-get 102",
        (
            given(deployment(replicas=1)),
            _STATUS,
            kubectl(
                "events --for deployment/$ID",
                columns("LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"),
                matches(r"Normal\s+ScalingReplicaSet\s+Deployment/$ID\s+Scaled up replica set"),
                within=5,
            ),
        ),
    ),
    Case(
        "wait for a condition",
        Mode.WRITE,
        "recorded: kubectl-get 110",
        (
            given(deployment(replicas=1)),
            kubectl(
                "wait --for=condition=Available deployment/$ID --timeout=60s",
                is_exactly("deployment.apps/$ID condition met"),
            ),
            kubectl("wait --for=jsonpath='{.status.readyReplicas}'=1 deployment/$ID --timeout=30s"),
        ),
    ),
    Case(
        "wait in vain",
        Mode.WRITE,
        "recorded: kubectl-get 111",
        (
            given(deployment(replicas=0)),
            kubectl("wait --for=jsonpath='{.status.readyReplicas}'=1 deployment/$ID --timeout=1s", exit_code=1),
        ),
    ),
    Case(
        "a deleted pod is replaced",
        Mode.WRITE,
        "kubernetes.io/docs/concepts/workloads/controllers/replicaset",
        (
            given(deployment(replicas=1)),
            _STATUS,
            kubectl("delete pods -l app=$ID", matches(r'^pod "$ID-\S+" deleted from $NS namespace$')),
            kubectl("get deploy $ID", row("$ID", "1/1"), within=30),
        ),
    ),
    Case(
        "a template may not contradict its selector",
        Mode.WRITE,
        "recorded: validation-errors 23",
        (
            refused(
                "apply -f -",
                "`selector` does not match template `labels`",
                stdin=deployment().replace("matchLabels:\n      app", "matchLabels:\n      other"),
            ),
        ),
    ),
]
