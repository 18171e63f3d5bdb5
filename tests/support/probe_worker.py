"""A worker whose effects can be counted: the real frame, with handlers that misbehave on request.

It borrows the contracts of `rag` and `chat`: a GenerateManifest's text says what to do. Every effect is a row of
the service's job states of kind `effect`.
"""

from __future__ import annotations

import argparse
import os
import signal
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

from ai4k8s_common.bus.handlers import Handlers
from ai4k8s_common.bus.jobs import JobReport
from ai4k8s_common.bus.worker import run_worker
from ai4k8s_common.contracts.catalogue import heard_by
from ai4k8s_common.contracts.chat import AnswerMessage
from ai4k8s_common.contracts.rag import GenerateManifest
from ai4k8s_common.errors import NotConfiguredError, UnavailableError
from ai4k8s_common.services import QueueKind, Service
from ai4k8s_common.store.base import JobStatus

if TYPE_CHECKING:
    from ai4k8s_common.bus.transaction import Bus, Transaction
    from ai4k8s_common.contracts.base import Contract

rag: Handlers[None] = Handlers(Service.RAG)
chat: Handlers[None] = Handlers(Service.CHAT)


def act(order: str, service: Service, job_id: uuid.UUID, tx: Transaction) -> None:
    """Write the effect, then do as told: `ok`, `die`, `crash`, `refuse`, `away`, `needs`, `wait`, `report` FILE."""
    tx.connection.execute(
        text(f"INSERT INTO {service.value}.job_states (job_id, kind, status, message) VALUES (:id, 'effect', :s, :m)"),
        {"id": uuid.uuid4(), "s": "completed", "m": str(job_id)},
    )
    verb, _, argument = order.partition(" ")
    if verb == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif verb == "crash":
        raise ZeroDivisionError(order)
    elif verb == "refuse":
        raise NotConfiguredError("no model configured", hint="Set GROQ_API_KEY.")
    elif verb == "away":
        raise UnavailableError("the cluster does not answer")
    elif verb == "needs" and not Path(argument).exists():
        raise NotConfiguredError(f"{argument} is missing")
    elif verb == "report":
        report(Path(f"{argument}.go"), service, job_id, tx)
    elif verb == "wait":
        started, go_on = Path(f"{argument}.started"), Path(f"{argument}.go")
        with started.open("a", encoding="utf-8") as file:
            file.write(f"{os.getpid()}\n")
        while not go_on.exists():
            time.sleep(0.02)


def report(go_on: Path, service: Service, job_id: uuid.UUID, tx: Transaction) -> None:
    """Tell progress until the file is there, then the result."""
    step = 0
    while not go_on.exists():
        step += 1
        tx.report_job(JobReport(job_id, "effect", JobStatus.PROCESSING, min(step, 99), f"step {step}"))
        time.sleep(0.05)
    tx.report_job(JobReport(job_id, "effect", JobStatus.COMPLETED, 100, "done", {"by": service.value}))


@rag.handles(GenerateManifest)
def generate(message: GenerateManifest, tx: Transaction, context: None) -> None:
    """Act on the request's text."""
    act(message.request, Service.RAG, message.job_id, tx)


@chat.handles(AnswerMessage)
def answer(message: AnswerMessage, tx: Transaction, context: None) -> None:
    """Act on the message's text."""
    act(message.text, Service.CHAT, message.job_id, tx)


def ignore(message: Contract, tx: Transaction, context: None) -> None:
    """Everything else that these services hear: a worker begins only when all of it has a handler."""


for handlers in (rag, chat):
    for contract in (one for kind in QueueKind for one in heard_by(handlers.service, kind)):
        if contract not in handlers.by_contract:
            handlers.handles(contract)(ignore)


def wire(bus: Bus) -> None:
    """Nothing to wire."""


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("service", type=Service)
    known, rest = parser.parse_known_args()
    import sys

    sys.argv[1:] = rest
    run_worker(known.service, rag if known.service is Service.RAG else chat, wire)
