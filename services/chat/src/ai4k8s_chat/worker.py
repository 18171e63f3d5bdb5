"""Entry point: `python -m ai4k8s_chat.worker --queue jobs`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai4k8s_chat.adapters.writing import SealedWriteOpener
from ai4k8s_chat.plans.context import PlanContext, Vault
from ai4k8s_chat.tasks import Context, handlers
from ai4k8s_common.bus.worker import run_worker
from ai4k8s_common.clock import utc_now
from ai4k8s_common.kube.access import Credentials
from ai4k8s_common.kube.transport import Timeouts
from ai4k8s_common.services import Service
from ai4k8s_common.settings import ClusterAccessSettings, UnsealSettings
from ai4k8s_common.store.rights import read_rights

if TYPE_CHECKING:
    from ai4k8s_common.bus.transaction import Bus


def wire(_: Bus) -> Context:
    """Build the context of one worker process."""
    unseal = UnsealSettings()
    credentials = Credentials.of(unseal, ClusterAccessSettings())
    plans = PlanContext(
        open_cluster=SealedWriteOpener(credentials, Timeouts()),
        vault=Vault(unseal.credentials_private_key),
        rights_of=read_rights,
        clock=utc_now,
    )
    return Context(plans=plans)


def main() -> None:
    """Consume the queue until told to stop."""
    run_worker(Service.CHAT, handlers, wire)


if __name__ == "__main__":
    main()
