"""What an environment did when (engine/life_line.py)."""

from __future__ import annotations

from jupyter_lambda.engine.life_line import SPANS_KEPT, LifeLine
from jupyter_lambda.model.environment import EnvironmentState, LifeSpan

STARTING, INITIALISING, BUSY = EnvironmentState.STARTING, EnvironmentState.INITIALISING, EnvironmentState.BUSY
IDLE, FROZEN, ENDED = EnvironmentState.IDLE, EnvironmentState.FROZEN, EnvironmentState.ENDED


class Times:
    """A wall clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def epoch(self) -> float:
        return self.now


def line(*steps: tuple[float, EnvironmentState]) -> LifeLine:
    times = Times()
    made = LifeLine(times.epoch, STARTING)
    for when, state in steps:
        times.now = when
        made.note(state)
    return made


def test_one_span_for_each_state_until_it_ended():
    made = line((101, INITIALISING), (102, IDLE), (103, BUSY), (104, IDLE), (105, FROZEN), (106, ENDED))

    assert made.spans(106.0) == (
        LifeSpan(state=STARTING, since=100, until=101),
        LifeSpan(state=INITIALISING, since=101, until=102),
        LifeSpan(state=IDLE, since=102, until=103),
        LifeSpan(state=BUSY, since=103, until=104, calls=1),
        LifeSpan(state=IDLE, since=104, until=105),
        LifeSpan(state=FROZEN, since=105, until=106),
    )


def test_calls_that_follow_each_other_closely_are_one_span():
    made = line((101, BUSY), (102, IDLE), (102.01, BUSY), (103, IDLE), (103.049, BUSY), (104, IDLE), (104.2, BUSY))

    busy = [(s.since, s.until, s.calls) for s in made.spans(None) if s.state is BUSY]
    assert busy == [(101, 104, 3), (104.2, None, 1)]


def test_says_why_a_span_ended_out_of_turn():
    made = line((101, BUSY))
    made.because("out-of-memory")
    made.note(INITIALISING)

    assert [(s.state, s.why) for s in made.spans(None)][1:] == [(BUSY, "out-of-memory"), (INITIALISING, "")]


def test_gives_what_is_later_than_asked_for():
    made = line((101, IDLE), (102, BUSY), (103, IDLE))

    assert [s.state for s in made.spans(None, after=102.5)] == [BUSY, IDLE]
    assert made.spans(104.0, after=104.0) == ()


def test_of_a_long_life_the_latest_is_kept():
    made = line(*[(101 + n, (BUSY, IDLE)[n % 2]) for n in range(1_000)])

    spans = made.spans(None)
    assert len(spans) == SPANS_KEPT
    assert spans[-1].since == 1_100
