"""Starts that stand in line: the rules, and bursts played through them against a sandbox that boots a few at a time (placement.py)."""

from __future__ import annotations

import heapq
import itertools

import pytest

from jupyter_lambda.scheduling import placement
from jupyter_lambda.scheduling.placement import Begin, Drop, Hold, Pace, Pool, RunOn, Start, on_turn

KNOWN = Pace(start_seconds=0.4, run_seconds=0.1)


@pytest.mark.parametrize(
    ("pool", "in_line", "verdict"),
    [
        (Pool(waiting=("i",), starting=1), 1, Begin()),
        (Pool(waiting=("i", "j"), starting=2), 1, Begin()),  # one is coming, two wait
        (Pool(waiting=(), starting=1), 1, Drop()),
        (Pool(waiting=("i",), starting=2), 1, Drop()),  # the one that is coming serves it
        (Pool(waiting=("i",), finishing=("e",), starting=1), 1, Drop()),
        (Pool(waiting=(), starting=1, provisioned=1), 1, Begin()),  # nobody waits: it is kept ready
        (Pool(waiting=(), starting=3, busy={"e": "i"}, provisioned=2), 2, Drop()),
        (Pool(waiting=(), starting=1, closed=True), 1, Drop()),
    ],
)
def test_a_start_is_asked_again_when_it_is_its_turn(pool: Pool, in_line: int, verdict: Begin | Drop) -> None:
    after, decided = on_turn(pool, in_line, Pace(), held=0)
    assert decided == verdict
    assert after.starting == pool.starting - (decided == Drop())


def test_who_is_served_sooner_than_a_boot_takes_is_left_to_those_that_work() -> None:
    pool = Pool(waiting=tuple("abcd"), busy={"e": "i"}, starting=4)  # one busy environment serves four in 0.4 s
    assert on_turn(pool, 4, KNOWN, held=0)[1] == Hold(0.4)
    assert on_turn(pool, 4, KNOWN, held=2)[1] == Begin()
    assert on_turn(placement.on_arrival(pool, "j")[0], 5, KNOWN, held=0)[1] == Begin()


def test_before_anything_has_run_a_start_is_held_for_a_moment_only() -> None:
    pool = Pool(waiting=("a",), busy={"e": "i"}, starting=1)
    assert on_turn(pool, 1, Pace(0.4, 0.0), held=0)[1] == Hold(pytest.approx(0.04))
    assert on_turn(Pool(waiting=("a",), starting=1), 1, Pace(0.4, 0.0), held=0)[1] == Begin()
    assert on_turn(pool, 1, Pace(0.0, 0.1), held=0)[1] == Begin()


class Burst:
    """Invocations that come at once, and a sandbox that boots `places` at a time; None: all at once."""

    def __init__(self, run_seconds: float, *, boot_seconds: float = 0.4, places: int | None = 4) -> None:
        self.run_seconds, self.boot_seconds, self.places = run_seconds, boot_seconds, places
        self.pool, self.pace = Pool(), Pace()
        self.now = 0.0
        self.boots = self.served = self.under_way = 0
        self.line: list[int] = []  # for each start in line how often it was held
        self.held = 0
        self.events: list[tuple[float, int, str, str]] = []
        self.numbers = itertools.count()

    def at(self, seconds: float, what: str, which: str = "") -> None:
        heapq.heappush(self.events, (self.now + seconds, next(self.numbers), what, which))

    def apply(self, decision: placement.Decision) -> None:
        self.pool, effects = decision
        for effect in effects:
            match effect:
                case RunOn(environment_id, _):
                    self.at(self.run_seconds, "answered", environment_id)
                case Start():
                    self.line.append(0)
        self.turns()

    def turns(self) -> None:
        while self.line and (self.places is None or self.under_way + self.held < self.places):
            self.take_turn(self.line.pop(0))

    def take_turn(self, held: int) -> None:
        in_line = len(self.line) + self.held + 1
        self.pool, verdict = on_turn(self.pool, in_line, self.pace, held=held)
        match verdict:
            case Begin():
                self.boots, self.under_way = self.boots + 1, self.under_way + 1
                self.at(self.boot_seconds, "booted", f"e{self.boots}")
            case Hold(seconds):
                self.held += 1
                self.at(seconds, "held", str(held + 1))

    def play(self, count: int) -> Burst:
        for number in range(count):
            self.apply(placement.on_arrival(self.pool, f"i{number}"))
        while self.events:
            self.now, _, what, which = heapq.heappop(self.events)
            if what == "booted":
                self.under_way -= 1
                self.pace = Pace(self.boot_seconds, self.pace.run_seconds)
                self.apply(placement.on_started(self.pool, which, self.now))
            elif what == "answered":
                self.served += 1
                self.pace = Pace(self.pace.start_seconds, self.run_seconds)
                self.pool, _ = placement.on_answered(self.pool, which)
                self.apply(placement.on_finished(self.pool, which, self.now))
            else:
                self.held -= 1
                self.take_turn(int(which))
                self.turns()
            if self.served == count:
                break
        assert self.served == count
        assert not self.pool.waiting
        return self


def test_a_burst_of_short_ones_costs_the_boots_that_were_begun() -> None:
    burst = Burst(0.001).play(100)
    assert burst.boots == 4
    assert burst.now < 0.5


def test_a_burst_of_long_ones_gets_as_many_as_it_needs() -> None:
    burst = Burst(60.0).play(40)
    assert burst.boots == 40
    assert burst.now == pytest.approx(60.0 + 10 * 0.4, abs=9 * 0.04 + 1e-6)


@pytest.mark.parametrize("run_seconds", [0.01, 0.03, 0.1, 0.3, 1.0, 3.0])
def test_holding_costs_no_burst_more_than_a_boot(run_seconds: float) -> None:
    """Against the same sandbox with starts that are dropped and never held."""
    burst = Burst(run_seconds).play(100)
    always = Burst(run_seconds, boot_seconds=0.4)
    always.take_turn = lambda held: Burst.take_turn(always, 2)  # type: ignore[method-assign]
    always.play(100)
    assert burst.boots <= always.boots
    assert burst.now <= always.now + 0.4 + run_seconds


def test_where_a_start_is_quick_everybody_gets_one_at_once() -> None:
    burst = Burst(1.0, boot_seconds=0.005, places=None).play(50)
    assert burst.boots == 50
    assert burst.now == pytest.approx(1.005)
