"""How busy this machine is right now, whoever keeps it busy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil

from jupyter_lambda.model.host import MachineReading

if TYPE_CHECKING:
    from jupyter_lambda.clock import Clock
    from jupyter_lambda.sandbox.budget import Budget

_MIB = 1024 * 1024
_FRESH_SECONDS = 1.0


class MachineLoad:
    """Reads processors and memory; readings within a second are one, so that several watchers don't shorten each other's span.

    Args:
        clock: Time.
        budget: What the machine has in all.
    """

    def __init__(self, clock: Clock, budget: Budget) -> None:
        self._clock = clock
        self._budget = budget
        self._read_at = 0.0
        self._last: MachineReading | None = None
        psutil.cpu_percent()  # the first answer is about no span at all

    def reading(self) -> MachineReading:
        """The share of all processors in use since the reading before, and the memory in use now."""
        now = self._clock.monotonic()
        if self._last is None or now - self._read_at >= _FRESH_SECONDS:
            memory = psutil.virtual_memory()
            self._read_at = now
            self._last = MachineReading(
                at=self._clock.epoch(),
                cpu_share=psutil.cpu_percent() / 100.0,
                cpus=self._budget.cpus,
                memory_used_mib=(memory.total - memory.available) // _MIB,
                memory_mib=memory.total // _MIB,
            )
        return self._last
