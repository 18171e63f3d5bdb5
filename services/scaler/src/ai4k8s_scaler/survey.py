"""Reads what else scales and bounds a cluster's workloads, so that a cycle can decide without asking the cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog

from ai4k8s_common.errors import Ai4k8sError
from ai4k8s_common.kube.errors import KubeForbiddenError, KubeNotFoundError
from ai4k8s_common.store.scaler import AutoscalerKind
from ai4k8s_scaler import repository, surroundings
from ai4k8s_scaler.adapters.cluster import FIELD_MANAGER, ref_of
from ai4k8s_scaler.adapters.hpa import collection_path, spec_managers
from ai4k8s_scaler.domain.hpawords import amount, sentence

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

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
            hpas = _list(cluster, collection_path("hpa"), problems)
            vpas = _list(cluster, collection_path("vpa"), problems)
            quotas = _list(cluster, QUOTAS, problems)
            budgets = _list(cluster, DISRUPTION_BUDGETS, problems)
            rows = [_hpa(message.cluster_id, item, now) for item in hpas or () if _usable(item)]
            rows += [_vpa(message.cluster_id, item, now) for item in vpas or () if _usable(item)]
            kept = _disruption_budgets(tx, cluster, message.cluster_id, budgets or [])
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


def _list(cluster: KubeScaler, path: str, problems: list[str]) -> list[dict[str, Any]] | None:
    """All objects of a kind; None where the cluster does not know it or does not let us look."""
    try:
        return list(cluster.read(path).get("items") or ())
    except KubeNotFoundError:
        return None
    except KubeForbiddenError as error:
        problems.append(error.detail)
        return None


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
        ref = ref_of(row)
        try:
            spec = cluster.read(ref.path)["spec"]
        except KubeNotFoundError:
            continue
        labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
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
