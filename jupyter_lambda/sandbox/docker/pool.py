"""Containers that wait, booted and with a function's imports done, for the first environment that fits them.

What fits is decided by the shelf's key: all that a container can't change later, and the modules it has imported (they count as the
function's memory, so nobody gets another function's). The package, variables, handler, memory and CPU come with the environment.

    asked for ─▶ one on the shelf: specialised in a millisecond        each shelf is kept at what the forecast wants
              ─▶ one is being booted for it: waited for                (scheduling/prebooting.py), one boot at a time for all shelves
              ─▶ none: booted while the caller waits

What waits is on the books of a lender (the engine's ledger of memory): it bounds how many more may be booted, and has a container back
when a function needs its memory. A boot in the background that fails is logged, and tried again when the shelf is asked for the next
time. A container that ended while it waited is thrown away when it is seen.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, Final

import msgspec

from jupyter_lambda.errors import JupyterLambdaError
from jupyter_lambda.sandbox.docker.container import Container, Order
from jupyter_lambda.sandbox.process.groups import MIB
from jupyter_lambda.scheduling.prebooting import HORIZON_SECONDS, wanted_ready

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from jupyter_lambda.clock import Clock
    from jupyter_lambda.sandbox.protocol import MemoryLender

log = logging.getLogger(__name__)
_LOOK_SECONDS: Final = 5.0  # between two looks whether a shelf holds too many
_ASKED_MAX: Final = 256
_EXPECTED_SECONDS: Final = 30.0
_FIRST_GUESS_MIB: Final = 64  # what a waiting container holds, until one of the shelf has been looked at
SHIM_MIB: Final = 4  # what the daemon's own process for a container holds: 3 MB of its own and a part of what all share


class ShelfKey(msgspec.Struct, frozen=True):
    """What makes two environments able to use each other's container."""

    order: Order
    modules: tuple[str, ...]


class _Shelf:
    def __init__(self) -> None:
        self.ready: deque[Container] = deque()
        self.asked: deque[float] = deque(maxlen=_ASKED_MAX)
        self.boot_seconds = 1.0
        self.each_mib = _FIRST_GUESS_MIB
        self.failed = False


