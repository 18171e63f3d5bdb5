"""A small client of a running simulated cluster's own endpoints, for the command line and for tests."""

import os
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

_TIMEOUT_SECONDS = 30.0


class ControlError(RuntimeError):
    """The simulated cluster does not run, or refused."""


@dataclass(frozen=True, slots=True)
class ControlClient:
    """Speaks to the cluster of one state directory."""

    state_dir: Path

    @property
    def endpoints(self) -> dict[str, Any]:
        """Return the addresses and the process id as the cluster wrote them. Raises ControlError."""
        path = self.state_dir / "endpoints.json"
        try:
            found: dict[str, Any] = orjson.loads(path.read_bytes())
        except (OSError, orjson.JSONDecodeError) as error:
            raise ControlError(f"no simulated cluster runs on {self.state_dir}") from error
        return found

    def is_running(self) -> bool:
        """Say whether its process is alive."""
        try:
            os.kill(int(self.endpoints["pid"]), 0)
        except (ControlError, ProcessLookupError):
            return False
        except PermissionError:
            return True
        return True

    def workloads(self) -> dict[str, Any]:
        """Return the simulator's truth about its workloads."""
        return self._ask("GET", "/sim/v1/workloads")

    def faults(self) -> list[dict[str, Any]]:
        """Return the faults that hold."""
        found: list[dict[str, Any]] = self._ask("GET", "/sim/v1/faults")["faults"]
        return found

    def add_fault(self, fault: dict[str, Any]) -> dict[str, Any]:
        """Add a fault. Raises ControlError with the reason when it is refused."""
        return self._ask("POST", "/sim/v1/faults", fault)

    def end_faults(self, number: int | None = None) -> int:
        """End one fault, or all; return how many ended."""
        return int(self._ask("DELETE", "/sim/v1/faults" + (f"/{number}" if number else ""))["ended"])

    def _ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310 - the address is our own, always https
            str(self.endpoints["api_url"]) + path,
            data=None if body is None else orjson.dumps(body),
            method=method,
            headers={"Authorization": f"Bearer {(self.state_dir / 'token').read_text()}"},
        )
        context = ssl.create_default_context(cafile=str(self.state_dir / "ca.crt"))
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS, context=context) as answer:  # noqa: S310
                found: dict[str, Any] = orjson.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise ControlError(_reason(error)) from error
        except OSError as error:
            raise ControlError(f"the simulated cluster on {self.state_dir} does not answer: {error}") from error
        return found


def _reason(error: urllib.error.HTTPError) -> str:
    try:
        return str(orjson.loads(error.read()).get("message") or error)
    except orjson.JSONDecodeError:
        return str(error)
