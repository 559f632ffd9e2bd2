"""When an engine stops by itself, and who else may stop it."""

import asyncio

import pytest

from jupyter_lambda.service.stop_requests import StopReason, StopRequests, watch_idleness

pytestmark = pytest.mark.anyio


class StepClock:
    """Each sleep passes at once; what `steps` holds happens after the sleep of that number."""

    def __init__(self, steps=()):
        self.now, self.slept, self.steps = 100.0, 0, dict(steps)

    def monotonic(self):
        return self.now

    def epoch(self):
        return self.now

    async def sleep(self, seconds):
        self.now += seconds
        self.slept += 1
        self.steps.get(self.slept, lambda: None)()


async def test_stops_after_the_span_without_work():
    clock = StepClock()

    assert await watch_idleness(lambda: True, lambda: True, 20.0, clock) is StopReason.IDLE
    assert 20.0 <= clock.now - 100.0 <= 24.0


async def test_work_begins_the_span_anew():
    idle = [True]
    clock = StepClock({5: lambda: idle.__setitem__(0, False), 9: lambda: idle.__setitem__(0, True)})

    assert await watch_idleness(lambda: idle[0], lambda: True, 10.0, clock) is StopReason.IDLE
    assert clock.now - 100.0 == pytest.approx(9 + 10)


async def test_looks_every_five_seconds_however_long_the_span():
    clock = StepClock()

    await watch_idleness(lambda: True, lambda: True, 1_800.0, clock)

    assert clock.slept == 361


async def test_stops_at_once_when_the_home_is_gone():
    home = [True]
    clock = StepClock({3: lambda: home.__setitem__(0, False)})

    assert await watch_idleness(lambda: False, lambda: home[0], 10.0, clock) is StopReason.HOME_GONE
    assert clock.slept == 3


async def test_requests_come_in_their_order():
    requests = StopRequests(lambda: None)
    requests.ask(True)
    requests.on_signal()

    assert [await requests.wait(), await requests.wait()] == [StopReason.DRAINED, StopReason.SIGNALLED]


async def test_a_request_of_the_api_is_a_clean_stop():
    requests = StopRequests(lambda: None)
    waiting = asyncio.create_task(requests.wait())
    requests.ask(False)

    assert await waiting is StopReason.ASKED


async def test_only_a_second_signal_ends_at_once():
    ends = []
    requests = StopRequests(lambda: ends.append("now"))

    requests.ask(False)
    requests.on_signal()
    assert ends == []
    requests.on_signal()
    assert ends == ["now"]
