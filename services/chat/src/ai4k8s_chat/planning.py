"""From a draft of calls to a plan that waits for a person; and manifests, which rag writes."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from ai4k8s_chat.domain.results import PlanView, ToolResult
from ai4k8s_chat.domain.written import written
from ai4k8s_chat.plans.preparing import PlanAsk, prepare
from ai4k8s_common.contracts.rag import GenerateManifest
from ai4k8s_common.errors import ConflictError, NotReadyError
from ai4k8s_common.security.redaction import redact
from ai4k8s_common.services import Service
from ai4k8s_common.store.base import FRAME, JobStatus

if TYPE_CHECKING:
    from uuid import UUID

    from ai4k8s_chat.domain import arguments as a
    from ai4k8s_chat.domain.writes import Draft
    from ai4k8s_chat.executing import Caller
    from ai4k8s_chat.plans.context import PlanContext
    from ai4k8s_chat.plans.preparing import PreparedPlan
    from ai4k8s_common.bus.transaction import Bus, Transaction

MANIFEST_SECONDS = 60.0
_LOOK_EVERY_SECONDS = 0.25


@dataclass(frozen=True)
class Plans:
    """The real planner."""

    context: PlanContext

    def __call__(self, tx: Transaction, caller: Caller, cluster_id: UUID, draft: Draft) -> ToolResult:
        """Have the cluster try the calls, and write the plan down."""
        ask = PlanAsk(
            plan_id=uuid.uuid4(),
            cluster_id=cluster_id,
            user_id=caller.rights.user_id,
            origin=caller.origin,
            title=draft.title,
            calls=draft.calls,
            manifests=draft.manifests,
            namespace=draft.namespace,
            token_id=caller.token_id,
        )
        return told(prepare(tx, self.context, ask), draft)


def told(plan: PreparedPlan, draft: Draft) -> ToolResult:
    """A plan in words: what it changes, what it affects, and that nothing has happened."""
    diffs = [f"{one['kind']} {one['namespace']}/{one['name']}\n{one['diff']}" for one in plan.changes]
    effects = [effect["text"] for effect in plan.effects]
    notes = [f"- {text}" for text in (*effects, *draft.notes)]
    view = PlanView(
        id=plan.plan_id, hash=plan.hash, title=plan.title, summary="\n".join(notes), diff=redact("\n\n".join(diffs))
    )
    minutes = plan.lasts_seconds // 60
    summary = (
        f"{plan.title}: planned, and waiting for approval. Nothing has changed; the plan is void in {minutes} minutes."
    )
    return ToolResult(summary=summary, text="\n".join(notes) or None, plan=view)


@dataclass(frozen=True)
class Manifests:
    """Has rag write a manifest, and waits for it: rag's job states are for everybody to read."""

    bus: Bus
    seconds: float = MANIFEST_SECONDS

    def __call__(self, caller: Caller, cluster_id: UUID, wish: a.ManifestGenerate) -> ToolResult:
        """Ask in a transaction of its own: a message leaves with its commit."""
        command = GenerateManifest(
            job_id=uuid.uuid4(),
            user_id=caller.rights.user_id,
            request=wish.request,
            namespace=wish.namespace or "",
            cluster_id=cluster_id,
        )
        with self.bus.transaction() as tx:
            tx.send(command)
        states = FRAME[Service.RAG].job_states
        deadline = time.monotonic() + self.seconds
        while time.monotonic() < deadline:
            with self.bus.transaction() as tx:
                row = tx.connection.execute(select(states).where(states.c.job_id == command.job_id)).one_or_none()
            if row is not None and row.status == JobStatus.COMPLETED.value:
                return written(row.result)
            if row is not None and row.status == JobStatus.FAILED.value:
                raise ConflictError(f"no manifest was written: {row.error}", hint="See the page Manifests.")
            time.sleep(_LOOK_EVERY_SECONDS)
        raise NotReadyError("the manifest is not written yet", hint="Ask again, or on the page Manifests.")
