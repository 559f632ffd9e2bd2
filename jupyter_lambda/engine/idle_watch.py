"""Looks after idle environments: freezes them soon, ends them late, and rests while there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_lambda.scheduling import placement

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from jupyter_lambda.clock import Clock
    from jupyter_lambda.engine.environments import LiveEnvironment
    from jupyter_lambda.engine.lanes import Lane, Lanes
    from jupyter_lambda.engine.settings import EngineSettings
    from jupyter_lambda.scheduling.placement import Decision

_SHORTEST_SECONDS = 0.01  # between two looks


class IdleWatch:
    """One timer, set to the earliest thing to do."""

    def __init__(
        self,
        lanes: Lanes,
        settings: EngineSettings,
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
        *,
        apply: Callable[[Lane, Decision], None],
        freeze: Callable[[LiveEnvironment], None],
    ) -> None:
        self._lanes = lanes
        self._settings = settings
        self._clock = clock
        self._loop = loop
        self._apply = apply
        self._freeze = freeze
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    def became_idle(self, since: float) -> None:
        """An environment became idle at that clock reading."""
        self._look_at(since + self._settings.freeze_after_seconds, since)

    def close(self) -> None:
        """Look no more. Safe to call twice."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        now = self._clock.monotonic()
        for lane in self._lanes:
            self._apply(lane, placement.on_expiry(lane.pool, now, self._settings.environment_idle_seconds))
        due = [when for lane in self._lanes for when in self._next_looks(lane, now)]
        if due:
            self._look_at(max(min(due), now + _SHORTEST_SECONDS), now)

    def _next_looks(self, lane: Lane, now: float) -> list[float]:
        """Freeze what is due in this lane; returns when each of its idle environments wants to be looked at again."""
        due = []
        for idle in lane.pool.idle:
            environment = lane.environments[idle.environment_id]
            freezes = idle.since + self._settings.freeze_after_seconds
            if not environment.freeze_tried and freezes > now:
                due.append(freezes)
                continue
            if not environment.freeze_tried:
                environment.freeze_tried = True
                self._freeze(environment)
            due.append(idle.since + self._settings.environment_idle_seconds)
        return due

    def _look_at(self, when: float, now: float) -> None:
        if self._timer is not None:
            if self._due <= when:
                return
            self._timer.cancel()
        self._due = when
        self._timer = self._loop.call_later(max(0.0, when - now), self._look)
