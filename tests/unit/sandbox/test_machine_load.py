"""How busy the machine is (sandbox/machine_load.py), read from the real one."""

from __future__ import annotations

from jupyter_lambda.sandbox.budget import Budget
from jupyter_lambda.sandbox.machine_load import MachineLoad


class Times:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 5.0

    def monotonic(self) -> float:
        return self.now

    def epoch(self) -> float:
        return 1_000.0 + self.now

    async def sleep(self, seconds: float) -> None:
        raise NotImplementedError


def test_readings_within_a_second_are_one():
    times = Times()
    load = MachineLoad(times, Budget(1000, 1.5, 2000, "host", "host"))

    first = load.reading()
    times.now += 0.9
    assert load.reading() is first
    times.now += 0.2
    later = load.reading()

    assert later.at == 1_006.1
    assert 0.0 <= later.cpu_share <= 1.0
    assert 0 < later.memory_used_mib <= later.memory_mib
    assert later.cpus == 1.5
