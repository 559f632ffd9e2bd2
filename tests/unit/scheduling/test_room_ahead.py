"""Memory for what waits ahead of need: the rule, and a day of functions and booted sandboxes played through the ledger's decisions."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_lambda.scheduling.budget import Fit, Holding, fit, room_ahead
from jupyter_lambda.scheduling.prebooting import wanted_ready

BUDGET_MIB = 2_048
EACH_MIB = 15  # a waiting container
BOOT_SECONDS = 0.4


@pytest.mark.parametrize(
    ("used", "ahead", "room"),
    [(0, 0, 1_024), (1_024, 0, 512), (1_024, 1_024, 1_024), (2_048, 0, 0), (3_000, 0, 0), (2_048, 48, 24)],
)
def test_half_of_what_functions_leave_may_wait(used: int, ahead: int, room: int) -> None:
    assert room_ahead(BUDGET_MIB, used, ahead) == room


def test_what_is_nobodys_goes_before_an_environment_with_its_state() -> None:
    holdings = [Holding("idle", 100, 1.0), Holding("young", 15, 9.0, is_ahead=True), Holding("old", 15, 5.0, is_ahead=True)]
    assert fit(1_000, 1_000, 10, holdings) == Fit(("old",))
    assert fit(1_000, 1_000, 30, holdings) == Fit(("old", "young"))
    assert fit(1_000, 1_000, 100, holdings) == Fit(("old", "young", "idle"))


class Day:
    """Functions that come and go, and a pool that boots ahead for them, one event after the other."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.now = 0.0
        self.busy: list[tuple[float, int]] = []  # (ends, MiB)
        self.ahead: list[float] = []  # since when
        self.asked: list[float] = []
        self.from_pool = self.cold = self.refused = 0

    @property
    def used(self) -> int:
        return sum(mib for _, mib in self.busy) + EACH_MIB * len(self.ahead)

    def call(self, mib: int, seconds: float) -> None:
        self.busy = [(ends, held) for ends, held in self.busy if ends > self.now]
        holdings = [Holding(str(number), EACH_MIB, since, is_ahead=True) for number, since in enumerate(self.ahead)]
        decision = fit(BUDGET_MIB, self.used, mib, holdings)
        if not isinstance(decision, Fit):
            assert sum(held for _, held in self.busy) + mib > BUDGET_MIB, "a function waited for memory that was nobody's"
            self.refused += 1
            return
        self.ahead = [since for number, since in enumerate(self.ahead) if str(number) not in decision.reclaim]
        self.asked.append(self.now)
        if self.ahead:
            self.ahead.pop(0)
            self.from_pool += 1
        else:
            self.cold += 1
        self.busy.append((self.now + seconds, mib))

    def fill(self) -> None:
        """One boot, as the pool decides it; throwing away goes by the forecast alone."""
        self.busy = [(ends, held) for ends, held in self.busy if ends > self.now]
        if wanted_ready(
            self.asked, self.now, BOOT_SECONDS, room_ahead(BUDGET_MIB, self.used, EACH_MIB * len(self.ahead)) // EACH_MIB
        ) > len(self.ahead):
            self.ahead.append(self.now)
        del self.ahead[wanted_ready(self.asked, self.now, BOOT_SECONDS, 256) :]

    def play(self, events: int) -> None:
        for _ in range(events):
            self.now += self.chance.choice((0.02, 0.1, 0.5, 5.0, 60.0))
            for _ in range(self.chance.choice((1, 1, 2, 8))):
                self.call(self.chance.choice((128, 256, 512, 2_048)), self.chance.choice((0.01, 1.0, 30.0)))
                assert self.used <= BUDGET_MIB
            for _ in range(self.chance.randint(0, 6)):
                self.fill()
                assert self.used <= BUDGET_MIB


@given(st.integers(0, 10_000))
def test_neither_the_budget_is_passed_nor_does_a_function_wait_for_what_is_nobodys(seed: int) -> None:
    Day(seed).play(60)


def test_an_empty_machine_keeps_what_the_forecast_wants() -> None:
    day = Day(1)
    for _ in range(20):
        day.call(128, 0.01)
        day.now += 0.02
    for _ in range(40):
        day.fill()
    assert len(day.ahead) == 20


def test_a_machine_full_of_functions_keeps_nothing_and_fills_again_when_they_end() -> None:
    day = Day(1)
    for _ in range(4):
        day.call(512, 10.0)
    for _ in range(10):
        day.fill()
    assert day.ahead == []
    day.now += 11.0
    for _ in range(10):
        day.fill()
    assert len(day.ahead) >= 1


def test_a_large_function_takes_the_room_of_all_that_waits() -> None:
    day = Day(1)
    for _ in range(10):
        day.call(128, 0.01)
        day.now += 0.02
    for _ in range(20):
        day.fill()
    assert len(day.ahead) == 10
    day.now += 1.0
    day.call(2_048, 5.0)
    assert (day.ahead, day.used) == ([], 2_048)
