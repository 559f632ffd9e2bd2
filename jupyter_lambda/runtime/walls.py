"""Raises the walls around a worker: called in the new process, before any of the function's code.

The order matters: groups first (everything later is counted), then namespaces (they need rights), then limits, and last what takes
rights away for good: capabilities, `no_new_privs`, Landlock, the system call filter.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
from typing import Any, Optional

from jupyter_lambda.runtime import capabilities, landlock, linux, namespaces, seccomp


def bind_to_parent(zygote_pid: int) -> None:
    """Die with the zygote, and adopt what this process's own children leave behind.

    Raises:
        OSError: The zygote is gone already.
    """
    linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
    linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 1)
    if os.getppid() != zygote_pid:
        raise OSError("the zygote ended")


def raise_walls(walls: dict[str, Any], user_descriptor: Optional[int], mount_descriptor: Optional[int]) -> list[str]:
    """Put this process behind the walls that the engine asked for; descriptors name the namespaces of a predecessor.

    Returns:
        What stands now, in words for the log.

    Raises:
        OSError: One of them could not be raised; the process must end.
    """
    raised: list[str] = []
    for procs in walls.get("groups", ()):
        _write(procs, "0")
        raised.append("group " + procs)
    if walls.get("namespaces"):
        _enter_namespaces(walls, user_descriptor, mount_descriptor)
        raised.append("namespaces " + walls["namespaces"])
    _limit(walls.get("limits", {}))
    with contextlib.suppress(OSError):  # a host whose /proc is read-only
        _write("/proc/self/oom_score_adj", "1000")  # where the whole machine is short, workers end before the notebook does
    os.umask(0o022)
    os.chdir(walls["folder"])
    capabilities.drop()
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
    files = walls.get("files")
    if files:
        version = landlock.restrict(files["read"], files["write"], files["devices"])
        raised.append(f"landlock {version}")
    if walls.get("filter") and seccomp.restrict():
        raised.append("seccomp")
    return raised


def _enter_namespaces(walls: dict[str, Any], user_descriptor: Optional[int], mount_descriptor: Optional[int]) -> None:
    without_network = bool(walls.get("without_network"))
    if mount_descriptor is not None:
        namespaces.enter(user_descriptor, mount_descriptor, without_network=without_network)
        return
    namespaces.leave(with_user=walls["namespaces"] == "user", without_network=without_network)
    namespaces.furnish(tmp_bytes=walls["tmp_bytes"], shm_bytes=walls["shm_bytes"], shown=walls["shown"], binds=walls["binds"])


def _limit(limits: dict[str, int]) -> None:
    limits = dict(limits)
    more = limits.pop("more_processes", None)
    if more is not None:
        limits["processes"] = more + _tasks_of_the_machine()
    names = {"descriptors": resource.RLIMIT_NOFILE, "processes": resource.RLIMIT_NPROC, "file_bytes": resource.RLIMIT_FSIZE}
    for name, value in limits.items():
        hard = resource.getrlimit(names[name])[1]
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(names[name], (bound, bound))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _tasks_of_the_machine() -> int:
    """Processes and threads of all users: no fewer than this user's, some of which may be in other containers, where we can't count."""
    with open("/proc/loadavg", encoding="ascii") as file:  # noqa: PTH123 - pathlib would be one more import on every cold start
        return int(file.read().split()[3].partition("/")[2])


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
