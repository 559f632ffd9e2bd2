"""What the machine says when it can't read or write, as errors that say what to do.

SQLite reports a full disk as `SQLITE_FULL`, the operating system as `ENOSPC` or `EDQUOT`; both become `DiskFull`. Everything else
becomes `StoreError` with the path, so that a caller never meets `sqlite3.Error` or `OSError`.
"""

from __future__ import annotations

import errno
import sqlite3
from typing import TYPE_CHECKING, Final

from jupyter_lambda.errors import DiskFull, StoreError

if TYPE_CHECKING:
    from pathlib import Path

_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
# SQLITE_IOERR_SHMSIZE: the index beside the write-ahead log could not grow, which happens on a full disk only.
_FULL: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE})
_CORRUPT: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def disk_full(where: Path, *, what: str = "no space is left") -> DiskFull:
    """The error for a full disk, whichever call met it."""
    return DiskFull(f'engine home "{where}"', what, "Nothing of it was kept. Free space there and try again.")


def from_os(error: OSError, where: Path) -> StoreError:
    """The error for a failed call of the operating system on `where`."""
    if error.errno in _NO_SPACE:
        return disk_full(where)
    reason = error.strerror or str(error)
    return StoreError(f'engine home "{where}"', reason, "Check that the folder is yours and can be written.")


def from_sqlite(error: sqlite3.Error, database: Path) -> StoreError:
    """The error for a failed statement on the database file `database`."""
    code = getattr(error, "sqlite_errorcode", None)
    if code in _FULL:
        return disk_full(database.parent)
    # Extended codes (e.g. SQLITE_CORRUPT_INDEX) hold the primary code in their lowest byte.
    if code is not None and code & 0xFF in _CORRUPT:
        return StoreError(
            f'database "{database}"',
            f"it is damaged ({error})",
            "Stop the engine and move the file away; what it held must be deployed again from the notebooks, packages are kept. "
            "Or put a copy from a backup in its place.",
        )
    return StoreError(f'database "{database}"', str(error), "Check that the folder is yours and can be written.")
