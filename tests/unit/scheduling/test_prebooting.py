"""How many booted sandboxes wait: the rules, and a day of arrivals played through them (scheduling/prebooting.py)."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_lambda.scheduling.prebooting import HORIZON_SECONDS, wanted_ready

BOOT_SECONDS = 0.4


def test_nobody_asked_so_nothing_waits() -> None:
    assert wanted_ready([], 100.0, BOOT_SECONDS, 10) == 0


def test_one_waits_for_whoever_asked_once() -> None:
    assert wanted_ready([100.0], 100.0, BOOT_SECONDS, 10) == 1


def test_as_many_wait_as_came_within_one_boot() -> None:
    assert wanted_ready([100.0, 100.1, 100.2, 100.3], 100.3, BOOT_SECONDS, 10) == 4


def test_requests_far_apart_need_one_at_a_time() -> None:
    assert wanted_ready([10.0, 40.0, 70.0], 70.0, BOOT_SECONDS, 10) == 1


def test_a_burst_is_forgotten_by_halves() -> None:
    burst = [0.0] * 8
    assert [wanted_ready(burst, now, BOOT_SECONDS, 100) for now in (0.0, 60.0, 120.0, 180.0, 299.0, 301.0)] == [8, 4, 2, 1, 1, 0]


def test_memory_bounds_what_waits() -> None:
    assert wanted_ready([0.0] * 50, 0.0, BOOT_SECONDS, 3) == 3
    assert wanted_ready([0.0] * 50, 0.0, BOOT_SECONDS, 0) == 0


@given(
    asked=st.lists(st.floats(0, 1_000), max_size=40).map(sorted),
    later=st.floats(0, 500),
    boot=st.floats(0.01, 20),
    ceiling=st.integers(0, 20),
)
def test_it_never_passes_the_ceiling_nor_forgets_within_the_horizon(
    asked: list[float], later: float, boot: float, ceiling: int
) -> None:
    now = (asked[-1] if asked else 0.0) + later
    wanted = wanted_ready(asked, now, boot, ceiling)
    assert 0 <= wanted <= ceiling
    if asked and ceiling:
        assert (wanted >= 1) == (later <= HORIZON_SECONDS)


class Simulation:
    """A pool that boots one at a time and looks at the forecast at each event; time is a number."""

    def __init__(self, ceiling: int) -> None:
        self.ceiling, self.asked = ceiling, list[float]()
        self.ready, self.boot_ends = 0, None
        self.hits, self.waited_seconds, self.last = 0, 0.0, 0.0

    def run_to(self, now: float) -> None:
        while self.boot_ends is not None and self.boot_ends <= now:
            self._spend(self.boot_ends)
            self.ready, self.boot_ends = self.ready + 1, None
            self._look(self.last)
        self._spend(now)
        self._look(now)

    def ask(self, now: float) -> None:
        self.run_to(now)
        self.asked.append(now)
        if self.ready:
            self.ready, self.hits = self.ready - 1, self.hits + 1
        self._look(now)

    def _spend(self, now: float) -> None:
        self.waited_seconds += self.ready * (now - self.last)
        self.last = now

    def _look(self, now: float) -> None:
        wanted = wanted_ready(self.asked[-256:], now, BOOT_SECONDS, self.ceiling)
        self.ready = min(self.ready, wanted)
        if self.ready < wanted and self.boot_ends is None:
            self.boot_ends = now + BOOT_SECONDS


@pytest.mark.parametrize(
    ("pattern", "hit_share", "waiting_at_most"),
    [
        ("steady", 0.95, 3.0),  # one every 2 s
        ("random", 0.80, 3.0),  # Poisson, 0.5 a second
        ("class", 0.55, 25.0),  # thirty students run the same cell within a few seconds, every ten minutes
    ],
)
def test_most_requests_of_a_day_find_one_and_few_wait_in_vain(pattern: str, hit_share: float, waiting_at_most: float) -> None:
    draw = random.Random(7)
    times = {
        "steady": [2.0 * n for n in range(2_000)],
        "random": sorted(draw.uniform(0, 4_000) for _ in range(2_000)),
        "class": sorted(
            600.0 * n + draw.uniform(0, 5) + extra for n in range(12) for _ in range(30) for extra in (0.0, 30.0, 60.0)
        ),
    }[pattern]
    simulation = Simulation(ceiling=30)
    for when in times:
        simulation.ask(when)
    assert simulation.hits / len(times) > hit_share
    assert simulation.waited_seconds / times[-1] < waiting_at_most


def test_a_quiet_shelf_is_empty_in_the_end() -> None:
    simulation = Simulation(ceiling=30)
    for when in [0.1 * n for n in range(50)]:
        simulation.ask(when)
    assert simulation.ready or simulation.boot_ends
    simulation.run_to(HORIZON_SECONDS + 60)
    assert (simulation.ready, simulation.boot_ends) == (0, None)
