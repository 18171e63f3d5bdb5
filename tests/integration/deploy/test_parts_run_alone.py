"""Every part runs with nothing but what it declares: installed as its image is, then imported to the last module."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from ai4k8s_common.services import Service

ROOT = Path(__file__).parents[3]
IMAGES = ROOT / "deploy" / "images"
IMPORT_ALL = ROOT / "tests" / "support" / "import_all.py"
# Common alone runs migrate, beat and the secrets' hook; its subpackages for extras come with the services that ask.
COMMON_ALONE = [f"ai4k8s_common.{name}" for name in ("bus", "contracts", "security", "store", "telemetry")]
PARTS = {service.value: [f"ai4k8s_{service.value}"] for service in Service} | {
    "common": COMMON_ALONE,
    "simcluster": ["ai4k8s_simcluster"],
}
TOOLS = {**os.environ, "UV": str(Path(sys.executable).with_name("uv")), "PYTHON": sys.executable}


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, env=TOOLS, timeout=110)


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wheels of all our packages, built once for all test processes."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / "wheels"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            draft = shared / "wheels.new"
            built = run(IMAGES / "wheels.sh", draft)
            assert built.returncode == 0, built.stderr
            draft.rename(folder)
    return folder


@pytest.fixture(scope="session")
def common_environment(wheels: Path) -> Path:
    """The environment of common alone, with its modules compiled: all others but one begin as a copy of it."""
    folder = wheels.with_name("common-environment")
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            draft = wheels.with_name("common-environment.new")
            imported = run(install("common", draft, wheels), "-I", IMPORT_ALL, *PARTS["common"])
            assert imported.returncode == 0, imported.stderr
            draft.rename(folder)
    return folder


def install(part: str, environment: Path, wheels: Path) -> Path:
    """Install as an image is; return its Python."""
    installed = run(IMAGES / "install.sh", part, environment, wheels)
    assert installed.returncode == 0, installed.stderr
    return environment / "bin" / "python"


def copy(environment: Path, to: Path) -> Path:
    """Hard links: quick, and what is compiled stays so."""
    return Path(shutil.copytree(environment, to, symlinks=True, copy_function=os.link))


@pytest.mark.parametrize("part", [part for part in PARTS if part != "common"])
def test_a_part_imports_with_just_what_it_declares(
    part: str, tmp_path: Path, wheels: Path, common_environment: Path
) -> None:
    environment = tmp_path / "venv"
    if part != "simcluster":  # which does not build upon common
        copy(common_environment, environment)
    python = install(part, environment, wheels)
    imported = run(python, "-I", IMPORT_ALL, *PARTS[part])
    assert imported.returncode == 0, imported.stderr
    assert int(imported.stdout) >= 1


def test_a_module_that_imports_what_its_part_does_not_declare_is_found(
    tmp_path: Path, common_environment: Path
) -> None:
    environment = copy(common_environment, tmp_path / "venv")
    site = next(environment.glob("lib/python*/site-packages"))
    (site / "ai4k8s_common" / "bus" / "careless.py").write_text("import numpy\n", encoding="utf-8")
    imported = run(environment / "bin" / "python", "-I", IMPORT_ALL, *COMMON_ALONE)
    assert imported.returncode == 1
    assert "ai4k8s_common.bus.careless: No module named 'numpy'" in imported.stderr


def test_the_page_travels_in_the_gateways_wheel_once_it_is_built(tmp_path: Path) -> None:
    import tomllib

    settings = tomllib.loads((ROOT / "services/gateway/pyproject.toml").read_text(encoding="utf-8"))
    wheel = settings["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["artifacts"] == ["src/ai4k8s_gateway/static"]  # ignored by git, so left out unless named
