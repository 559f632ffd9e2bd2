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
from jupyter_lambda.sandbox.languages import RuntimeCommand, bootstrap_command, command_for_runtime

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Choice(msgspec.Struct, frozen=True):
    """What runs a runtime: a Python, a command (neither Python nor failure), or nothing, and why."""

    python: PythonEnvironment | None = None
    failure: str = ""


class Interpreters:
    """Chooses, and remembers.

    Args:
        find: Finds the Python of a runtime or raises InvalidRuntime; blocks.
        find_command: The same for runtimes of other languages.
    """

    def __init__(
        self,
        find: Callable[[str], PythonEnvironment] = python_for_runtime,
        find_command: Callable[[str], RuntimeCommand] = command_for_runtime,
    ) -> None:
        self._find = find
        self._find_command = find_command
        self._known: dict[str, PythonEnvironment] = {}
        self._commands: dict[str, RuntimeCommand] = {}

    async def choose(self, runtime: str) -> Choice:
        """What runs a runtime that AWS knows; a failure is a state of the function, as on AWS, not an error."""
        if runtime.startswith("provided") or not runtime or runtime not in limits.RUNTIMES:
            return Choice()  # the last is refused by the configuration's own check
        if not runtime.startswith("python"):
            try:
                await self._command(runtime)
            except InvalidRuntime as error:
                return Choice(failure=str(error))
            return Choice()
        known = self._known.get(runtime)
        if known is None or not os.path.exists(known.executable):  # noqa: ASYNC240, PTH110 - one stat of a local file
            try:
                known = self._known[runtime] = await asyncio.to_thread(self._find, runtime)
            except InvalidRuntime as error:
                return Choice(failure=str(error))
        return Choice(known)

    async def command(self, runtime: str, task_root: Path, layers: Path | None) -> RuntimeCommand | None:
        """The program that runs a runtime; None where our own Python runtime does.

        Raises:
            InvalidRuntime: It was there when the function was made, and is gone.
        """
        if runtime.startswith("provided"):
            return bootstrap_command(task_root, layers)
        if not runtime or runtime.startswith("python"):
            return None
        return await self._command(runtime)

    async def _command(self, runtime: str) -> RuntimeCommand:
        known = self._commands.get(runtime)
        if known is None or not os.path.exists(known.arguments[0]):  # noqa: ASYNC240, PTH110 - one stat of a local file
            known = self._commands[runtime] = await asyncio.to_thread(self._find_command, runtime)
        return known
