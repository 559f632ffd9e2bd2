"""Placement: each invocation gets exactly one environment, and a quiet pool shrinks (scheduling/placement.py)."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from jupyter_lambda.scheduling import placement
from jupyter_lambda.scheduling.placement import Idle, Pool, Retire, RunOn, Start


def test_an_idle_environment_takes_the_invocation() -> None:
    pool = Pool(idle=(Idle("e1", 1.0), Idle("e2", 2.0)))

    pool, effects = placement.on_arrival(pool, "i1")

    assert effects == (RunOn("e2", "i1"),)  # the last to go idle, so that e1 can expire
    assert pool == Pool(idle=(Idle("e1", 1.0),), busy={"e2": "i1"})


def test_starts_one_environment_for_each_waiting_invocation() -> None:
    pool, first = placement.on_arrival(Pool(), "i1")
    pool, second = placement.on_arrival(pool, "i2")

    assert (first, second) == ((Start(),), (Start(),))
    assert pool == Pool(starting=2, waiting=("i1", "i2"))


def test_whichever_becomes_free_first_takes_the_oldest() -> None:
    pool = Pool(busy={"e1": "i0"}, starting=1, waiting=("i1",))

    pool, effects = placement.on_finished(pool, "e1", 5.0)
    assert effects == (RunOn("e1", "i1"),)

    pool, effects = placement.on_started(pool, "e2", 6.0)
    assert effects == ()
    assert pool == Pool(idle=(Idle("e2", 6.0),), busy={"e1": "i1"})


def test_who_calls_again_at_once_gets_the_environment_that_just_answered() -> None:
    pool, _ = placement.on_answered(Pool(busy={"e1": "i1"}), "e1")
    pool, effects = placement.on_arrival(pool, "i2")
    assert effects == ()

    pool, effects = placement.on_finished(pool, "e1", 1.0)
    assert effects == (RunOn("e1", "i2"),)
    assert pool == Pool(busy={"e1": "i2"})


def test_does_not_start_more_than_wait() -> None:
    pool = Pool(starting=2, waiting=("i1",))

    pool, effects = placement.on_arrival(pool, "i2")

    assert effects == ()
    assert pool.starting == 2


def test_a_lost_start_is_replaced_while_somebody_waits() -> None:
    pool, effects = placement.on_gone(Pool(starting=1, waiting=("i1",)), None)

    assert effects == (Start(),)
    assert pool.starting == 1


def test_expires_the_longest_idle_only() -> None:
    pool = Pool(idle=(Idle("e1", 0.0), Idle("e2", 90.0)))

    pool, effects = placement.on_expiry(pool, 100.0, 60.0)

    assert effects == (Retire("e1", "idle for 60 s"),)
    assert pool.idle == (Idle("e2", 90.0),)


def test_a_closed_pool_keeps_nothing() -> None:
    pool, effects = placement.on_closed(Pool(idle=(Idle("e1", 0.0),), busy={"e2": "i1"}), "replaced")
    assert effects == (Retire("e1", "replaced"),)

    pool, effects = placement.on_finished(pool, "e2", 1.0)
    assert [type(e) for e in effects] == [Retire]
    assert pool.is_empty


@given(st.lists(st.sampled_from(["arrive", "finish", "start", "die"]), max_size=60))
def test_a_replayed_event_log_gives_the_same_state(events: list[str]) -> None:
    assert _replay(events) == _replay(events)


def _replay(events: list[str]) -> Pool:
    pool = Pool()
    for now, event in enumerate(events):
        number = now + 1
        if event == "arrive":
            pool, _ = placement.on_arrival(pool, f"i{number}")
        elif event == "finish" and pool.busy:
            pool, _ = placement.on_finished(pool, sorted(pool.busy)[0], now)
        elif event == "start" and pool.starting:
            pool, _ = placement.on_started(pool, f"e{number}", now)
        elif event == "die" and pool.busy:
            pool, _ = placement.on_gone(pool, sorted(pool.busy)[0])
    return pool


class Placement(RuleBasedStateMachine):
    """Any order of events: every invocation is placed once at most, none is forgotten, no environment runs two."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = Pool()
        self.now = 0.0
        self.count = 0
        self.placed: list[str] = []
        self.open: set[str] = set()  # arrived, not ended

    def apply(self, decision: placement.Decision) -> None:
        self.pool, effects = decision
        for effect in effects:
            if isinstance(effect, RunOn):
                self.placed.append(effect.invocation_id)
                assert self.pool.busy[effect.environment_id] == effect.invocation_id

    @rule()
    def arrive(self) -> None:
        self.count += 1
        self.open.add(f"i{self.count}")
        self.apply(placement.on_arrival(self.pool, f"i{self.count}"))

    @precondition(lambda self: self.pool.starting)
    @rule()
    def started(self) -> None:
        self.count += 1
        self.now += 1
        self.apply(placement.on_started(self.pool, f"e{self.count}", self.now))

    @precondition(lambda self: self.pool.busy)
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        environment = data.draw(st.sampled_from(sorted(self.pool.busy)))
        self.open.discard(self.pool.busy[environment])
        self.apply(placement.on_answered(self.pool, environment))

    @precondition(lambda self: self.pool.finishing and self.pool.waiting)
    @rule()
    def overdue(self) -> None:
        self.apply(placement.on_overdue(self.pool))
        assert self.pool.starting >= len(self.pool.waiting)

    @precondition(lambda self: self.pool.finishing)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        environment = data.draw(st.sampled_from(sorted(self.pool.finishing)))
        self.now += 1
        self.apply(placement.on_finished(self.pool, environment, self.now))

    @precondition(lambda self: self.pool.busy)
    @rule(data=st.data(), resets=st.booleans())
    def die(self, data: st.DataObject, resets: bool) -> None:
        environment = data.draw(st.sampled_from(sorted(self.pool.busy)))
        self.open.discard(self.pool.busy[environment])
        decide = placement.on_resetting if resets else placement.on_gone
        self.apply(decide(self.pool, environment))

    @precondition(lambda self: self.pool.starting)
    @rule()
    def start_fails(self) -> None:
        self.apply(placement.on_gone(self.pool, None))

    @precondition(lambda self: self.pool.waiting)
    @rule(data=st.data())
    def abandon(self, data: st.DataObject) -> None:
        gone = data.draw(st.sampled_from(self.pool.waiting))
        self.open.discard(gone)
        self.apply(placement.on_abandoned(self.pool, gone))

    @rule(seconds=st.integers(0, 10))
    def expire(self, seconds: int) -> None:
        self.now += seconds
        self.apply(placement.on_expiry(self.pool, self.now, 5.0))

    @invariant()
    def nobody_is_placed_twice(self) -> None:
        assert len(self.placed) == len(set(self.placed))

    @invariant()
    def nobody_is_forgotten(self) -> None:
        assert self.open == {*self.pool.waiting, *self.pool.busy.values()}

    @invariant()
    def a_waiting_invocation_has_a_start_on_its_way_and_no_idle_environment(self) -> None:
        if self.pool.waiting:
            assert not self.pool.idle
            assert self.pool.starting + len(self.pool.finishing) >= len(self.pool.waiting)


TestPlacement = Placement.TestCase
TestPlacement.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
