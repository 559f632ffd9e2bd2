"""Who is charged how much memory, who waits for some, and what waits ahead of need on what is left.

A charge that fits is made at once. One that doesn't reclaims idle environments (see `scheduling.budget`) and waits for them to be
gone; if that isn't enough it waits, first come first served, until something is given back or its patience ends.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

from jupyter_lambda.errors import Throttled
from jupyter_lambda.scheduling.budget import Fit, Holding, fit, limit_within, room_ahead

Idle = Callable[[], Iterable[Holding]]
Reclaim = Callable[[str], None]


class _Loan(NamedTuple):
    """What something that waits ahead of need holds, since when, and how to have it back."""

    mib: int
    since: float
    give_back: Callable[[], None]


class MemoryLedger:
    """The budget's book-keeping, in MiB."""

    def __init__(self, budget_mib: int, wait_seconds: float, idle: Idle, reclaim: Reclaim) -> None:
        self.budget_mib = budget_mib
        self._wait_seconds = wait_seconds
        self._idle = idle
        self._reclaim = reclaim
        self._charges: dict[str, int] = {}
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._ahead: dict[str, _Loan] = {}
        self.used_mib = 0

    def limit(self, memory_mib: int) -> int:
        """What a function of this size is held at."""
        return limit_within(self.budget_mib, memory_mib)

    def charge_now(self, holder: str, mib: int) -> bool:
        """Charge `holder` with `mib` in all if that fits without anybody giving way; say whether it did."""
        more = mib - self._charges.get(holder, 0)
        if more > 0 and (self._waiting or self.used_mib + more > self.budget_mib):
            return False
        self._set(holder, mib)
        return True

    async def charge(self, holder: str, mib: int, what: str) -> None:
        """Charge `holder` with `mib` in all, waiting for room.

        Raises:
            Throttled: No room within the wait (429, ConcurrentInvocationLimitExceeded); names the budget.
        """
        deadline = asyncio.get_running_loop().time() + self._wait_seconds
        while not self._try(holder, mib):
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            left = deadline - asyncio.get_running_loop().time()
            try:
                await asyncio.wait_for(waiter, max(0.0, left))
            except TimeoutError:
                raise self._no_room(mib, what) from None
            finally:
                if waiter in self._waiting:
                    self._waiting.remove(waiter)

    def settle(self, holder: str, mib: int) -> None:
        """Charge `holder` with what it really holds now: it became idle."""
        self._set(holder, mib)

    def release(self, holder: str) -> None:
        """`holder` is gone."""
        self._set(holder, 0)
        self._charges.pop(holder, None)

    # -- what waits ahead of need -------------------------------------------------------------------------------------------
    @property
    def ahead_mib(self) -> int:
        """What waits ahead of need holds."""
        return sum(loan.mib for loan in self._ahead.values())

    def room_ahead_mib(self) -> int:
        """What may wait ahead of need now, all of it together; nothing while somebody waits for memory."""
        return 0 if self._waiting else room_ahead(self.budget_mib, self.used_mib, self.ahead_mib)

    def borrow(self, holder: str, mib: int, give_back: Callable[[], None]) -> bool:
        """Charge something that waits; False where that does not fit. `give_back` is called once, when its memory is needed."""
        if not self.charge_now(holder, mib):
            return False
        self._ahead[holder] = _Loan(mib, asyncio.get_running_loop().time(), give_back)
        return True

    def returned(self, holder: str) -> None:
        """It is gone, or somebody's now, who is charged for it."""
        self._ahead.pop(holder, None)
        self.release(holder)

    def _reclaimable(self, holder: str) -> list[Holding]:
        ahead = [Holding(name, loan.mib, loan.since, is_ahead=True) for name, loan in self._ahead.items()]
        return [*ahead, *(h for h in self._idle() if h.environment_id != holder)]

    def _take_back(self, holder: str) -> None:
        loan = self._ahead.pop(holder, None)  # still charged until it is gone
        if loan is not None:
            loan.give_back()
        else:
            self._reclaim(holder)

    def _try(self, holder: str, mib: int) -> bool:
        more = mib - self._charges.get(holder, 0)
        decision = fit(self.budget_mib, self.used_mib, more, self._reclaimable(holder))
        if not isinstance(decision, Fit):
            return False
        for environment_id in decision.reclaim:
            self._take_back(environment_id)
        if decision.reclaim:
            return False  # they give back when they are gone; then this is tried again
        self._set(holder, mib)
        return True

    def _set(self, holder: str, mib: int) -> None:
        before = self._charges.get(holder, 0)
        self._charges[holder] = mib
        self.used_mib += mib - before
        if mib < before:
            self._wake()

    def _wake(self) -> None:
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)

    def _no_room(self, mib: int, what: str) -> Throttled:
        return Throttled(
            what,
            f"no memory is free for another environment of {mib:,} MB: {self.used_mib:,} MB of the budget of "
            f"{self.budget_mib:,} MB are in use, and none came free within {self._wait_seconds:g} s",
            "Lower --memory, call fewer at once, or start the engine with --set budget_mib=N.",
            members={"Reason": "ConcurrentInvocationLimitExceeded", "Type": "User"},
        )