class Pool:
    """All shelves.

    Args:
        clock: Time.
        boot: Boots a container for a key; raises a `JupyterLambdaError`.
    """

    def __init__(self, clock: Clock, boot: Callable[[ShelfKey], Awaitable[Container]]) -> None:
        self._clock = clock
        self._boot = boot
        self._lender: MemoryLender | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._shelves: dict[ShelfKey, _Shelf] = {}
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._boot_of: dict[ShelfKey, asyncio.Task[Container]] = {}  # boots ahead that nobody has claimed
        self._waited_for = 0  # boots that somebody waits for: nothing is booted ahead beside them
        self._is_closed = False

    def borrow_from(self, lender: MemoryLender) -> None:
        """Let containers wait from now on, on this lender's books."""
        self._lender = lender

    @property
    def waiting(self) -> int:
        """How many containers wait."""
        return sum(len(shelf.ready) for shelf in self._shelves.values())

    async def get(self, key: ShelfKey, boot_now: Callable[[], Awaitable[Container]]) -> Container:
        """A booted container that fits, or else a new one; either way the shelf is filled again for the next one.

        Raises:
            SandboxError, InvalidRuntime: What `boot_now` raises.
        """
        shelf = self._note(key) if self._lends else None
        while shelf is not None and shelf.ready:
            container = shelf.ready.popleft()
            if not container.is_gone:
                self._returned(container)
                return container
            await self._end(container)
        self._waited_for += 1
        try:
            return await self._claim_boot(key) or await boot_now()
        finally:
            self._waited_for -= 1
            self._changed.set()

    async def _claim_boot(self, key: ShelfKey) -> Container | None:
        """Wait for the container that is being booted ahead for this shelf, if nobody has claimed it; None if there is none."""
        boot = self._boot_of.get(key)
        if boot is None:
            return None
        del self._boot_of[key]
        try:
            return await asyncio.shield(boot)
        except JupyterLambdaError:
            return None  # logged where it was begun; the caller tries for itself
        except asyncio.CancelledError:
            self._boot_of[key] = boot  # whoever claimed it has gone: it is for the shelf again
            raise

    def expect(self, key: ShelfKey) -> None:
        """Somebody may ask soon: have one ready. Expected often is not asked for often: it stays one."""
        shelf = self._shelves.get(key)
        just_now = shelf is not None and self._clock.monotonic() - shelf.asked[-1] <= _EXPECTED_SECONDS
        if self._lends and not just_now:
            self._note(key)

    @property
    def _lends(self) -> bool:
        return self._lender is not None and not self._is_closed

    async def aclose(self) -> None:
        """End all that waits. Safe to call twice."""
        self._is_closed = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        waiting = [container for shelf in self._shelves.values() for container in shelf.ready]
        self._shelves.clear()
        await asyncio.gather(*self._closing, *(self._end(container) for container in waiting))

    # -- keeping shelves ----------------------------------------------------------------------------------------------------

    def _note(self, key: ShelfKey) -> _Shelf:
        shelf = self._shelves.setdefault(key, _Shelf())
        shelf.asked.append(self._clock.monotonic())
        shelf.failed = False
        self._changed.set()
        if self._task is None:
            self._task = asyncio.create_task(self._keep(), name="container pool")
        return shelf

    async def _keep(self) -> None:
        """Fill and empty shelves until there is none, then wait until somebody asks."""
        while True:
            self._changed.clear()
            await self._throw_away()
            key = self._most_wanted()
            if key is not None:
                await self._fill(key)
            elif self._shelves:
                await self._until_changed()
            else:
                await self._changed.wait()

    async def _until_changed(self) -> None:
        look = asyncio.ensure_future(self._clock.sleep(_LOOK_SECONDS))
        change = asyncio.ensure_future(self._changed.wait())
        try:
            await asyncio.wait({look, change}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            look.cancel()
            change.cancel()

    def _most_wanted(self) -> ShelfKey | None:
        """The shelf that lacks most, of those that may have more; None while somebody waits for a boot."""
        if self._waited_for or self._lender is None:
            return None
        room = self._lender.room_ahead_mib()
        lacks = {key: self._wanted(shelf, room) - len(shelf.ready) for key, shelf in self._shelves.items() if not shelf.failed}
        key = max(lacks, key=lambda each: lacks[each], default=None)
        return key if key is not None and lacks[key] > 0 else None

    def _wanted(self, shelf: _Shelf, room_mib: int | None = None) -> int:
        """How many should wait on this shelf; with what all shelves may hold, no more than fit beside the others."""
        ceiling = _ASKED_MAX
        if room_mib is not None:
            others = sum(len(other.ready) * other.each_mib for other in self._shelves.values() if other is not shelf)
            ceiling = max(0, (room_mib - others) // shelf.each_mib)
        return wanted_ready(shelf.asked, self._clock.monotonic(), shelf.boot_seconds, ceiling)

    async def _fill(self, key: ShelfKey) -> None:
        shelf = self._shelves[key]
        began = self._clock.monotonic()
        boot = self._boot_of[key] = asyncio.create_task(self._boot_task(key))
        try:
            container = await asyncio.shield(boot)
        except JupyterLambdaError as error:
            shelf.failed = True
            log.warning("no container could be booted ahead: %s", error)
            self._boot_of.pop(key, None)
            return
        except asyncio.CancelledError:  # the pool is being closed
            boot.cancel()
            await asyncio.gather(boot, return_exceptions=True)
            raise
        is_claimed = self._boot_of.pop(key, None) is None
        shelf.boot_seconds = self._clock.monotonic() - began
        held = container.group.memory()
        shelf.each_mib = SHIM_MIB + max(1, -(-(held.anonymous + held.shared) // MIB))
        if not is_claimed:
            await self._put(key, shelf, container)

    async def _put(self, key: ShelfKey, shelf: _Shelf, container: Container) -> None:
        """Let it wait if its memory can be had, and if its shelf is still there."""
        lender = self._lender
        if lender is not None and self._shelves.get(key) is shelf:
            shelf.ready.append(container)
            if lender.borrow(container.container_id, shelf.each_mib, lambda: self._give_back(shelf, container)):
                return
            shelf.ready.remove(container)
        shelf.failed = True  # until the next one asks: else it would be booted again and again
        await container.aclose()

    def _give_back(self, shelf: _Shelf, container: Container) -> None:
        """A function needs the memory."""
        if container in shelf.ready:
            shelf.ready.remove(container)
            task = asyncio.create_task(self._end(container))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def _end(self, container: Container) -> None:
        """End one that waited, and give its memory back once it is gone."""
        try:
            await container.aclose()
        finally:
            self._returned(container)

    def _returned(self, container: Container) -> None:
        if self._lender is not None:
            self._lender.returned(container.container_id)

    async def _boot_task(self, key: ShelfKey) -> Container:
        return await self._boot(key)

    async def _throw_away(self) -> None:
        now = self._clock.monotonic()
        for key, shelf in list(self._shelves.items()):
            surplus = [container for container in shelf.ready if container.is_gone]
            shelf.ready = deque(container for container in shelf.ready if not container.is_gone)
            while len(shelf.ready) > self._wanted(shelf):
                surplus.append(shelf.ready.popleft())
            if not shelf.ready and (not shelf.asked or now - shelf.asked[-1] > HORIZON_SECONDS):
                del self._shelves[key]
            for container in surplus:
                await self._end(container)
