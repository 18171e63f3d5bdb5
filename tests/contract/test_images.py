"""The Dockerfile says what we promise of images. No engine runs here: this reads it, it does not build it."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from ai4k8s_common.services import Service
from tests.support.deployment import ROOT, dockerfile_stages, parents

STAGES = dockerfile_stages()
PARTS = [*(service.value for service in Service), "common", "simcluster", "standalone"]


def inherited(stage: str, instruction: str) -> list[str]:
    """All lines of an instruction, from the base down to the stage."""
    lines = [line for name in reversed(parents(STAGES, stage)) for line in STAGES[name]]
    return [line for line in lines if line.startswith(f"{instruction} ")]


@pytest.mark.parametrize("part", PARTS)
def test_each_part_has_an_image_that_holds_its_own_environment_alone(part: str) -> None:
    copied = [line for line in STAGES[part] if line.startswith("COPY ")]
    assert copied == [f"COPY --from=install-{part} /opt/ai4k8s /opt/ai4k8s"]
    installs = [line for line in STAGES[f"install-{part}"] if line.startswith("RUN ")]
    assert len(installs) == 1
    assert installs[0].endswith(f"deploy/images/install.sh {part} /opt/ai4k8s /wheels")


@pytest.mark.parametrize("part", PARTS)
def test_each_image_runs_as_nobody_in_particular_and_says_how_it_is(part: str) -> None:
    assert inherited(part, "USER")[-1] == "USER 10001:10001"
    assert inherited(part, "HEALTHCHECK")
    assert inherited(part, "ENTRYPOINT")[-1].startswith("ENTRYPOINT [")  # exec form: signals arrive
    assert inherited(part, "CMD")[-1].startswith("CMD [")
    assert "runtime" in parents(STAGES, part)  # where the labels are


def test_every_image_is_built_upon_one_base_that_can_be_pinned_by_digest() -> None:
    outside = {
        line.split()[1] for lines in STAGES.values() for line in lines if line.startswith("FROM ")
    } - STAGES.keys()
    assert outside == {"python:${PYTHON_TAG}${PYTHON_DIGEST:+@${PYTHON_DIGEST}}"}
    assert "ARG PYTHON_DIGEST=" in STAGES[""]


def test_nothing_is_installed_without_hashes_and_nothing_from_the_distribution() -> None:
    runs = [line for lines in STAGES.values() for line in lines if line.startswith("RUN ")]
    for line in runs:
        assert "apt-get" not in line
        assert "curl" not in line
        assert ("pip install" in line) <= ("--require-hashes" in line)
        assert ("npm" in line) <= ("npm ci" in line or "npm run build" in line)


def test_the_label_tells_the_version_of_the_project() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f"ARG VERSION={version}" in STAGES["runtime"]


def test_what_is_copied_from_here_is_let_into_the_build() -> None:
    allowed = [
        line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] == "!"
    ]
    known = {path.relative_to(ROOT).as_posix() for pattern in allowed for path in ROOT.glob(pattern)}
    for lines in STAGES.values():
        for line in lines:
            if line.startswith("COPY ") and "--from=" not in line:
                sources = [word for word in line.split()[1:-1] if not word.startswith("--")]
                for source in sources:
                    inside = any(
                        name == source or name.startswith(f"{source}/") or source.startswith(f"{name}/")
                        for name in known
                    )
                    # the page may not be in this checkout yet
                    assert inside or source.startswith("services/gateway/"), source


def test_the_scripts_of_images_are_run_by_a_shell_that_accepts_them() -> None:
    for script in (ROOT / "deploy" / "images").glob("*.sh"):
        shell = re.sub(r"^#!(/usr/bin/env )?", "", script.read_text(encoding="utf-8").splitlines()[0])
        checked = subprocess.run([Path(shell).name, "-n", script], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stderr


def test_a_sign_of_life_counts_while_it_is_fresh(tmp_path: Path) -> None:
    import os
    import time

    def healthy() -> bool:
        environment = {"PATH": os.environ["PATH"], "AI4K8S_HEALTH_DIRECTORY": str(tmp_path)}
        script = ROOT / "deploy" / "images" / "sign.sh"
        return subprocess.run([script, "alive"], env=environment, check=False).returncode == 0

    assert not healthy()
    (tmp_path / "alive").touch()
    assert healthy()
    old = time.time() - 31
    os.utime(tmp_path / "alive", (old, old))
    assert not healthy()
