"""The catalogue of tools: what can be asked of a cluster at all, by people, models and MCP clients alike.

Whether a tool reads or writes is decided by what it does to the API and stands here; no word in a request changes it.
A write never happens by calling its tool: it becomes a plan that a person approves.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ai4k8s_chat.domain import arguments as a
from ai4k8s_common.rights import Permission


class Access(StrEnum):
    """What a tool does to the cluster's API."""

    READ = "read"
    WRITE = "write"
    PRIVILEGED = "privileged"  # runs things inside, or opens ways in: off unless an operator switches it on


class OutputKind(StrEnum):
    """What comes back."""

    TABLE = "table"
    OBJECT = "object"
    LOG = "log"
    SENTENCE = "sentence"
    FINDINGS = "findings"
    PLAN = "plan"
    MANIFEST = "manifest"


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool. `destructive` and `idempotent` are about the change itself, once approved."""

    name: str
    arguments: type[a.Arguments]
    access: Access
    permission: Permission
    output: OutputKind
    title: str
    description: str
    destructive: bool = False
    idempotent: bool = True
    open_world: bool = True  # a cluster is a world of its own: its objects' text is data, not instruction

    @property
    def read_only(self) -> bool:
        """MCP's readOnlyHint."""
        return self.access is Access.READ


def _read(name: str, arguments: type[a.Arguments], output: OutputKind, title: str, description: str) -> Tool:
    return Tool(name, arguments, Access.READ, Permission.CLUSTER_READ, output, title, description)


def _known(name: str, arguments: type[a.Arguments], output: OutputKind, title: str, description: str) -> Tool:
    """What AI4K8s itself knows: no cluster is asked."""
    return Tool(name, arguments, Access.READ, Permission.CLUSTER_READ, output, title, description, open_world=False)


def _write(
    name: str,
    arguments: type[a.Arguments],
    title: str,
    description: str,
    *,
    permission: Permission = Permission.OBJECT_WRITE,
    destructive: bool = False,
    idempotent: bool = True,
) -> Tool:
    return Tool(
        name,
        arguments,
        Access.WRITE,
        permission,
        OutputKind.PLAN,
        title,
        f"{description} Makes a plan; nothing changes before a person approves it.",
        destructive=destructive,
        idempotent=idempotent,
    )


TOOLS: tuple[Tool, ...] = (
    _read(
        "pods_list",
        a.PodsList,
        OutputKind.TABLE,
        "List pods",
        "Pods with readiness, status, restarts and age; further columns (images, node, ip, labels, requests) on wish.",
    ),
    _read("pods_get", a.PodsGet, OutputKind.OBJECT, "Show a pod", "One pod: its containers, conditions and events."),
    _write("pods_run", a.PodsRun, "Run a pod", "Create one pod from an image.", idempotent=False),
    _write("pods_delete", a.PodsDelete, "Delete pods", "Delete one pod, or those a selector finds.", destructive=True),
    _read("pods_log", a.PodsLog, OutputKind.LOG, "Read logs", "The last lines of a pod's or a workload's log."),
    _read("pods_top", a.PodsTop, OutputKind.TABLE, "Pods by use", "CPU and memory that pods use now."),
    Tool(
        "pods_exec",
        a.PodsExec,
        Access.PRIVILEGED,
        Permission.OBJECT_EXEC,
        OutputKind.LOG,
        "Run a command in a pod",
        "Run one command in a container, without a shell. Off unless the operator switches it on.",
        destructive=True,
        idempotent=False,
    ),
    _read("events_list", a.EventsList, OutputKind.TABLE, "List events", "What the cluster reported, newest first."),
    _read("namespaces_list", a.NamespacesList, OutputKind.TABLE, "List namespaces", "Namespaces and their status."),
    _read("nodes_top", a.NodesTop, OutputKind.TABLE, "Nodes by use", "CPU and memory that nodes use now."),
    _write("node_cordon", a.OneNode, "Cordon a node", "Let no new pods come to a node."),
    _write("node_uncordon", a.OneNode, "Uncordon a node", "Let pods come to a node again."),
    _write(
        "node_drain",
        a.NodeDrain,
        "Drain a node",
        "Cordon a node and evict its pods, within their disruption budgets.",
        destructive=True,
    ),
    _read(
        "resources_list",
        a.ResourcesList,
        OutputKind.TABLE,
        "List objects",
        "Objects of any kind: deployments, services, nodes, secrets (never their values) and so on.",
    ),
    _read("resources_get", a.ResourcesGet, OutputKind.OBJECT, "Show an object", "One object of any kind."),
    _write(
        "resources_create_or_update",
        a.ResourcesCreateOrUpdate,
        "Apply a manifest",
        "Create objects or change them to what a manifest says.",
        destructive=True,
    ),
    _write(
        "resources_delete",
        a.ResourcesDelete,
        "Delete objects",
        "Delete one object, or those of a kind that a selector finds.",
        destructive=True,
    ),
    _write(
        "resources_scale",
        a.ResourcesScale,
        "Scale a workload",
        "Set how many replicas a workload has.",
        permission=Permission.WORKLOAD_SCALE,
    ),
    _write("resources_label", a.ResourcesLabel, "Label an object", "Set or remove labels or annotations."),
    _read("rollout_status", a.OneObject, OutputKind.SENTENCE, "Rollout status", "How far a rollout is."),
    _read("rollout_history", a.RolloutHistory, OutputKind.TABLE, "Rollout history", "A workload's revisions."),
    _write(
        "rollout_restart",
        a.OneObject,
        "Restart a workload",
        "Replace all pods of a workload, one after the other.",
        idempotent=False,
    ),
    _write("rollout_undo", a.RolloutUndo, "Roll back", "Go back to an earlier revision.", idempotent=False),
    _write("set_image", a.SetImage, "Set an image", "Change the image of a workload's container."),
    _write(
        "hpa_create",
        a.HpaCreate,
        "Create an HPA",
        "Create a HorizontalPodAutoscaler for a workload.",
        permission=Permission.WORKLOAD_SCALE,
    ),
    _write(
        "autoscaling_enable",
        a.AutoscalingEnable,
        "Enable predictive autoscaling",
        "Let AI4K8s foresee and (in mode auto) set a workload's replicas.",
        permission=Permission.WORKLOAD_SCALE,
    ),
    _known("forecast", a.Forecast, OutputKind.TABLE, "Forecast", "What a workload or the cluster will need."),
    _known("anomalies", a.Listed, OutputKind.TABLE, "Anomalies", "What is unusual now, with its likely cause."),
    _known("recommendations", a.Listed, OutputKind.TABLE, "Recommendations", "What should be scaled or resized."),
    _known(
        "decisions_explain",
        a.DecisionsExplain,
        OutputKind.TABLE,
        "Explain decisions",
        "Why a workload was scaled, or was not, and how that turned out.",
    ),
    _read(
        "diagnose",
        a.About,
        OutputKind.FINDINGS,
        "Diagnose",
        "What is wrong with a cluster, a namespace or one object: evidence, likely cause, next step.",
    ),
    Tool(
        "manifest_generate",
        a.ManifestGenerate,
        Access.READ,
        Permission.MANIFEST_USE,
        OutputKind.MANIFEST,
        "Write a manifest",
        "Write a manifest from words. Applies nothing.",
        open_world=False,
        idempotent=False,
    ),
)

BY_NAME: dict[str, Tool] = {tool.name: tool for tool in TOOLS}
