"""What is tried when a connection is tested, and what each line tells a person."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """One link of the chain, in the order of trying."""

    CREDENTIAL = "credential"
    BASTION = "bastion"
    DNS = "dns"
    TCP = "tcp"
    TLS = "tls"
    VERSION = "version"
    LOGIN = "login"
    METRICS_SERVER = "metrics_server"
    PROMETHEUS = "prometheus"
    VPA = "vpa"
    KEDA = "keda"
    ARGO_ROLLOUTS = "argo_rollouts"
    ARGO_CD = "argo_cd"
    FLUX = "flux"


class Outcome(StrEnum):
    """How one line went."""

    PASSED = "passed"
    FAILED = "failed"
    ABSENT = "absent"  # nothing to try: not installed, or not needed on this way
    SKIPPED = "skipped"  # not tried, because an earlier line failed


class Group(StrEnum):
    """Under which heading a line stands."""

    CONNECTION = "connection"
    RIGHTS = "rights"
    ADD_ONS = "add_ons"


TITLES: dict[Step, str] = {
    Step.CREDENTIAL: "The stored credential can be opened",
    Step.BASTION: "The bastion is the confirmed one and lets us in",
    Step.DNS: "The API server's name resolves to an address that may be used",
    Step.TCP: "The API server accepts connections",
    Step.TLS: "Its certificate proves that it is this cluster",
    Step.VERSION: "It answers like a Kubernetes API server",
    Step.LOGIN: "It accepts the credential",
    Step.METRICS_SERVER: "metrics-server reports usage",
    Step.PROMETHEUS: "Prometheus answers (history)",
    Step.VPA: "Vertical Pod Autoscaler",
    Step.KEDA: "KEDA",
    Step.ARGO_ROLLOUTS: "Argo Rollouts",
    Step.ARGO_CD: "Argo CD",
    Step.FLUX: "Flux",
}

CONNECTION = (Step.CREDENTIAL, Step.BASTION, Step.DNS, Step.TCP, Step.TLS, Step.VERSION, Step.LOGIN)
# Their presence is worth knowing, their absence is no fault.
ADD_ONS = (Step.VPA, Step.KEDA, Step.ARGO_ROLLOUTS, Step.ARGO_CD, Step.FLUX)


@dataclass(frozen=True, slots=True)
class Line:
    """One line with its outcome. `essential` ones decide whether the cluster can be observed; `hint`: what to do."""

    check: str
    title: str
    group: Group
    outcome: Outcome
    detail: str = ""
    hint: str = ""
    essential: bool = False

    def as_json(self) -> dict[str, str | bool]:
        """For a job's result, and for the store."""
        return {
            "check": self.check,
            "title": self.title,
            "group": self.group.value,
            "outcome": self.outcome.value,
            "detail": self.detail,
            "hint": self.hint,
            "essential": self.essential,
        }


def line_of(step: Step, outcome: Outcome, detail: str = "", hint: str = "") -> Line:
    """Return the line of a step."""
    group = Group.CONNECTION if step in CONNECTION else Group.ADD_ONS
    return Line(step.value, TITLES[step], group, outcome, detail, hint, essential=step in CONNECTION)


def usable(lines: list[Line]) -> bool:
    """Whether the cluster can be observed at all."""
    return not any(line.essential and line.outcome in {Outcome.FAILED, Outcome.SKIPPED} for line in lines)


def summary(lines: list[Line]) -> str:
    """One sentence."""
    failed = [line for line in lines if line.outcome is Outcome.FAILED]
    if not failed:
        return "Everything works."
    if usable(lines):
        first = failed[0]
        what = first.detail if first.group is Group.RIGHTS else f"'{first.title}' failed"
        others = "" if len(failed) == 1 else f" {len(failed) - 1} more below."
        return f"Connected, with something missing: {what}.{others}"
    worst = next(line for line in lines if line.essential and line.outcome is Outcome.FAILED)
    return f"Not connected: {worst.detail or worst.title}."
