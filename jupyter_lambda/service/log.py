"""The engine's log: what it says, and whatever else is written to its standard error, in one bounded file."""

from __future__ import annotations

import faulthandler
import logging
import os
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_BYTES_MAX: Final = 1024 * 1024  # then it becomes engine.log.1, and the one before that goes
_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_STANDARD_ERROR: Final = 2


class BoundedLogHandler(logging.Handler):
    """Writes to a descriptor that is an appended file, and begins a new file when that one is full.

    The file is the process's standard error, so that a crash of C code is in it too; `dup2` moves all of that to the new file.
    """

    def __init__(self, path: Path, descriptor: int = _STANDARD_ERROR, bytes_max: int = _BYTES_MAX) -> None:
        super().__init__()
        self._path, self._descriptor, self._bytes_max = path, descriptor, bytes_max

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; a full disk costs the log, not the engine."""
        try:
            os.write(self._descriptor, (self.format(record) + "\n").encode(errors="backslashreplace"))
            if os.fstat(self._descriptor).st_size > self._bytes_max:
                self._begin_anew()
        except (OSError, ValueError, TypeError):
            self.handleError(record)

    def _begin_anew(self) -> None:
        self._path.replace(self._path.with_name(f"{self._path.name}.1"))
        fresh = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            os.dup2(fresh, self._descriptor)
        finally:
            os.close(fresh)


def start_log(path: Path | None) -> None:
    """Send the log of the whole process to the file that is its standard error, or to a terminal's (None)."""
    handler = logging.StreamHandler(sys.stderr) if path is None else BoundedLogHandler(path)
    handler.setFormatter(logging.Formatter(_FORMAT))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.raiseExceptions = path is None  # a disk without space is no reason to write more about it
    faulthandler.enable()
