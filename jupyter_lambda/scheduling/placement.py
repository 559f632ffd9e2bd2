"""Which execution environment takes an invocation: one `Pool` per version and revision.

Theory of operation. An environment is in exactly one of four sets: *starting* (process, walls, init), *idle*, *busy* with one
invocation, or *finishing*: it answered, and asks for the next invocation in a moment. An invocation is *waiting* or has an
environment. Each waiting invocation needs one environment that is starting or finishing; whichever becomes free first takes the
oldest one, so a start that turns out not to be needed leaves a warm environment behind, as on Lambda.

    event        waiting invocations?   decision
    arrive       –                      an idle environment: RunOn. None: wait, and Start unless enough come free by themselves
    answered     –                      finishing: whoever calls again at once gets this environment, not a new one
    turn         fewer than are coming  where starts stand in line: Drop it. Served sooner by busy ones than by a boot: Hold. Else Begin
    overdue      more than starting     the finishing ones take their time: Start for those who count on them
    free         yes                    RunOn for the oldest
    free         no                     idle (Retire when the pool is closed)
    gone         more than starting     Start another one
    abandon      –                      forget the waiting invocation
    expire       –                      Retire what is idle longer than the limit; the last to go idle is kept longest
    close        –                      Retire all idle; busy and starting ones go when they become free
    provision    –                      Start what is missing of the wanted number; so many are never retired for idling

The environment that went idle last is used first, so that a quiet pool shrinks.

Where a start takes long (a container without one that waits), a sandbox takes only a few at a time, and the others stand in line. A
burst of a hundred short invocations then costs the few boots that were begun, not a hundred: each start is asked again when it is its
turn, and by then those that came up first have served most of the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

FIRST_LOOK_SHARE: Final = 0.1  # of a start's duration
HOLDS_MAX: Final = 2


class Idle(msgspec.Struct, frozen=True):
    """An environment that waits, and since when (clock reading)."""

    environment_id: str
    since: float


class Pool(msgspec.Struct, frozen=True):
    """The environments and the waiting invocations of one version and revision."""

    idle: tuple[Idle, ...] = ()  # in the order in which they became idle
    busy: dict[str, str] = {}  # environment → invocation; replaced, never changed
    finishing: tuple[str, ...] = ()
    starting: int = 0
    waiting: tuple[str, ...] = ()  # invocation ids, oldest first
    provisioned: int = 0  # environments that are kept ready, whoever calls
    closed: bool = False  # the revision was replaced: nothing new arrives, nothing is kept

    @property
    def environments(self) -> int:
        """How many there are, those being started included."""
        return len(self.idle) + len(self.busy) + len(self.finishing) + self.starting

    @property
    def ready(self) -> int:
        """How many can take an invocation or have one."""
        return len(self.idle) + len(self.busy) + len(self.finishing)

    @property
    def spare(self) -> int:
        """How many idle ones may go without falling below what is provisioned."""
        return min(len(self.idle), max(0, self.environments - self.provisioned))

    @property
    def is_empty(self) -> bool:
        """Nothing lives here and nobody waits."""
        return not (self.idle or self.busy or self.finishing or self.starting or self.waiting)


class RunOn(msgspec.Struct, frozen=True):
    """Hand the invocation to the environment."""

    environment_id: str
    invocation_id: str


class Start(msgspec.Struct, frozen=True):
    """Start one more environment."""


class Retire(msgspec.Struct, frozen=True):
    """Shut the environment down."""

    environment_id: str
    reason: str


class Pace(msgspec.Struct, frozen=True):
    """How long things take in a pool, lately, in seconds; 0 where nothing is known."""

    start_seconds: float = 0.0  # from the beginning of a start until it is ready
    run_seconds: float = 0.0  # an invocation


class Begin(msgspec.Struct, frozen=True):
    """The start is needed: begin it."""


class Hold(msgspec.Struct, frozen=True):
    """Ask again after so many seconds: those that work may be through by then."""

    seconds: float


class Drop(msgspec.Struct, frozen=True):
    """Nobody needs the start any more."""


Effect = RunOn | Start | Retire
Decision = tuple[Pool, Sequence[Effect]]


def needs_start(pool: Pool) -> bool:
    """Whether one more invocation would make a new environment start."""
    return not pool.idle and pool.starting + len(pool.finishing) <= len(pool.waiting)


def on_arrival(pool: Pool, invocation_id: str) -> Decision:
    """Place an invocation that was admitted."""
    if pool.idle:
        chosen = pool.idle[-1].environment_id
        busy = {**pool.busy, chosen: invocation_id}
        return replace(pool, idle=pool.idle[:-1], busy=busy), (RunOn(chosen, invocation_id),)
    waiting = (*pool.waiting, invocation_id)
    if not needs_start(pool):
        return replace(pool, waiting=waiting), ()
    return replace(pool, waiting=waiting, starting=pool.starting + 1), (Start(),)


def on_turn(pool: Pool, in_line: int, pace: Pace, *, held: int) -> tuple[Pool, Begin | Hold | Drop]:
    """Decide about a start whose turn it is.

    Args:
        pool: Its `starting` counts all starts, those in line and this one included.
        in_line: Starts that have not begun, this one included.
        pace: How long things take.
        held: How often this one was held before: for a moment, to learn the pace, and once for a start's duration; then it begins,
            whatever the pace was said to be.
    """
    coming = pool.starting - in_line
    if coming + pool.ready < pool.provisioned:
        return pool, Begin()
    missing = len(pool.waiting) - coming - len(pool.finishing)
    if missing <= 0:
        return replace(pool, starting=max(0, pool.starting - 1)), Drop()
    working = len(pool.busy) + len(pool.finishing)
    if not working or pace.start_seconds <= 0:
        return pool, Begin()
    if pace.run_seconds <= 0:  # the first ones have just begun: in a moment it is known whether they are short
        return pool, Begin() if held else Hold(pace.start_seconds * FIRST_LOOK_SHARE)
    served_meanwhile = working * pace.start_seconds / pace.run_seconds
    return pool, Hold(pace.start_seconds) if missing <= served_meanwhile and held < HOLDS_MAX else Begin()


def on_started(pool: Pool, environment_id: str, now: float) -> Decision:
    """An environment finished its init and is free for the first time."""
    return _free(replace(pool, starting=max(0, pool.starting - 1)), environment_id, now)


def on_finished(pool: Pool, environment_id: str, now: float) -> Decision:
    """An environment that answered asked for its next invocation."""
    return _free(_without(pool, environment_id), environment_id, now)


def on_answered(pool: Pool, environment_id: str) -> Decision:
    """A busy environment answered; it has not asked for its next invocation yet."""
    busy = {k: v for k, v in pool.busy.items() if k != environment_id}
    return replace(pool, busy=busy, finishing=(*pool.finishing, environment_id)), ()


def on_overdue(pool: Pool) -> Decision:
    """Who waits for a finishing environment has waited long enough."""
    return _start_for_waiting(pool, pool.starting)


def on_resetting(pool: Pool, environment_id: str) -> Decision:
    """An environment lost its process and initialises again: it counts as starting."""
    left = _without(pool, environment_id)
    return replace(left, starting=left.starting + 1), ()


def on_gone(pool: Pool, environment_id: str | None) -> Decision:
    """An environment ended; None for one that never got further than starting."""
    if environment_id is None:  # one that can't be started is not tried again and again for nobody
        left = replace(pool, starting=max(0, pool.starting - 1))
        return _start_for_waiting(left, left.starting + len(left.finishing))
    left = _without(pool, environment_id)
    left, effects = _start_for_waiting(left, left.starting + len(left.finishing))
    left, more = on_provision(left, left.provisioned)
    return left, (*effects, *more)


def on_abandoned(pool: Pool, invocation_id: str) -> Decision:
    """A waiting invocation was cancelled, or waited too long."""
    return replace(pool, waiting=tuple(w for w in pool.waiting if w != invocation_id)), ()


def on_expiry(pool: Pool, now: float, idle_seconds: float) -> Decision:
    """Retire what has been idle for too long."""
    expired = sum(1 for e in pool.idle if now - e.since >= idle_seconds)
    count = min(expired, pool.spare)
    if not count:
        return pool, ()
    gone, kept = pool.idle[:count], pool.idle[count:]  # ordered by `since`: the expired ones stand first
    return replace(pool, idle=kept), tuple(Retire(e.environment_id, f"idle for {idle_seconds:g} s") for e in gone)


def on_reclaim(pool: Pool, environment_id: str, reason: str) -> Decision:
    """Give an idle environment's room to somebody else."""
    kept = tuple(e for e in pool.idle if e.environment_id != environment_id)
    if len(kept) == len(pool.idle):
        return pool, ()
    return replace(pool, idle=kept), (Retire(environment_id, reason),)


