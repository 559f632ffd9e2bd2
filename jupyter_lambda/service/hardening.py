"""Keeping the engine's memory from its workers and from core dumps."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

_PR_SET_DUMPABLE: Final = 4  # prctl(2)


def close_memory() -> bool:
    """Let no other process of this user read this one's memory, environment or descriptors; False where there is no such way.

    A worker has the engine's uid. Root reads on regardless, and processes that are executed later get their own choice back, so the
    sandbox still reads its children. Source: prctl(2), PR_SET_DUMPABLE; tried, see the sandbox contract suite.
    """
    if not sys.platform.startswith("linux"):
        return False
    return bool(ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) == 0)
