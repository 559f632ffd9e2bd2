"""Which interpreter of this machine runs a version whose package was made elsewhere: its `Runtime` decides.

Looking takes some 10 ms for each candidate, so it happens in a thread and the answer is kept while the interpreter is there.
"""

from __future__ import annotations

import asyncio
import os.path
from typing import TYPE_CHECKING

import msgspec

from jupyter_lambda.errors import InvalidRuntime
from jupyter_lambda.model import limits
from jupyter_lambda.model.function import PythonEnvironment
from jupyter_lambda.sandbox.interpreters import python_for_runtime

if TYPE_CHECKING:
    from collections.abc import Callable


class Choice(msgspec.Struct, frozen=True):
    """What runs a runtime: a Python, the package's own `bootstrap` (no Python, no failure), or nothing, and why."""

    python: PythonEnvironment | None = None
    failure: str = ""


class Interpreters:
    """Chooses, and remembers.

    Args:
        find: Finds the Python of a runtime or raises InvalidRuntime; blocks.
    """

    def __init__(self, find: Callable[[str], PythonEnvironment] = python_for_runtime) -> None:
        self._find = find
        self._known: dict[str, PythonEnvironment] = {}

    async def choose(self, runtime: str) -> Choice:
        """What runs a runtime that AWS knows; a failure is a state of the function, as on AWS, not an error."""
        if runtime.startswith("provided") or not runtime or runtime not in limits.RUNTIMES:
            return Choice()  # the last is refused by the configuration's own check
        known = self._known.get(runtime)
        if known is None or not os.path.exists(known.executable):  # noqa: ASYNC240, PTH110 - one stat of a local file
            try:
                known = self._known[runtime] = await asyncio.to_thread(self._find, runtime)
            except InvalidRuntime as error:
                return Choice(failure=str(error))
        return Choice(known)
