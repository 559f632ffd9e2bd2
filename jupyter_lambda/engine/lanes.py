"""The live environments: one lane per version and revision, with the pool that placement decides on."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

import msgspec

from jupyter_lambda.scheduling.budget import Holding
from jupyter_lambda.scheduling.placement import Pace, Pool, needs_start

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator

    from jupyter_lambda.engine.environments import LiveEnvironment
    from jupyter_lambda.model.environment import EnvironmentLife, EnvironmentView
    from jupyter_lambda.model.function import Version

ENDED_KEPT: Final = 200
_SLOW_START_FADES: Final = 0.9
ENDED_SECONDS: Final = 600.0


class Lane:
    """One version and revision: its pool and its environments."""

    __slots__ = ("environments", "in_line", "key", "pace", "places", "pool", "version")

    def __init__(self, key: tuple[str, str, str], version: Version) -> None:
        self.key = key
        self.version = version
        self.pool = Pool()
        self.environments: dict[str, LiveEnvironment] = {}
        self.pace = Pace()
        self.in_line = 0  # starts that were decided on and have not begun
        self.places: asyncio.Semaphore | None = None  # for starts under way, where a sandbox bounds them

    def ran(self, seconds: float) -> None:
        """An invocation took so long; what is remembered follows by a quarter."""
        before = self.pace.run_seconds
        self.pace = Pace(self.pace.start_seconds, seconds if before == 0 else before + (seconds - before) / 4)

    def started(self, seconds: float) -> None:
        """A start took so long until it was ready; quick ones (something waited) let the memory of slow ones fade slowly."""
        self.pace = Pace(max(seconds, self.pace.start_seconds * _SLOW_START_FADES), self.pace.run_seconds)


class Lanes:
    """All lanes, and those environments that ended not long ago."""

    def __init__(self) -> None:
        self._lanes: dict[tuple[str, str, str], Lane] = {}
        self._by_environment: dict[str, Lane] = {}
        self._ended: deque[EnvironmentLife] = deque(maxlen=ENDED_KEPT)

    def __iter__(self) -> Iterator[Lane]:
        """Every lane; safe while lanes come and go."""
        return iter(list(self._lanes.values()))

    @property
    def environments(self) -> int:
        """How many environments live, those being removed included."""
        return len(self._by_environment)

    def of(self, version: Version) -> Lane:
        """The lane of a version and revision, made at first use."""
        key = _key(version)
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = Lane(key, version)
        return lane

    def needs_start(self, version: Version) -> bool:
        """Whether one more invocation of a version would make a new environment start."""
        lane = self._lanes.get(_key(version))
        return lane is None or needs_start(lane.pool)

    def __contains__(self, version: Version) -> bool:
        """Whether a version and revision has a lane."""
        return _key(version) in self._lanes

    def holding(self, environment_id: str) -> Lane | None:
        """The lane that an environment belongs to."""
        return self._by_environment.get(environment_id)

    def live(self) -> list[LiveEnvironment]:
        """Every environment that is not being removed."""
        return [e for lane in self._lanes.values() for e in lane.environments.values()]

    def idle(self) -> Iterator[Holding]:
        """What could be reclaimed."""
        for lane in self._lanes.values():
            for idle in lane.pool.idle[: lane.pool.spare]:
                yield Holding(idle.environment_id, max(1, lane.environments[idle.environment_id].held_mib), idle.since)

    def views(self, now: float) -> list[EnvironmentView]:
        """Live environments, then those that ended in the last ten minutes, the newest first; `now` in epoch seconds."""
        gone = (life.environment for life in reversed(self._ended))
        return [*(e.view() for e in self.live()), *(view for view in gone if (view.ended or 0.0) > now - ENDED_SECONDS)]

    def lives(self, name: str, after: float) -> list[EnvironmentLife]:
        """The environments of a function that live or ended later than `after` (epoch seconds), and what they did since."""
        living = [e.life(after) for e in self.live() if e.version.function_name == name]
        gone = [
            msgspec.structs.replace(life, spans=tuple(s for s in life.spans if s.until is None or s.until > after))
            for life in reversed(self._ended)
            if life.environment.function_name == name and (life.environment.ended or 0.0) > after
        ]
        return living + gone

    def add(self, lane: Lane, environment: LiveEnvironment) -> None:
        """An environment begins."""
        lane.environments[environment.environment_id] = environment
        self._by_environment[environment.environment_id] = lane

    def ended(self, environment: LiveEnvironment) -> bool:
        """An environment is gone; False for one that was never added."""
        if self._by_environment.pop(environment.environment_id, None) is None:
            return False
        self._ended.append(environment.life())
        return True

    def drop_if_done(self, lane: Lane) -> None:
        """Forget a closed lane that has nothing left."""
        if lane.pool.closed and lane.pool.is_empty:
            self._lanes.pop(lane.key, None)


def _key(version: Version) -> tuple[str, str, str]:
    return version.function_name, version.version, version.revision_id
