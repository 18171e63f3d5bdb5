"""What a connection test concludes from its lines."""

from __future__ import annotations

from ai4k8s_collector.domain.checklist import Group, Line, Outcome, Step, line_of, summary, usable

PASSED = [line_of(step, Outcome.PASSED) for step in Step]
RIGHT = Line("right:pods:list", "list pods", Group.RIGHTS, Outcome.FAILED, "may not list pods: nothing can be observed")


def with_line(line: Line) -> list[Line]:
    return [line if old.check == line.check else old for old in PASSED] + [RIGHT] * (line is RIGHT)


def test_all_well() -> None:
    assert usable(PASSED)
    assert summary(PASSED) == "Everything works."


def test_what_is_not_there_or_not_needed_is_no_fault() -> None:
    lines = with_line(line_of(Step.DNS, Outcome.ABSENT, "the bastion looks the name up"))
    lines = [line_of(Step.KEDA, Outcome.ABSENT) if line.check == "keda" else line for line in lines]
    assert usable(lines)
    assert summary(lines) == "Everything works."


def test_a_broken_link_is_the_summary_and_what_follows_is_not_tried() -> None:
    lines = with_line(line_of(Step.TCP, Outcome.FAILED, "10.0.0.1:6443 does not accept connections"))
    assert not usable(lines)
    assert summary(lines) == "Not connected: 10.0.0.1:6443 does not accept connections."
    assert not usable(with_line(line_of(Step.LOGIN, Outcome.SKIPPED)))


def test_a_missing_feature_is_told_with_what_is_lost() -> None:
    lines = [*PASSED, RIGHT, line_of(Step.METRICS_SERVER, Outcome.FAILED)]
    assert usable(lines)
    assert summary(lines) == (
        "Connected, with something missing: may not list pods: nothing can be observed. 1 more below."
    )
