"""Landlock: which files this process may touch from here on, and whom it may signal. Needs neither root nor namespaces.

An allow-list: what no rule names can't be opened any more, by this process and all it starts, for good. It holds root too. It
also keeps the process from tracing (and reading memory and environment of) any process outside its own domain.

Source: Documentation/userspace-api/landlock.rst of the kernel.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from typing import TYPE_CHECKING

from jupyter_lambda.runtime import linux

if TYPE_CHECKING:
    from collections.abc import Iterable

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_VERSION_FLAG = 1
_PATH_BENEATH = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REFER, _TRUNCATE, _IOCTL_DEVICE = 1 << 13, 1 << 14, 1 << 15
_FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE | _TRUNCATE | _IOCTL_DEVICE
_SCOPE_ABSTRACT_SOCKETS, _SCOPE_SIGNALS = 1 << 0, 1 << 1

READ_AND_RUN = EXECUTE | READ_FILE | READ_DIR


def abi() -> int:
    """The kernel's Landlock version, 0 where it has none or has it switched off."""
    try:
        return linux.syscall(_CREATE_RULESET, ctypes.c_void_p(), 0, _VERSION_FLAG)
    except OSError:
        return 0


def handled_rights(version: int) -> int:
    """All file rights that a kernel of this Landlock version can deny."""
    newest = 15 if version >= 5 else 14 if version >= 3 else 13 if version >= 2 else 12
    return (1 << (newest + 1)) - 1


def restrict(readable: Iterable[str], writable: Iterable[str], devices: Iterable[str]) -> int:
    """Allow reading and running below `readable`, everything below `writable`, using `devices`; deny the rest.

    Paths that don't exist are left out. `no_new_privs` must be set before.

    Returns:
        The Landlock version that holds now.

    Raises:
        OSError: The kernel has no Landlock, or refused a rule.
    """
    version = abi()
    handled = handled_rights(version)
    scoped = _SCOPE_ABSTRACT_SOCKETS | _SCOPE_SIGNALS if version >= 6 else 0
    attributes = struct.pack("=QQQ", handled, 0, scoped)[: 24 if version >= 6 else 16 if version >= 4 else 8]
    ruleset = linux.syscall(_CREATE_RULESET, ctypes.c_char_p(attributes), len(attributes), 0)
    try:
        for path in readable:
            _allow(ruleset, path, READ_AND_RUN & handled)
        for path in devices:
            _allow(ruleset, path, (READ_FILE | WRITE_FILE | READ_DIR | _IOCTL_DEVICE | _TRUNCATE) & handled)
        for path in writable:
            _allow(ruleset, path, handled)
        linux.syscall(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)
    return version


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # gone, or out of reach already: nothing to allow
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _FILE_RIGHTS
        rule = struct.pack("=Qi", rights, descriptor)
        linux.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.c_char_p(rule), 0)
    finally:
        os.close(descriptor)
