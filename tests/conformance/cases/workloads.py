"""Pods and what makes them: StatefulSets, DaemonSets, Jobs, CronJobs; the scheduler's reasons."""

from __future__ import annotations

from tests.conformance.case import Case, Mode, Needs, columns, given, is_exactly, kubectl, matches, refused, row, says
from tests.conformance.manifests import daemon_set, job, pod, stateful_set

_STS = "kubernetes.io/docs/concepts/workloads/controllers/statefulset"
_DS = "kubernetes.io/docs/concepts/workloads/controllers/daemonset"
_JOB = "kubernetes.io/docs/concepts/workloads/controllers/job"
_CRON = "kubernetes.io/docs/concepts/workloads/controllers/cron-jobs"
_SCHEDULER = "kubernetes.io/docs/concepts/scheduling-eviction"
_LIFE = "kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle"

_CRON_JOB = """
apiVersion: batch/v1
kind: CronJob
metadata: {name: "$ID"}
spec:
  schedule: "%s"
  jobTemplate:
    spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: "busybox:1.37", command: ["true"]}]}}}
"""

CASES = [
    # First, because it waits for the minute to turn.
    Case(
        "a cron job starts a job when its minute comes",
        Mode.WRITE,
        "recorded: daemonset-jobs-cronjobs 29",
        (
            given(_CRON_JOB % "* * * * *"),
            kubectl("get cronjob $ID -o jsonpath='{.status.lastScheduleTime}'", matches(r"^\d{4}-"), within=90),
            kubectl(
                "get jobs -o jsonpath='{.items[?(@.metadata.ownerReferences[0].name==\"$ID\")].metadata.name}'",
                matches(r"^$ID-\d{8}"),
                within=10,
            ),
        ),
    ),
    Case(
        "stateful set makes pods in order with stable names",
        Mode.WRITE,
        _STS,
        (
            given(stateful_set()),
            kubectl(
                "rollout status sts/$ID --timeout=60s",
                says("partitioned roll out complete: 2 new pods have been updated"),
            ),
            kubectl("get sts $ID", columns("NAME", "READY", "AGE"), row("$ID", "2/2"), within=10),
            kubectl("get pods -l app=$ID -o name", is_exactly("pod/$ID-0\npod/$ID-1")),
            kubectl(
                "get pod $ID-0 -o jsonpath='{.metadata.labels.statefulset\\.kubernetes\\.io/pod-name} "
                "{.metadata.labels.apps\\.kubernetes\\.io/pod-index} {.spec.hostname}'",
                is_exactly("$ID-0 0 $ID-0"),
            ),
        ),
    ),
    Case(
        "stateful set scales down from the end",
        Mode.WRITE,
        _STS,
        (
            given(stateful_set()),
            kubectl("get sts $ID", row("$ID", "2/2"), within=60),
            kubectl("scale sts/$ID --replicas=1"),
            kubectl("get pods -l app=$ID -o name", is_exactly("pod/$ID-0"), within=30),
        ),
    ),
    Case(
        "stateful set's pod comes back under its name",
        Mode.WRITE,
        _STS,
        (
            given(stateful_set(replicas=1)),
            kubectl("get sts $ID", row("$ID", "1/1"), within=60),
            kubectl("delete pod $ID-0", is_exactly('pod "$ID-0" deleted from $NS namespace')),
            kubectl("get sts $ID", row("$ID", "1/1"), within=30),
        ),
    ),
    Case(
        "stateful set's template rolls out",
        Mode.WRITE,
        _STS,
        (
            given(stateful_set(replicas=1)),
            kubectl("get sts $ID", row("$ID", "1/1"), within=60),
            kubectl("set image sts/$ID c=nginx:1.28"),
            kubectl(
                "get pod $ID-0 -o jsonpath='{.spec.containers[0].image} {.status.phase}'",
                is_exactly("nginx:1.28 Running"),
                within=60,
            ),
            kubectl("rollout history sts/$ID", row("1"), row("2")),
        ),
    ),
    Case(
        "daemon set runs one pod on every node",
        Mode.WRITE,
        _DS,
        (
            given(daemon_set()),
            kubectl("rollout status ds/$ID --timeout=90s", says('daemon set "$ID" successfully rolled out')),
            kubectl(
                "get ds $ID",
                columns("NAME", "DESIRED", "CURRENT", "READY", "UP-TO-DATE", "AVAILABLE", "NODE SELECTOR", "AGE"),
                matches(r"$ID\s+(\d+)\s+\1\s+\1\s+\1\s+\1\s+<none>"),
            ),
        ),
    ),
    Case(
        "daemon set whose selector fits no node",
        Mode.WRITE,
        "recorded: daemonset-jobs-cronjobs 8",
        (
            given(daemon_set(pod_spec='{nodeSelector: {conformance: "no-such-node"}}')),
            kubectl(
                "get ds $ID -o jsonpath='{.status.desiredNumberScheduled} {.status.observedGeneration}'",
                is_exactly("0 1"),
                within=10,
            ),
        ),
    ),
    Case(
        "job runs to its end",
        Mode.WRITE,
        "recorded: daemonset-jobs-cronjobs 10",
        (
            given(job(spec="{completions: 2, parallelism: 2}")),
            kubectl("wait --for=condition=Complete job/$ID --timeout=60s"),
            kubectl(
                "get job $ID",
                columns("NAME", "STATUS", "COMPLETIONS", "DURATION", "AGE"),
                row("$ID", "Complete", "2/2"),
            ),
            kubectl("get pods -l job-name=$ID", matches(r"^$ID-\S+\s+0/1\s+Completed\s")),
        ),
    ),
    Case(
        "job that fails gives up",
        Mode.WRITE,
        "recorded: daemonset-jobs-cronjobs 14",
        (
            given(job(spec="{backoffLimit: 0}", container='{command: [sh, -c, "exit 1"]}')),
            kubectl("wait --for=condition=Failed job/$ID --timeout=60s"),
            kubectl(
                "get job $ID -o jsonpath='{.status.conditions[?(@.type==\"Failed\")].reason} {.status.failed}'",
                is_exactly("BackoffLimitExceeded 1"),
            ),
            kubectl("get pods -l job-name=$ID", matches(r"0/1\s+Error\s")),
        ),
    ),
    Case(
        "job past its deadline",
        Mode.WRITE,
        "recorded: daemonset-jobs-cronjobs 16",
        (
            given(job(spec="{activeDeadlineSeconds: 2}", container='{command: [sleep, "300"]}')),
            kubectl("wait --for=condition=Failed job/$ID --timeout=60s"),
            kubectl(
                "get job $ID -o jsonpath='{.status.conditions[?(@.type==\"Failed\")].reason}'",
                is_exactly("DeadlineExceeded"),
            ),
        ),
    ),
    Case(
        "job with an index for each pod",
        Mode.WRITE,
        "recorded: daemonset-jobs-cronjobs 22",
        (
            given(job(spec="{completions: 2, parallelism: 2, completionMode: Indexed}")),
            kubectl("wait --for=condition=Complete job/$ID --timeout=60s"),
            kubectl("get job $ID -o jsonpath='{.status.completedIndexes}'", is_exactly("0,1")),
        ),
    ),
    Case(
        "job that waits to be told",
        Mode.WRITE,
        "recorded: daemonset-jobs-cronjobs 18",
        (
            given(job(spec="{suspend: true}")),
            kubectl("get job $ID", row("$ID", "Suspended", "0/1"), within=10),
            kubectl('patch job $ID --type=merge -p \'{"spec":{"suspend":false}}\''),
            kubectl("wait --for=condition=Complete job/$ID --timeout=60s"),
        ),
    ),
    Case(
        "job that is cleared away",
        Mode.WRITE,
        "recorded: daemonset-jobs-cronjobs 25",
        (
            given(job(spec="{ttlSecondsAfterFinished: 1}")),
            kubectl("get job $ID", exit_code=1, within=60),
        ),
    ),
    Case(
        "job's count cannot be changed",
        Mode.WRITE,
        "recorded: validation-errors 35",
        (
            given(job(spec="{suspend: true}")),
            refused('patch job $ID --type=merge -p \'{"spec":{"completions":5}}\'', "field is immutable"),
        ),
    ),
    Case(
        "cron job prints a table",
        Mode.WRITE,
        "recorded: table-output 7",
        (
            given(_CRON_JOB % "0 3 * * *"),
            kubectl(
                "get cronjob $ID",
                columns("NAME", "SCHEDULE", "TIMEZONE", "SUSPEND", "ACTIVE", "LAST SCHEDULE", "AGE"),
                matches(r"^$ID\s+0 3 \* \* \*\s+<none>\s+False\s+0\s+<none>"),
            ),
        ),
    ),
    Case(
        "cron job started by hand",
        Mode.WRITE,
        "recorded: kubectl-create 8",
        (
            given(_CRON_JOB % "0 3 * * *"),
            kubectl("create job $ID-now --from=cronjob/$ID", is_exactly("job.batch/$ID-now created")),
            kubectl("wait --for=condition=Complete job/$ID-now --timeout=60s"),
            kubectl(
                "get job $ID-now -o jsonpath='{.metadata.annotations.cronjob\\.kubernetes\\.io/instantiate}'",
                is_exactly("manual"),
            ),
        ),
    ),
    Case(
        "cron job with a schedule that is none",
        Mode.WRITE,
        "recorded: validation-errors 37",
        (refused("apply -f -", "spec.schedule: Invalid value", stdin=_CRON_JOB % "every day"),),
    ),
    Case(
        "a pod that ends well has completed",
        Mode.WRITE,
        _LIFE,
        (
            kubectl("run $ID --image=busybox:1.37 --restart=Never -- true", is_exactly("pod/$ID created")),
            kubectl("get pod $ID", row("$ID", "0/1", "Completed"), within=60),
            kubectl(
                "get pod $ID -o jsonpath='{.status.phase} {.status.containerStatuses[0].state.terminated.exitCode}'",
                is_exactly("Succeeded 0"),
            ),
        ),
    ),
    Case(
        "a pod that fails again and again backs off",
        Mode.WRITE,
        _LIFE,
        (
            given(pod(image="busybox:1.37", container='{command: [sh, -c, "exit 1"]}')),
            kubectl("get pod $ID", matches(r"0/1\s+CrashLoopBackOff\s+[1-9]"), within=90),
            kubectl(
                "get pod $ID -o jsonpath='{.status.containerStatuses[0].lastState.terminated.exitCode}'",
                is_exactly("1"),
            ),
        ),
    ),
    Case(
        "an image that is not to be had",
        Mode.WRITE,
        "recorded: table-output 1",
        (
            given(pod(image="badimage.invalid/nothing:1")),
            kubectl("get pod $ID", matches(r"0/1\s+(ErrImagePull|ImagePullBackOff)\s+0"), within=60),
            kubectl("events --for pod/$ID --types=Warning", says("Failed to pull image"), within=30),
        ),
    ),
    Case(
        "a pod that fits nowhere says why",
        Mode.WRITE,
        "recorded: scheduling 2",
        (
            given(pod(container='{resources: {requests: {cpu: "9999"}}}')),
            kubectl("get pod $ID", row("$ID", "0/1", "Pending"), within=10),
            kubectl(
                "get pod $ID -o jsonpath='{.status.conditions[?(@.type==\"PodScheduled\")].message}'",
                matches(r"^0/\d+ nodes are available: .*Insufficient cpu"),
                within=10,
            ),
            kubectl("events --for pod/$ID --types=Warning", says("FailedScheduling"), within=10),
        ),
    ),
    Case(
        "a pod whose selector fits no node",
        Mode.WRITE,
        "recorded: scheduling 4",
        (
            given(pod(spec='{nodeSelector: {conformance: "no-such-node"}}')),
            kubectl(
                "get pod $ID -o jsonpath='{.status.conditions[?(@.type==\"PodScheduled\")].message}'",
                says("didn't match Pod's node affinity/selector"),
                within=10,
            ),
        ),
    ),
    Case(
        "a pod behind a gate",
        Mode.WRITE,
        "recorded: scheduling 12",
        (
            given(pod(spec="{schedulingGates: [{name: example.com/wait}]}")),
            kubectl("get pod $ID", row("$ID", "0/1", "SchedulingGated"), within=10),
            kubectl('patch pod $ID --type=merge -p \'{"spec":{"schedulingGates":null}}\''),
            kubectl("get pod $ID", row("$ID", "1/1", "Running"), within=60),
        ),
    ),
    Case(
        "a pod whose priority class is unknown",
        Mode.WRITE,
        "recorded: object-defaults 27",
        (
            refused(
                "apply -f -",
                "no PriorityClass with name no-such-class was found",
                stdin=pod(spec="{priorityClassName: no-such-class}"),
            ),
        ),
    ),
    Case(
        "describe a pod",
        Mode.WRITE,
        "recorded: kubectl-get 72",
        (
            given(pod()),
            kubectl("wait --for=condition=Ready pod/$ID --timeout=60s"),
            kubectl(
                "describe pod $ID",
                matches(r"Status:\s+Running"),
                matches(r"Ready:\s+True"),
                says("QoS Class:"),
                says("Successfully assigned $NS/$ID to "),
                matches(r"Service Account:\s+default"),
                within=5,
            ),
        ),
    ),
    Case(
        "a pod's spec is mostly fixed",
        Mode.WRITE,
        "recorded: validation-errors 20",
        (
            given(pod()),
            refused(
                'patch pod $ID -p \'{"spec":{"restartPolicy":"Never"}}\'',
                "pod updates may not change fields other than",
            ),
        ),
    ),
    Case(
        "a pod's image may be changed",
        Mode.WRITE,
        "recorded: validation-errors 19",
        (
            given(pod()),
            kubectl("set image pod/$ID c=nginx:1.28", is_exactly("pod/$ID image updated")),
        ),
    ),
    Case(
        "a pod with a not ready annotation",
        Mode.WRITE,
        "recorded: table-output 1",
        (
            given(pod(meta='{annotations: {sim.ai4k8s.io/ready: "false"}}')),
            kubectl("get pod $ID", row("$ID", "0/1", "Running"), within=30),
        ),
        needs=Needs.SIMULATOR,
    ),
]
