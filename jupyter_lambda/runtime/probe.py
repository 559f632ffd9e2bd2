"""Finds out what this host lets a process do, by doing it in a child that then ends. Writes one JSON object."""

# ruff: noqa: PTH116, PTH123 - pathlib would be one more import on the way to every cold start

from __future__ import annotations

import json
import os
import tempfile
from typing import Callable

from jupyter_lambda.runtime import landlock, linux, namespaces


def run(descriptor: int) -> None:
    """Write `{"landlock": N, "root_namespaces": why not or "", "user_namespaces": …}` to the descriptor."""
    found = {
        "landlock": _landlock(),
        "root_namespaces": _refusal(lambda: _private_tmp(with_user=False)),
        "user_namespaces": _refusal(lambda: _private_tmp(with_user=True)),
    }
    os.write(descriptor, json.dumps(found).encode())


def _landlock() -> int:
    """The version, 0 also where the kernel has it and something on the way (a container's filter) refuses it."""
    version = landlock.abi()
    if version and _refusal(_restrict_self):
        return 0
    return version


def _restrict_self() -> None:
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
    landlock.restrict(["/usr"], [], [])


def _private_tmp(*, with_user: bool) -> None:
    before = tempfile.gettempdir()
    namespaces.leave(with_user=with_user, without_network=False)
    namespaces.furnish(tmp_bytes=1 << 20, shm_bytes=1 << 20, shown=[], binds=[])
    os.stat(before)


def _refusal(attempt: Callable[[], None]) -> str:
    """Try it in a child; the empty string when it worked, else the reason."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            attempt()
        except OSError as error:
            os.write(write, str(error).encode() or b"refused")
        os._exit(0)
    os.close(write)
    with open(read, encoding="utf-8") as file:
        reason = file.read()
    os.waitpid(pid, 0)
    return reason
