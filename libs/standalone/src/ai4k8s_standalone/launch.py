"""The few steps between fork and exec that must happen inside the new process itself.

They are a script of their own, because running Python code between fork and exec of a process with threads
can deadlock, and because a parent death signal is forgotten when the user changes: the order matters. Only
the standard library is used, so that `python -I -S` starts it in some 10 ms.

Usage: launch.py OPTIONS_JSON COMMAND [ARGUMENT]...
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
CLONE_NEWUSER = 0x10000000
NOT_EXECUTABLE = 126


def _libc_call(name: str, *arguments: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def enter_user_namespace(seen_as_uid: int, seen_as_gid: int) -> None:
    """Become `seen_as_uid` in the eyes of ourselves, while the files we own stay ours."""
    uid, gid = os.geteuid(), os.getegid()
    _libc_call("unshare", CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{seen_as_uid} {uid} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{seen_as_gid} {gid} 1", encoding="ascii")


def change_user(uid: int, gid: int) -> None:
    """Give up root for good."""
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def main(options_json: str, command: list[str]) -> int:
    """Apply the options and become the command; returns only when that failed."""
    options = json.loads(options_json)
    try:
        if (namespace := options.get("user_namespace")) is not None:
            enter_user_namespace(*namespace)
        if (user := options.get("user")) is not None:
            change_user(*user)
        if (death_signal := options.get("parent_death_signal")) is not None:
            _libc_call("prctl", PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
            if os.getppid() != options["parent_pid"]:  # it died before we could ask to be told
                return NOT_EXECUTABLE
        os.umask(0o077)
        os.chdir(options["working_directory"])
        os.execvp(command[0], command)  # noqa: S606 - no shell is the point
    except OSError as error:
        print(f"cannot start {command[0]}: {error}", file=sys.stderr)
        return NOT_EXECUTABLE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