def on_provision(pool: Pool, wanted: int) -> Decision:
    """Keep so many environments ready from now on."""
    if pool.closed:
        return pool, ()
    missing = max(0, wanted - pool.environments)
    return replace(pool, provisioned=wanted, starting=pool.starting + missing), (Start(),) * missing


def on_closed(pool: Pool, reason: str) -> Decision:
    """The revision was replaced or deleted."""
    effects = tuple(Retire(e.environment_id, reason) for e in pool.idle)
    return replace(pool, idle=(), provisioned=0, closed=True), effects


def _free(pool: Pool, environment_id: str, now: float) -> Decision:
    if pool.waiting:
        oldest = pool.waiting[0]
        busy = {**pool.busy, environment_id: oldest}
        return replace(pool, waiting=pool.waiting[1:], busy=busy), (RunOn(environment_id, oldest),)
    if pool.closed:
        return pool, (Retire(environment_id, "replaced by a newer revision"),)
    return replace(pool, idle=(*pool.idle, Idle(environment_id, now))), ()


def _start_for_waiting(pool: Pool, coming: int) -> Decision:
    missing = len(pool.waiting) - coming
    if missing <= 0:
        return pool, ()
    return replace(pool, starting=pool.starting + missing), (Start(),) * missing


def _without(pool: Pool, environment_id: str) -> Pool:
    return replace(
        pool,
        idle=tuple(e for e in pool.idle if e.environment_id != environment_id),
        busy={k: v for k, v in pool.busy.items() if k != environment_id},
        finishing=tuple(e for e in pool.finishing if e != environment_id),
    )
