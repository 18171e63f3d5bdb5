"""A chat with tools in the test's own process, against a simulated cluster and a real store."""

from __future__ import annotations

import threading
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import uvicorn
from pydantic import SecretStr

from ai4k8s_chat.conversing import Bounds, TalkContext
from ai4k8s_chat.executing import Caller, Toolbox, run
from ai4k8s_chat.mcp.__main__ import call
from ai4k8s_chat.mcp.app import create_app
from ai4k8s_chat.mcp.server import build_server
from ai4k8s_chat.planning import Manifests, Plans
from ai4k8s_chat.service import answer_message
from ai4k8s_chat.wiring import modes_of
from ai4k8s_common.clock import utc_now
from ai4k8s_common.contracts.chat import AnswerMessage
from ai4k8s_common.plans import PlanOrigin
from ai4k8s_standalone.ports import pick_free
from tests.support.plans import PlanBench, everything, plan_bench
from tests.support.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai4k8s_chat.domain.results import ToolResult
    from ai4k8s_common.llm.types import Model
    from ai4k8s_common.rights import Rights
    from tests.support.plans import SimCluster
    from tests.support.stores import Database

KEY = SecretStr("an-internal-key-for-tests-of-32-characters")


@dataclass
class TalkBench:
    """Calls tools and asks questions."""

    plans: PlanBench
    box: Toolbox

    @property
    def cluster(self) -> str:
        """The cluster's name."""
        return str(self.plans.cluster_id)

    @property
    def user_id(self) -> uuid.UUID:
        """Somebody who is in the store."""
        return self.plans.cluster_id  # the owner has the cluster's id; see ObservedCluster

    def call(self, tool: str, rights: Rights | None = None, **arguments: Any) -> ToolResult:
        """Call a tool as an administrator, or with the rights that are given."""
        caller = Caller(rights or everything(self.user_id), PlanOrigin.MCP)
        with self.plans.bus.transaction() as tx:
            return run(tx, self.box, caller, tool, {"cluster": self.cluster, **arguments})

    def ask(self, text: str, model: Model | None = None, conversation: uuid.UUID | None = None) -> dict[str, Any]:
        """Ask in a conversation; the answer's row."""
        question_id = uuid.uuid4()
        if conversation is not None:
            self.plans.cluster.execute(
                "INSERT INTO gateway.questions (id, conversation_id, text, job_id) VALUES (%s, %s, %s, %s)",
                question_id,
                conversation,
                text,
                uuid.uuid4(),
            )
        message = AnswerMessage(
            job_id=uuid.uuid4(),
            cluster_id=self.plans.cluster_id,
            user_id=self.user_id,
            text=text,
            conversation_id=conversation,
            question_id=question_id,
        )
        context = TalkContext(self.box, model, Bounds(4, 30.0, 50_000))
        with self.plans.bus.transaction() as tx:
            answer_message(tx, context, message)
        return self.plans.cluster.row("SELECT * FROM chat.answers WHERE question_id = %s", question_id)

    def conversation(self) -> uuid.UUID:
        """Begin one."""
        conversation_id = uuid.uuid4()
        self.plans.cluster.execute(
            "INSERT INTO gateway.conversations (id, cluster_id, user_id, title) VALUES (%s, %s, %s, 't')",
            conversation_id,
            self.plans.cluster_id,
            self.user_id,
        )
        return conversation_id


@contextmanager
def talk_bench(sim: SimCluster, database: Database, broker_url: str) -> Iterator[TalkBench]:
    """Connect the simulated cluster and put tools together around it."""
    with plan_bench(sim, database, broker_url) as plans:
        box = Toolbox(
            open_cluster=cast("Any", plans.context.open_cluster),  # the client of plans can read as well
            planner=Plans(plans.context),
            writer=Manifests(plans.bus),
            modes=modes_of,
            clock=utc_now,
        )
        yield TalkBench(plans, box)


@contextmanager
def mcp_server(bench: TalkBench) -> Iterator[str]:
    """Serve the tools as the MCP process does; its address."""
    port = pick_free()
    server = build_server(partial(call, bench.plans.bus, bench.box), 4)
    app = create_app(server, KEY, utc_now, bench.plans.bus.ping_store)
    serving = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, access_log=False))
    thread = threading.Thread(target=serving.run, daemon=True)
    thread.start()
    eventually(lambda: serving.started, 20)
    try:
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        serving.should_exit = True
        thread.join(10)


def with_modes(bench: TalkBench, modes: Any) -> TalkBench:
    """The same with other modes."""
    return replace(bench, box=replace(bench.box, modes=modes))
