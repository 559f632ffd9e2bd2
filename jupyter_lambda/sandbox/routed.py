"""One engine, several kinds of sandbox: its own is open from the start, another one is opened when the first function needs it.

What can fail, and where it goes: a kind that can't be had here → the deployment that asks for it, or the start of an environment; it is
looked for anew each time somebody asks. What an earlier engine left in a kind that this one has not opened is swept in the background.
"""

from __future__ import annotations

import asyncio
import logging
import os
from typing import TYPE_CHECKING

from jupyter_lambda.errors import JupyterLambdaError, SandboxError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from jupyter_lambda.model.environment import Enforcement
    from jupyter_lambda.model.host import ImageBuildView
    from jupyter_lambda.sandbox.protocol import Channels, EnvironmentSpec, ExecutionEnvironment, ImageSpec, MemoryLender, Sandbox

log = logging.getLogger(__name__)


class RoutedSandbox:
    """Routes each environment to the sandbox that its function chose.

    Args:
        own: The engine's own sandbox, open.
        others: How to open the other kinds; each raises a `SandboxError` where there is none.
        traces: A folder that remembers which kinds this home's engines have used since they last ended in order.
    """

    def __init__(self, own: Sandbox, others: Mapping[str, Callable[[], Awaitable[Sandbox]]], traces: Path) -> None:
        self.kind = own.kind
        self.starts_at_a_time = own.starts_at_a_time
        self._open: dict[str, Sandbox] = {own.kind: own}
        self._others = others
        self._opening: dict[str, asyncio.Task[Sandbox]] = {}
        self._traces = traces
        self._lender: MemoryLender | None = None
        self._sweeping: set[asyncio.Task[None]] = set()
        self._is_closed = False

    def of(self, kind: str) -> Sandbox | None:
        """The maker of a kind; None as long as nobody needed it."""
        return self._open.get(kind)

    async def require(self, kind: str) -> Sandbox:
        """The maker of a kind, opened and swept now if it is not open yet (SandboxError)."""
        if (found := self._open.get(kind)) is not None:
            return found
        if self._is_closed:
            raise SandboxError(f"sandbox {kind}", "the engine is stopping", "Start the engine again.")
        if kind not in self._others:
            raise SandboxError(f"sandbox {kind}", "this engine knows no such sandbox", f"It has {', '.join(sorted(self._open))}.")
        if kind not in self._opening:
            task = self._opening[kind] = asyncio.create_task(self._open_now(kind), name=f"opening of sandbox {kind}")
            task.add_done_callback(lambda _: self._opening.pop(kind, None))
        return await asyncio.shield(self._opening[kind])

    async def start(self, spec: EnvironmentSpec, channels: Channels) -> ExecutionEnvironment:
        """Make an environment in the sandbox of the spec's choice; the descriptors in `channels` are closed, whatever happens.

        Raises:
            SandboxError: It could not be made, or there is no such sandbox here.
            InvalidRuntime: The interpreter is gone, or is another minor version now.
        """
        sandbox = self._open.get(spec.sandbox or self.kind)
        if sandbox is None:
            try:
                sandbox = await self.require(spec.sandbox or self.kind)
            except BaseException:
                for descriptor in channels.all:
                    os.close(descriptor)
                raise
        return await sandbox.start(spec, channels)

    async def prepare(self, spec: EnvironmentSpec) -> None:
        """Make a later start fast (SandboxError where there is no such sandbox)."""
        await (await self.require(spec.sandbox or self.kind)).prepare(spec)

    async def ensure_image(self, spec: ImageSpec, tell: Callable[[str], None]) -> str:
        """Have an image at hand, in the sandbox of the spec's choice (SandboxError, RequestError)."""
        return await (await self.require(spec.sandbox or self.kind)).ensure_image(spec, tell)

    def image_builds(self) -> tuple[ImageBuildView, ...]:
        """What is being built now, by any kind."""
        return tuple(build for sandbox in self._open.values() for build in sandbox.image_builds())

    def borrow_from(self, lender: MemoryLender) -> None:
        """Let every kind borrow there, also one that is opened later."""
        self._lender = lender
        for sandbox in self._open.values():
            sandbox.borrow_from(lender)

    def enforcement(self) -> tuple[Enforcement, ...]:
        """What the engine's own sandbox holds."""
        return self._open[self.kind].enforcement()

    async def sweep(self) -> int:
        """End what an earlier engine left in our own sandbox; what it left in another one, in the background."""
        for kind in self._others:
            if kind not in self._open and await asyncio.to_thread(self._trace(kind).exists):
                task = asyncio.create_task(self._sweep_other(kind), name=f"sweep of sandbox {kind}")
                self._sweeping.add(task)
                task.add_done_callback(self._sweeping.discard)
        await asyncio.to_thread(self._leave_trace, self.kind)
        return await self._open[self.kind].sweep()

    async def aclose(self) -> None:
        """End all environments of every kind. Safe to call twice."""
        self._is_closed = True
        tasks = [*self._sweeping, *self._opening.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for kind, sandbox in self._open.items():
            await sandbox.aclose()
            await asyncio.to_thread(self._trace(kind).unlink, missing_ok=True)

    # -- opening ------------------------------------------------------------------------------------------------------------
    async def _open_now(self, kind: str) -> Sandbox:
        sandbox = await self._others[kind]()
        try:
            await asyncio.to_thread(self._leave_trace, kind)
            await sandbox.sweep()
        except BaseException:
            await sandbox.aclose()
            raise
        if self._lender is not None:
            sandbox.borrow_from(self._lender)
        self._open[kind] = sandbox
        log.info("the %s sandbox is open too", kind)
        return sandbox

    async def _sweep_other(self, kind: str) -> None:
        try:
            await self.require(kind)
        except JupyterLambdaError as error:
            log.info("what an earlier engine may have left in the %s sandbox was not looked for: %s", kind, error)

    def _trace(self, kind: str) -> Path:
        return self._traces / f"{kind}.used"

    def _leave_trace(self, kind: str) -> None:
        self._traces.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._trace(kind).touch(mode=0o600)
