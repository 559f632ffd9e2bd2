"""A view of the file system of its own: private `/tmp` and `/dev/shm`, and folders shown read-only.

With a user namespace this needs no root: the process maps its own user to itself and has the rights for it inside.
"""

# ruff: noqa: PTH103, PTH110, PTH112, PTH120 - pathlib would be one more import on the way to every cold start

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Optional

from jupyter_lambda.runtime import linux

if TYPE_CHECKING:
    from collections.abc import Iterable

_TMP = "/tmp"  # noqa: S108 - this is the folder that is replaced
_SHM = "/dev/shm"  # noqa: S108
_OPEN_PATH = os.O_PATH | os.O_CLOEXEC
# (flag as statvfs tells it, flag as mount takes it): nosuid, nodev, noexec, noatime, nodiratime, relatime
_REPEATED_FLAGS = ((2, 2), (4, 4), (8, 8), (1024, 1024), (2048, 2048), (4096, 1 << 21))


def leave(*, with_user: bool, without_network: bool) -> None:
    """Move this process into new mount and ipc namespaces (and a user namespace where it isn't root)."""
    flags = linux.CLONE_NEWNS | linux.CLONE_NEWIPC
    if without_network:
        flags |= linux.CLONE_NEWNET
    if with_user:
        uid, gid = os.geteuid(), os.getegid()
        linux.unshare(flags | linux.CLONE_NEWUSER)
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{uid} {uid} 1")
        _write("/proc/self/gid_map", f"{gid} {gid} 1")
    else:
        linux.unshare(flags)
    linux.mount("none", "/", None, linux.MS_REC | linux.MS_PRIVATE)


def enter(user_descriptor: Optional[int], mount_descriptor: int, *, without_network: bool) -> None:
    """Move this process into the namespaces an earlier one left behind: same `/tmp`."""
    if user_descriptor is not None:
        linux.setns(user_descriptor, linux.CLONE_NEWUSER)
    linux.setns(mount_descriptor, linux.CLONE_NEWNS)
    linux.unshare(linux.CLONE_NEWIPC | (linux.CLONE_NEWNET if without_network else 0))


def furnish(*, tmp_bytes: int, shm_bytes: int, shown: Iterable[str], binds: Iterable[Any]) -> None:
    """Mount a private `/tmp` and `/dev/shm`; keep `shown` paths below them visible; bind `(source, target)` pairs read-only.

    Raises:
        OSError: A mount was refused.
    """
    kept = [(os.open(path, _OPEN_PATH), path) for path in shown if os.path.exists(path)]
    bound = [(os.open(source, _OPEN_PATH), target) for source, target in binds]
    guards = linux.MS_NOSUID | linux.MS_NODEV
    linux.mount("tmpfs", _TMP, "tmpfs", guards, f"size={tmp_bytes},mode=1777")
    if os.path.isdir(_SHM):
        linux.mount("tmpfs", _SHM, "tmpfs", guards, f"size={shm_bytes},mode=1777")
    for descriptor, path in kept + bound:
        _bind(descriptor, path)


def _bind(descriptor: int, target: str) -> None:
    source = f"/proc/self/fd/{descriptor}"
    if os.path.isdir(source):
        os.makedirs(target, mode=0o755, exist_ok=True)
    elif not os.path.exists(target):
        os.makedirs(os.path.dirname(target), mode=0o755, exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))
    linux.mount(source, target, None, linux.MS_BIND | linux.MS_REC)
    os.close(descriptor)
    # A remount must repeat the flags that the source's own mount has, or a user namespace may not do it.
    held = os.statvfs(target).f_flag
    repeated = sum(mount_flag for stat_flag, mount_flag in _REPEATED_FLAGS if held & stat_flag)
    linux.mount("none", target, None, linux.MS_REMOUNT | linux.MS_BIND | linux.MS_RDONLY | repeated)


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
