"""Which zygote serves a spec: one per Python environment, replaced by one that has more preloaded when functions need more.

A zygote's imports never change, so that it stays safe to fork. When a spec asks for modules that the present one hasn't got, it is
served by the present one all the same (the worker imports the rest itself), and a successor with all modules is started in the
background. The predecessor takes no new environments and ends with its last one.
"""

from __future__ import annotations

import asyncio
import logging
import os
from typing import TYPE_CHECKING, NamedTuple

from jupyter_lambda.errors import InvalidRuntime, JupyterLambdaError, SandboxError
from jupyter_lambda.sandbox.process.zygote import Unfit, Zygote

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from jupyter_lambda.clock import Clock
    from jupyter_lambda.model.function import PythonEnvironment
    from jupyter_lambda.sandbox.protocol import EnvironmentSpec

_log = logging.getLogger(__name__)


class _Key(NamedTuple):
    """What makes two specs share a zygote."""

    python: PythonEnvironment
    extra_path: tuple[str, ...]


class _Line:
    """The zygotes of one Python environment: the present one, those it replaced, and what can't be preloaded."""

    def __init__(self) -> None:
        self.present: Zygote | None = None
        self.retired: list[Zygote] = []
        self.unfit: set[str] = set()
        self.wanted: set[str] = set()
        self.opening: asyncio.Task[Zygote] | None = None
        self.last_used = 0.0


class Zygotes:
    """All zygotes of a sandbox."""

    def __init__(self, clock: Clock, own_python: PythonEnvironment, idle_seconds: float, marker: str) -> None:
        self._clock = clock
        self._own_python = own_python
        self._idle_seconds = idle_seconds
        self._marker = marker
        self.pids: set[int] = set()  # of all living zygotes
        self._lines: dict[_Key, _Line] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._is_closed = False

    async def get(self, spec: EnvironmentSpec) -> Zygote:
        """The zygote to fork from, started if need be.

        Raises:
            InvalidRuntime, SandboxError: There is none to be had.
        """
        line = self._line_for(spec)
        if line.present is not None and not line.present.is_gone:
            if self._missing(line):
                self._open(line, self._key(spec))
            return line.present
        return await asyncio.shield(self._open(line, self._key(spec)))

    async def prepare(self, spec: EnvironmentSpec) -> None:
        """Have a zygote with all of the spec's modules, and wait for it."""
        line = self._line_for(spec)
        if line.present is None or line.present.is_gone or self._missing(line):
            await asyncio.shield(self._open(line, self._key(spec)))

    def _line_for(self, spec: EnvironmentSpec) -> _Line:
        if self._is_closed:
            raise SandboxError("process sandbox", "it is closed", "Start the engine again.")
        key = self._key(spec)
        if not os.access(key.python.executable, os.X_OK):
            raise InvalidRuntime(
                f"interpreter {key.python.executable}", "it is gone or can't be run any more",
                "Deploy the function again from a kernel that exists, or restore the environment.",
            )  # fmt: skip
        line = self._lines.setdefault(key, _Line())
        line.last_used = self._clock.monotonic()
        if spec.bootstrap is None:
            line.wanted |= set(spec.preload)
        return line

    def _key(self, spec: EnvironmentSpec) -> _Key:
        return _Key(spec.python or self._own_python, spec.extra_path if spec.bootstrap is None else ())

    def _missing(self, line: _Line) -> bool:
        return line.present is not None and not (line.wanted - line.unfit) <= line.present.modules

    def _open(self, line: _Line, key: _Key) -> asyncio.Task[Zygote]:
        if line.opening is None:
            line.opening = asyncio.create_task(self._replace(line, key), name=f"zygote of {key.python.executable}")
            line.opening.add_done_callback(_note_failure)
        return line.opening

    async def _replace(self, line: _Line, key: _Key) -> Zygote:
        try:
            zygote = await self._open_fit(line, key)
        finally:
            line.opening = None
        if line.present is not None:
            line.retired.append(line.present)
        line.present = zygote
        self.retire_idle()
        return zygote

    async def _open_fit(self, line: _Line, key: _Key) -> Zygote:
        """Open a zygote with all that can be preloaded: each try finds one module at most that can't."""
        while True:
            modules = sorted(line.wanted - line.unfit)
            try:
                return await Zygote.open(key.python, (*key.extra_path, *key.python.sys_path), modules, self._marker, self.pids)
            except Unfit as error:
                if error.module not in modules:
                    raise SandboxError(
                        f"interpreter {key.python.executable}", f"it can't run our runtime ({error})", "Try another interpreter."
                    ) from error
                _log.warning("not preloaded: %s (%s)", error.module, error.why)
                line.unfit.add(error.module)

    def retire_idle(self) -> None:
        """End zygotes that serve nobody: predecessors at once, present ones after a while without use."""
        now = self._clock.monotonic()
        for key, line in list(self._lines.items()):
            for zygote in [z for z in line.retired if z.worker_count == 0]:
                line.retired.remove(zygote)
                self._close(zygote)
            present = line.present
            is_idle = present is not None and present.worker_count == 0 and now - line.last_used > self._idle_seconds
            if present is not None and line.opening is None and (is_idle or present.is_gone):
                line.present = None
                self._close(present)
            if line.present is None and line.opening is None and not line.retired:
                del self._lines[key]

    def _close(self, zygote: Zygote) -> None:
        task = asyncio.create_task(zygote.aclose())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def aclose(self) -> None:
        """End all zygotes and their workers. Safe to call twice."""
        self._is_closed = True
        opening = [line.opening for line in self._lines.values() if line.opening is not None]
        for task in opening:
            task.cancel()
        await asyncio.gather(*opening, return_exceptions=True)
        zygotes = [z for line in self._lines.values() for z in (line.present, *line.retired) if z is not None]
        self._lines.clear()
        await asyncio.gather(*(zygote.aclose() for zygote in zygotes), *self._closing)


def shadowed_modules(task_root: Path, loaded: Iterable[str]) -> set[str]:
    """Names that the package brings itself and the zygote has loaded from elsewhere: such a function needs a fresh interpreter."""
    own = {entry.name.removesuffix(".py") for entry in task_root.iterdir() if entry.is_dir() or entry.suffix == ".py"}
    return own & set(loaded)


def _note_failure(task: asyncio.Task[Zygote]) -> None:
    """A start in the background that nobody waits for is logged; whoever waits gets the error itself."""
    if not task.cancelled() and isinstance(task.exception(), JupyterLambdaError):
        _log.warning("no zygote: %s", task.exception())
