"""What a process without a port shows to whoever must decide whether to restart it.

Two files, touched every second or so: `alive` says that the process still turns, whatever its surroundings do, so
that workers are not restarted because Postgres is; `ready` says that the store and the broker answered as well.
Their age costs an orchestrator one `find`; asking by a Python process every ten seconds would cost more than beat.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from pathlib import Path

log = structlog.stdlib.get_logger(__name__)


class SignsOfLife:
    """Touches the two files in a folder, which it makes; does nothing without one."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def alive(self) -> None:
        """Say that the process turns."""
        self._touch("alive")

    def ready(self) -> None:
        """Say that its surroundings answered."""
        self._touch("ready")

    def _touch(self, name: str) -> None:
        if self._folder is None:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / name).touch()
        except OSError as error:
            # Work goes on; the missing sign is exactly what the watcher must see.
            log.warning("sign_of_life_not_written", folder=str(self._folder), error=str(error))


NO_SIGNS = SignsOfLife(None)
