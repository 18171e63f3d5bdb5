"""All control loops of the cluster, in the order in which they get their turn."""

from ai4k8s_simcluster.controllers.autoscaling.hpa import HorizontalPodAutoscalerController
from ai4k8s_simcluster.controllers.autoscaling.metrics import UsageMetrics
from ai4k8s_simcluster.controllers.autoscaling.vpa import VerticalPodAutoscalerRecommender
from ai4k8s_simcluster.controllers.context import Context
from ai4k8s_simcluster.controllers.disruption import DisruptionController
from ai4k8s_simcluster.controllers.garbage import GarbageCollector
from ai4k8s_simcluster.controllers.manager import Controller
from ai4k8s_simcluster.controllers.namespaces import NamespaceController
from ai4k8s_simcluster.controllers.network.endpoints import EndpointController
from ai4k8s_simcluster.controllers.nodes.eviction import TaintEviction
from ai4k8s_simcluster.controllers.nodes.kubelet import Kubelet
from ai4k8s_simcluster.controllers.nodes.lifecycle import NodeController
from ai4k8s_simcluster.controllers.nodes.memory import MemoryKiller
from ai4k8s_simcluster.controllers.scheduling.scheduler import Scheduler
from ai4k8s_simcluster.controllers.storage.volumes import VolumeController
from ai4k8s_simcluster.controllers.usage import UsageReader
from ai4k8s_simcluster.controllers.workloads.cronjob import CronJobController
from ai4k8s_simcluster.controllers.workloads.daemonset import DaemonSetController
from ai4k8s_simcluster.controllers.workloads.deployment import DeploymentController
from ai4k8s_simcluster.controllers.workloads.job import JobController
from ai4k8s_simcluster.controllers.workloads.replicaset import ReplicaSetController
from ai4k8s_simcluster.controllers.workloads.statefulset import StatefulSetController


def make_controllers(context: Context, usage: UsageReader) -> tuple[Controller, ...]:
    """Return new controllers for a cluster. usage: what is measured of its pods."""
    kubelet = Kubelet(context)
    return (
        NamespaceController(context),
        HorizontalPodAutoscalerController(context, UsageMetrics(usage)),
        GarbageCollector(context),
        DeploymentController(context),
        StatefulSetController(context),
        DaemonSetController(context),
        CronJobController(context),
        JobController(context),
        ReplicaSetController(context),
        NodeController(context),
        TaintEviction(context),
        EndpointController(context),
        DisruptionController(context),
        VolumeController(context),
        VerticalPodAutoscalerRecommender(context, usage),
        Scheduler(context),
        MemoryKiller(usage, kubelet),
        kubelet,
    )
