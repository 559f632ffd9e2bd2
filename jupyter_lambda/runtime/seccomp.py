"""A system call filter: what no function needs and what could undo a wall is refused with EPERM.

It backs Landlock up where the kernel is too old for it, and costs nothing measurable. `clone3` answers ENOSYS, because its flags
can't be looked at; the C library then uses `clone`, which is refused only with a namespace flag.

Source: Documentation/userspace-api/seccomp_filter.rst; numbers from the kernel's unistd.h for each architecture.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from typing import NamedTuple

from jupyter_lambda.runtime import linux


class _Architecture(NamedTuple):
    audit: int
    clone: int
    refused: tuple[int, ...]


_NEW_MOUNT_CALLS = (428, 429, 430, 431, 432, 433, 442)  # open_tree, move_mount, fsopen, fsconfig, fsmount, fspick, mount_setattr
_CLONE3 = 435
_ARCHITECTURES = {
    # ptrace, mount, umount2, pivot_root, chroot, unshare, setns, kexec ×2, bpf, keys ×3, modules ×3, perf_event_open, userfaultfd,
    # open_by_handle_at, reboot, swapon, swapoff, process_vm ×2, settimeofday, clock_settime, acct, syslog, quotactl, iopl, ioperm
    "x86_64": _Architecture(
        0xC000_003E, 56,
        (101, 165, 166, 155, 161, 272, 308, 246, 320, 321, 248, 249, 250, 175, 313, 176, 298, 323,
         304, 169, 167, 168, 310, 311, 164, 227, 163, 103, 179, 172, 173),
    ),
    "aarch64": _Architecture(
        0xC000_00B7, 220,
        (117, 40, 39, 41, 51, 97, 268, 104, 294, 280, 217, 218, 219, 105, 273, 106, 241, 282,
         265, 142, 224, 225, 270, 271, 170, 112, 89, 116, 60),
    ),
}  # fmt: skip

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF_0000, 0x0005_0000, 0x8000_0000
_NAMESPACE_FLAGS = 0x7E02_0000
_X32_BIT = 0x4000_0000


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _build(architecture: _Architecture) -> bytes:
    refuse, absent = _ERRNO | errno.EPERM, _ERRNO | errno.ENOSYS
    program = [
        _instruction(_LOAD, 4),
        _instruction(_JUMP_EQUAL, architecture.audit, 1, 0),
        _instruction(_RETURN, _KILL),
        _instruction(_LOAD, 0),
        _instruction(_JUMP_AT_LEAST, _X32_BIT, 0, 1),
        _instruction(_RETURN, refuse),
        _instruction(_JUMP_EQUAL, _CLONE3, 0, 1),
        _instruction(_RETURN, absent),
        _instruction(_JUMP_EQUAL, architecture.clone, 0, 4),
        _instruction(_LOAD, 16),
        _instruction(_JUMP_BITS, _NAMESPACE_FLAGS, 0, 1),
        _instruction(_RETURN, refuse),
        _instruction(_RETURN, _ALLOW),
    ]
    for number in architecture.refused + _NEW_MOUNT_CALLS:
        program += [_instruction(_JUMP_EQUAL, number, 0, 1), _instruction(_RETURN, refuse)]
    return b"".join([*program, _instruction(_RETURN, _ALLOW)])


_BUILT = {name: _build(architecture) for name, architecture in _ARCHITECTURES.items()}


def restrict() -> bool:
    """Install the filter for this process and all it starts; False on an architecture it isn't written for.

    Raises:
        OSError: The kernel refused (`no_new_privs` must be set before).
    """
    code = _BUILT.get(os.uname().machine)
    if code is None:
        return False
    program = _Program(len(code) // 8, code)
    linux.prctl(linux.PR_SET_SECCOMP, 2, ctypes.addressof(program))
    return True
