"""Finding a port that is free, and saying whether one is."""

from __future__ import annotations

import errno
import random
import socket

from ai4k8s_standalone.errors import PortBusyError

LOOPBACK = "127.0.0.1"
# Below the range the kernel takes the near end of outgoing connections from: none of those gets in the way.
_FIRST, _LAST = 20_000, 32_000
_ATTEMPTS = 200


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen there now.

    Raises:
        OSError: the host is not an address of this machine, or the port is reserved for root.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
    return True


def pick_free(preferred: int | None = None, host: str = LOOPBACK) -> int:
    """The preferred port where it is free, else any other.

    Raises:
        PortBusyError: no free port was found at all.
    """
    if preferred is not None and is_free(preferred, host):
        return preferred
    for candidate in random.sample(range(_FIRST, _LAST), _ATTEMPTS):
        if is_free(candidate, host):
            return candidate
    raise PortBusyError(f"no free port between {_FIRST} and {_LAST} on {host}")
