"""A lock that the kernel gives back when its owner dies, on a file that its last owner removes."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class FileLock:
    """An exclusive `flock` on a file.

    The lock is the kernel's: a process that is killed holds nothing, and a lock file left behind means nothing. Whoever gets the lock
    looks whether the file is still the one at that path: its former owner removes it, and then a later comer has made another.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take the lock if nobody holds it, at once either way.

        Raises:
            OSError: The file can't be made, or its file system has no locks.
        """
        while True:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                return False
            except OSError:
                os.close(descriptor)
                raise
            if self._keep(descriptor):
                return True

    def release(self) -> None:
        """Remove the file and give the lock back. Safe to call twice, or without the lock."""
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        if self._stands_at_its_path(descriptor):  # else its folder was removed, and what stands there is a later comer's
            self.path.unlink(missing_ok=True)  # while it is ours: nobody else can have taken it meanwhile
        # Said aloud, since a fork of this process may hold a copy of the descriptor.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)

    def _keep(self, descriptor: int) -> bool:
        """Be the owner through a locked descriptor, unless its file was removed between opening and locking it: then close it."""
        if not self._stands_at_its_path(descriptor):
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def _stands_at_its_path(self, descriptor: int) -> bool:
        try:
            there = self.path.lstat()
        except FileNotFoundError:
            return False
        return os.path.samestat(there, os.fstat(descriptor))
