"""Linux calls that the standard library has no name for, through the C library.

Every call raises `OSError` with the call's name where the kernel refuses. Numbers are those of the kernel's headers.
"""

from __future__ import annotations

import ctypes
import os
from typing import Any, Optional

CLONE_NEWNS = 0x0002_0000
CLONE_NEWIPC = 0x0800_0000
CLONE_NEWUSER = 0x1000_0000
CLONE_NEWNET = 0x4000_0000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_CAPBSET_DROP = 24
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 47, 4

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def _check(result: int, what: str) -> int:
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def prctl(option: int, first: int = 0, second: int = 0) -> int:
    """`prctl(2)` with up to two arguments."""
    arguments = [ctypes.c_ulong(value) for value in (first, second, 0, 0)]
    return _check(_libc.prctl(ctypes.c_int(option), *arguments), f"prctl {option}")


def syscall(number: int, *arguments: Any) -> int:
    """A system call by its number; integers are passed as unsigned longs, ctypes values as they are."""
    passed = [ctypes.c_ulong(a & 0xFFFF_FFFF_FFFF_FFFF) if isinstance(a, int) else a for a in arguments]
    return _check(_libc.syscall(ctypes.c_long(number), *passed), f"system call {number}")


def unshare(flags: int) -> None:
    """Leave the namespaces that the flags name for new ones."""
    _check(_libc.unshare(ctypes.c_int(flags)), "unshare")


def setns(descriptor: int, kind: int) -> None:
    """Enter the namespace behind a descriptor; `kind` is its CLONE_NEW… flag."""
    _check(_libc.setns(ctypes.c_int(descriptor), ctypes.c_int(kind)), "setns")


def mount(source: str, target: str, kind: Optional[str], flags: int, data: Optional[str] = None) -> None:
    """`mount(2)`."""
    _check(
        _libc.mount(
            os.fsencode(source),
            os.fsencode(target),
            kind.encode() if kind else None,
            ctypes.c_ulong(flags),
            data.encode() if data else None,
        ),
        f"mount on {target}",
    )


def flush_c_streams() -> None:
    """Write out what C code of this process has printed and the C library still holds."""
    _libc.fflush(None)


class _CapabilityHeader(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _CapabilityWords(ctypes.Structure):
    _fields_ = [("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32)]


_CAPABILITY_VERSION_3 = 0x2008_0522


def set_capabilities(mask: int) -> None:
    """Make `mask` (bit n: capability n) the effective and permitted set, and nothing inheritable."""
    header = _CapabilityHeader(_CAPABILITY_VERSION_3, 0)
    words = (_CapabilityWords * 2)()
    for index in range(2):
        part = (mask >> (32 * index)) & 0xFFFF_FFFF
        words[index] = _CapabilityWords(part, part, 0)
    _check(_libc.capset(ctypes.byref(header), words), "capset")


def permitted_capabilities() -> int:
    """The permitted set of this process, bit n: capability n."""
    header = _CapabilityHeader(_CAPABILITY_VERSION_3, 0)
    words = (_CapabilityWords * 2)()
    _check(_libc.capget(ctypes.byref(header), words), "capget")
    return int(words[0].permitted) | (int(words[1].permitted) << 32)
