"""The start, from an empty folder to a page that can be opened, and the orderly end."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from ai4k8s_standalone import plan as planning
from ai4k8s_standalone.folder import DataFolder, read_json, write_private_json
from ai4k8s_standalone.models import local_model_specs
from ai4k8s_standalone.plan import Plan, Ports, Wishes
from ai4k8s_standalone.ports import is_free, pick_free
from ai4k8s_standalone.state import end_leftovers
from ai4k8s_standalone.supervisor import StopRequestedError, Supervisor, listening_for_signals
from ai4k8s_standalone.vault import forget_old_keys, open_vault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ai4k8s_standalone.display import Display
    from ai4k8s_standalone.specs import ProcessSpec

_NEIGHBOURS = 50
_NAMED = 3


@dataclass(frozen=True)
class FirstAdministrator:
    """Shown once, stored nowhere."""

    username: str
    password: str


def up(folder: DataFolder, wishes: Wishes, display: Display, when_ready: Callable[[], None] = lambda: None) -> None:
    """Start everything, keep it running until asked to stop, then stop everything.

    Raises:
        AlreadyRunningError: another supervisor has this data folder.
        StandaloneError: it could not be started; what had been started is stopped again.
    """

    def start(supervisor: Supervisor) -> None:
        start_everything(supervisor, make_plan(folder, wishes, display), display)
        when_ready()

    run_supervised(folder, display, start)


def run_supervised(folder: DataFolder, display: Display, start: Callable[[Supervisor], None]) -> None:
    """Hold the folder, clear up after an earlier run, `start`, and see to it that whatever was started ends."""
    folder.create()
    with folder.locked():
        if count := end_leftovers(folder):
            display.note(f"{count} processes of an earlier run were still there and have been ended")
        supervisor = Supervisor(folder, display)
        with listening_for_signals(supervisor.request):
            try:
                start(supervisor)
                supervisor.run_until_stopped()
            except StopRequestedError:
                display.note("stopping before everything was started")
            finally:
                stop_everything(supervisor, display)


def make_plan(folder: DataFolder, wishes: Wishes, display: Display) -> Plan:
    """Read or make the secrets, and find ports."""
    return Plan(
        folder=folder,
        wishes=wishes,
        ports=choose_ports(folder, wishes, display),
        vault=open_vault(folder.secrets_file),
        external_database_url=os.environ.get(planning.DATABASE_VARIABLE) or None,
        external_broker_url=os.environ.get(planning.BROKER_VARIABLE) or None,
        external_redis_url=os.environ.get(planning.REDIS_VARIABLE) or None,
    )


def choose_ports(folder: DataFolder, wishes: Wishes, display: Display) -> Ports:
    """The port that was asked for, or the next free one; for the rest those of the last run where they are free."""
    last = read_json(folder.ports_file)
    known: dict[str, int] = last if isinstance(last, dict) else {}
    gateway = next_free(wishes.port, wishes.host)
    if gateway != wishes.port:
        display.note(f"port {wishes.port} is in use by another program; the page is on port {gateway} instead")
    ports = Ports(
        gateway=gateway,
        postgres=pick_free(known.get("postgres")),
        valkey=pick_free(known.get("valkey")),
        simcluster=pick_free(known.get("simcluster")),
        prometheus=pick_free(known.get("prometheus")),
        local_llm=pick_free(known.get("local_llm")),
        # Beside the page: 5002, where programs on this machine expect it, as long as that is on 5003.
        chat_mcp=pick_free(known.get("chat_mcp") or gateway - 1),
    )
    write_private_json(folder.ports_file, asdict(ports))
    return ports


def next_free(port: int, host: str) -> int:
    """The first free port from this one upwards."""
    for candidate in range(port, min(port + _NEIGHBOURS, 65_536)):
        if is_free(candidate, host):
            return candidate
    return pick_free(None, host)


def start_everything(supervisor: Supervisor, plan: Plan, display: Display) -> None:
    """Each step needs the ones before it."""
    if stores := list(planning.store_specs(plan)):
        start_together(supervisor, "stores", stores, display)
    with display.step("database schema"):
        supervisor.run_once(planning.migrate_command(plan))
    if plan.vault.old_credentials_private_keys:
        with display.step("credentials sealed for the new key"):
            supervisor.run_once(planning.reseal_command(plan))
            forget_old_keys(plan.folder.secrets_file, plan.vault)
    if clusters := list(planning.simcluster_specs(plan)):
        start_together(supervisor, "simulated cluster", clusters, display)
    with display.step("first administrator"):
        administrator = read_administrator(supervisor.run_once(planning.bootstrap_command(plan)))
    if models := list(local_model_specs(plan)):
        start_together(supervisor, "language model", models, display)
    start_together(supervisor, "services", list(planning.service_specs(plan)), display)
    supervisor.announce(plan.url)
    welcome(plan, administrator, display)


def start_together(supervisor: Supervisor, title: str, specs: Iterable[ProcessSpec], display: Display) -> None:
    """Start some processes, and tell of those that others can do without when they did not start."""
    wanted = list(specs)
    with display.step(title) as remarks:
        problems = supervisor.start(wanted)
        names = [spec.name for spec in wanted]
        remarks.append(", ".join(names) if len(names) <= _NAMED else f"{len(names)} processes")
    for problem in problems:
        display.note(f"{problem}. The rest runs without it; see `ai4k8s logs`.")


def read_administrator(output: list[str]) -> FirstAdministrator | None:
    """What bootstrap printed: an account when it made one, nothing of the kind otherwise."""
    for line in reversed(output):
        try:
            content = json.loads(line)
        except ValueError:
            continue
        if isinstance(content, dict) and content.get("password"):
            return FirstAdministrator(str(content.get("username", "admin")), str(content["password"]))
    return None


def welcome(plan: Plan, administrator: FirstAdministrator | None, display: Display) -> None:
    """Where to go from here."""
    display.line()
    display.headline(f"AI4K8s is running: {plan.url}")
    if administrator is None:
        display.line("  Log in as at the first start; the password was shown then and is stored nowhere.")
    else:
        display.line(f"  user      {administrator.username}")
        display.line(f"  password  {administrator.password}   (shown this once, stored nowhere: keep it)")
    if plan.wishes.demo:
        display.line(f"  The simulated cluster answers kubectl: KUBECONFIG={plan.kubeconfig}")
    if plan.wishes.local_model is not None:
        display.line(f"  A local language model answers: {plan.wishes.local_model.name} (see docs/models.md)")
    display.line("  Ctrl-C or `ai4k8s down` stops everything; `ai4k8s status` and `ai4k8s logs` tell how it is.")
    display.line()


def stop_everything(supervisor: Supervisor, display: Display) -> None:
    """Stop in order and say so."""
    if not supervisor.processes:
        return
    with display.step("stopped") as remarks:
        forced = supervisor.stop()
        if forced:
            remarks.append(f"by force: {', '.join(forced)}")
