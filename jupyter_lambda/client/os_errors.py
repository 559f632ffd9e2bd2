"""What the operating system refused, as one of our errors that says what to do."""

from __future__ import annotations

import errno
import os
from typing import Final

from jupyter_lambda.errors import DiskFull, StoreError

_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_NOT_ALLOWED: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_OTHER_HOME: Final = "choose another home with --home or JUPYTER_LAMBDA_HOME."


def store_error(error: OSError, where: str) -> StoreError:
    """Return the error to raise for one that the system raised while the home was read or written."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    named = f" ({error.filename})" if error.filename else ""
    if error.errno in _NO_SPACE:
        return DiskFull(where, f"no space is left{named}", f"Free some space, or {_OTHER_HOME}")
    if error.errno in _NOT_ALLOWED:
        return StoreError(where, f"it can't be written: {reason}{named}", f"Mend its permissions, or {_OTHER_HOME}")
    return StoreError(where, f"{reason}{named}", _OTHER_HOME[0].upper() + _OTHER_HOME[1:])
