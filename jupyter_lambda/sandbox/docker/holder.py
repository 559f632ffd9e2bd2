"""The engine's end of a container's first process; see `runtime/container.py`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from typing import TYPE_CHECKING, Any, Final

from jupyter_lambda.errors import SandboxError
from jupyter_lambda.sandbox.process.zygote import Zygote

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable

    from jupyter_lambda.model.function import PythonEnvironment

_STOP_SECONDS: Final = 1.0


class _FirstProcess:
    """A container's process 1, in the words of a zygote's process: the daemon starts and buries it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def kill(self) -> None:
        """End it, and with it the container; where it isn't ours to signal, removing the container does it."""
        if self.pid <= 0:
            return  # on another machine, or behind another kernel
        try:
            os.kill(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return

    def wait(self) -> int:
        """The daemon waits for it."""
        return 0


class Holder(Zygote):
    """A container's first process, ready to fork its worker."""

    where = "docker sandbox"

    def __init__(self, control: socket.socket, pid: int | None) -> None:
        super().__init__(_FirstProcess(-1 if pid is None else pid), control, -1, set())
        self._is_distant = pid is None  # its clock may be another one
        self._stopped = asyncio.Event()
        self._endings: set[asyncio.Task[None]] = set()

    async def preload(self, python: PythonEnvironment, sys_path: Iterable[str], modules: Iterable[str]) -> None:
        """Import modules and wait for the end of it.

        Raises:
            Unfit: One of them can't be preloaded.
            InvalidRuntime: The interpreter is another minor version now.
        """
        await self._preload(python, list(sys_path), list(modules))

    async def end_workers(self) -> None:
        """Have every process but the first one killed; deaths are reported as always (SandboxLost)."""
        await self._send({"op": "kill"}, [])

    async def stop_workers(self) -> bool:
        """Stop every process but the first one from running; False when it did not answer in time (SandboxLost)."""
        self._stopped.clear()
        await self._send({"op": "stop"}, [])
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOP_SECONDS):
                await self._stopped.wait()
        return self._stopped.is_set()

    async def continue_workers(self) -> None:
        """Let them run again; they do before anything that is said to the holder later (SandboxLost)."""
        await self._send({"op": "go on"}, [])

    async def aclose(self) -> None:
        """End it, and say that its worker is dead even if it could not say so itself. Safe to call twice."""
        await super().aclose()
        if not self.is_gone:
            self._end()

    def _hear(self, message: dict[str, Any]) -> None:
        if message["event"] == "stopped":
            self._stopped.set()
            return
        if self._is_distant and "at" in message:
            message["at"] = self._loop.time()
        super()._hear(message)

    def _end_unwanted(self, pid: int) -> None:  # the container's number of it: here that may be anybody's
        ending = self._loop.create_task(self._end_quietly())
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)

    async def _end_quietly(self) -> None:
        with contextlib.suppress(SandboxError):
            await self.end_workers()
