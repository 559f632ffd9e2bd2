"""Whether the machine has memory for one more environment at work.

The budget is what the machine can give to environments. A busy or starting environment is charged its limit, an idle one what it
really holds, and so is what waits ahead of need (a booted sandbox that is nobody's yet). A charge that doesn't fit reclaims: first what
is nobody's, which costs the next cold start some milliseconds, then idle environments with their state, each the longest waiting first;
if that isn't enough, it waits. A function larger than the whole budget runs alone, held at the budget.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Holding:
    """An idle environment, or a sandbox that waits for one, that could be reclaimed."""

    environment_id: str
    held_mib: int
    since: float
    is_ahead: bool = False  # it waits ahead of need and is nobody's yet


@dataclass(frozen=True, slots=True)
class Fit:
    """Charge it now, after reclaiming these."""

    reclaim: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wait:
    """It doesn't fit until something ends."""

    missing_mib: int


def limit_within(budget_mib: int, memory_mib: int) -> int:
    """What a function of this size is really held at."""
    return min(memory_mib, budget_mib)


def room_ahead(budget_mib: int, used_mib: int, ahead_mib: int) -> int:
    """How much may wait ahead of need, all of it together: half of what functions leave.

    The other half stays free, so that a function that starts need not wait for a reclaim. What waits already is not thrown away when
    functions take more: it goes when its memory is asked for, or when nobody is expected any more.

    Args:
        budget_mib: The whole budget.
        used_mib: Charged now, what waits ahead included.
        ahead_mib: What waits ahead.
    """
    return max(0, budget_mib - (used_mib - ahead_mib)) // 2


def fit(budget_mib: int, used_mib: int, need_mib: int, idle: Iterable[Holding]) -> Fit | Wait:
    """Decide whether `need_mib` more can be charged on top of `used_mib`.

    Args:
        budget_mib: The whole budget.
        used_mib: Charged now, idle environments' holdings included.
        need_mib: What is asked for.
        idle: Environments that may be reclaimed, without the one that asks.
    """
    missing = used_mib + min(need_mib, budget_mib) - budget_mib
    if missing <= 0:
        return Fit()
    reclaim: list[str] = []
    for holding in sorted(idle, key=lambda h: (not h.is_ahead, h.since)):
        reclaim.append(holding.environment_id)
        missing -= holding.held_mib
        if missing <= 0:
            return Fit(tuple(reclaim))
    return Wait(missing)
