"""Reads what else scales and bounds a cluster's workloads, so that a cycle can decide without asking the cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from ai4k8s_common.errors import Ai4k8sError
from ai4k8s_common.kube.errors import KubeForbiddenError, KubeNotFoundError
from ai4k8s_common.store.scaler import AutoscalerKind
from ai4k8s_scaler import repository, surroundings
from ai4k8s_scaler.adapters.cluster import FIELD_MANAGER, ref_of
from ai4k8s_scaler.adapters.hpa import collection_path, spec_managers
from ai4k8s_scaler.domain.hpawords import amount, sentence
from ai4k8s_scaler.sizing import hold_requests

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Row

    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_common.contracts.scaler import SurveyCluster
    from ai4k8s_common.kube.protocols import KubeScaler
    from ai4k8s_scaler.context import Context

OURS = "ai4k8s.io/"
QUOTAS = "/api/v1/resourcequotas"
DISRUPTION_BUDGETS = "/apis/policy/v1/poddisruptionbudgets"

log = structlog.stdlib.get_logger(__name__)


def survey_cluster(tx: Transaction, context: Context, message: SurveyCluster) -> None:
    """Read it all and write it down. A cluster that does not answer keeps what was seen before."""
    sealed = repository.sealed_credential(tx.connection, message.cluster_id)
    if sealed is None:
        return
    now = context.clock()
    problems: list[str] = []
    try:
        with context.open_cluster(message.cluster_id, sealed) as cluster:
            look = _Look(cluster, repository.namespaces(tx.connection, message.cluster_id), problems)
            hpas, vpas = look.all_of(collection_path("hpa")), look.all_of(collection_path("vpa"))
            quotas, budgets = look.all_of(QUOTAS), look.all_of(DISRUPTION_BUDGETS)
            rows = [_hpa(message.cluster_id, item, now) for item in hpas or () if _usable(item)]
            rows += [_vpa(message.cluster_id, item, now) for item in vpas or () if _usable(item)]
            kept = _disruption_budgets(tx, cluster, message.cluster_id, budgets or [])
            hold_requests(tx, cluster, message.cluster_id)
    except Ai4k8sError as error:
        log.warning("survey_failed", cluster_id=str(message.cluster_id), error=error.detail)
        return
    values = {
        "seen_at": now,
        "quotas": [_quota(item) for item in quotas or ()],
        "disruption_budgets": kept,
        "vpa_installed": vpas is not None,
        "problems": problems,
    }
    surroundings.replace_survey(tx.connection, message.cluster_id, rows, values)


@dataclass(frozen=True)
class _Look:
    """Reads lists: of the whole cluster, or of the namespaces we know where only those may be read."""

    cluster: KubeScaler
    namespaces: Sequence[str]
    problems: list[str]

    def all_of(self, path: str) -> list[dict[str, Any]] | None:
        """All objects of a kind; None where the cluster does not know it or does not let us look."""
        try:
            return self._read(path)
        except KubeNotFoundError:
            return None
        except KubeForbiddenError as error:
            return self._in_namespaces(path, error)

    def _in_namespaces(self, path: str, refusal: KubeForbiddenError) -> list[dict[str, Any]] | None:
        root, _, plural = path.rpartition("/")
        try:
            return [
                item for name in self.namespaces for item in self._read(f"{root}/namespaces/{name}/{plural}")
            ] or None
        except (KubeForbiddenError, KubeNotFoundError):
            self.problems.append(refusal.detail)
            return None

    def _read(self, path: str) -> list[dict[str, Any]]:
        return list(self.cluster.read(path).get("items") or ())


def _usable(item: Mapping[str, Any]) -> bool:
    spec = item.get("spec") or {}
    return bool((spec.get("scaleTargetRef") or spec.get("targetRef") or {}).get("name"))


def _hpa(cluster_id: UUID, item: dict[str, Any], now: datetime) -> dict[str, Any]:
    spec, status = item["spec"], item.get("status") or {}
    owner = next((o for o in item["metadata"].get("ownerReferences") or () if o.get("controller")), None)
    shown = {**status, "owner": f"{owner['kind']} {owner['name']}"} if owner else status
    managers = [name for name in spec_managers(item, ("minReplicas", "maxReplicas")) if name != FIELD_MANAGER]
    row = _row(cluster_id, AutoscalerKind.HPA, item, spec["scaleTargetRef"], now)
    return {**row, "status": shown, "managers": managers, "sentence": sentence(spec, status)}


def _vpa(cluster_id: UUID, item: dict[str, Any], now: datetime) -> dict[str, Any]:
    status = item.get("status") or {}
    row = _row(cluster_id, AutoscalerKind.VPA, item, item["spec"]["targetRef"], now)
    return {**row, "status": status, "managers": [], "sentence": _vpa_sentence(item["spec"], status)}


def _vpa_sentence(spec: Mapping[str, Any], status: Mapping[str, Any]) -> str:
    advice = (status.get("recommendation") or {}).get("containerRecommendations") or ()
    mode = (spec.get("updatePolicy") or {}).get("updateMode", "Auto")
    if not advice:
        return f"Mode {mode}: no recommendation yet."
    parts = []
    for item in advice:
        target = item.get("target") or {}
        parts.append(f"{item.get('containerName')}: {', '.join(f'{name} {value}' for name, value in target.items())}")
    return f"Mode {mode}: recommends {'; '.join(parts)}."


def _row(
    cluster_id: UUID, kind: AutoscalerKind, item: dict[str, Any], target: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    meta = item["metadata"]
    notes = {name: value for name, value in (meta.get("annotations") or {}).items() if name.startswith(OURS)}
    return {
        "cluster_id": cluster_id,
        "kind": kind.value,
        "namespace": meta["namespace"],
        "name": meta["name"],
        "uid": meta.get("uid", ""),
        "resource_version": meta.get("resourceVersion", ""),
        "target_kind": target.get("kind", ""),
        "target_name": target["name"],
        "spec": item["spec"],
        "annotations": notes,
        "seen_at": now,
    }


def _quota(item: Mapping[str, Any]) -> dict[str, Any]:
    status = item.get("status") or {}
    hard, used = status.get("hard") or {}, status.get("used") or {}
    left = {}
    for name, most in hard.items():
        value = amount(str(most)) - amount(str(used.get(name, "0")))
        # CPU is counted in millicores everywhere else.
        left[name] = value * 1000 if name in {"requests.cpu", "cpu"} else value
    return {"namespace": item["metadata"]["namespace"], "name": item["metadata"]["name"], "left": left}


def _disruption_budgets(
    tx: Transaction, cluster: KubeScaler, cluster_id: UUID, budgets: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Which workloads a budget with a whole number as minimum covers; a share of the pods bounds no number of them."""
    firm = [item for item in budgets if isinstance((item.get("spec") or {}).get("minAvailable"), int)]
    namespaces = {item["metadata"]["namespace"] for item in firm}
    found = []
    for row in repository.scaled_workloads(tx.connection, cluster_id, sorted(namespaces)):
        labels = _template_labels(cluster, row)
        for item in firm:
            wanted = (item["spec"].get("selector") or {}).get("matchLabels") or {}
            if item["metadata"]["namespace"] == row.namespace and wanted and wanted.items() <= labels.items():
                found.append(
                    {
                        "namespace": row.namespace,
                        "kind": row.kind,
                        "workload": row.name,
                        "name": item["metadata"]["name"],
                        "keep": item["spec"]["minAvailable"],
                    }
                )
    return found


def _template_labels(cluster: KubeScaler, row: Row[Any]) -> dict[str, str]:
    """Labels of a workload's pods. Listed: the right to list is there in any case, the one to get one is not."""
    for item in cluster.read(ref_of(row).path.rpartition("/")[0]).get("items") or ():
        if item["metadata"]["name"] == row.name:
            labels: dict[str, str] = ((item["spec"].get("template") or {}).get("metadata") or {}).get("labels") or {}
            return labels
    return {}
