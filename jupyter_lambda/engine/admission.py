"""Which invocations are in flight, and who waits in line for concurrency.

The counts that `scheduling.concurrency` decides on live here. An invocation counts from its admission to its end; what it was counted
as is remembered, so that a reservation made or lifted meanwhile leaves no wrong count behind.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from jupyter_lambda.scheduling.concurrency import Refusal, admit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jupyter_lambda.engine.invocations import Invocation
    from jupyter_lambda.model.function import Version


class Admission:
    """Invocations in flight and in line."""

    def __init__(
        self,
        limit: int,
        reserved: Callable[[str], int | None],
        reserved_total: Callable[[], int],
        scales_too_fast: Callable[[Version, bool], Refusal | None],
    ) -> None:
        self._limit = limit
        self._reserved = reserved
        self._reserved_total = reserved_total
        self._scales_too_fast = scales_too_fast  # a version with an invocation more, and whether its function has a reservation
        self._in_flight: dict[str, Invocation] = {}
        self._unreserved: set[str] = set()
        self._running: dict[str, int] = {}
        self._in_line: deque[Invocation] = deque()
        self._quiet = asyncio.Event()
        self._quiet.set()

    def __len__(self) -> int:
        """How many are in flight."""
        return len(self._in_flight)

    @property
    def has_line(self) -> bool:
        """Whether anybody waits."""
        return bool(self._in_line)

    def find(self, request_id: str) -> Invocation | None:
        """One in flight."""
        return self._in_flight.get(request_id)

    def all(self) -> list[Invocation]:
        """In flight, then in line."""
        return [*self._in_flight.values(), *self._in_line]

    def in_flight(self) -> Iterator[Invocation]:
        """In flight, oldest first."""
        return iter(self._in_flight.values())

    async def until_quiet(self) -> None:
        """Wait until nothing is in flight."""
        await self._quiet.wait()

    def ask(self, invocation: Invocation) -> Refusal | None:
        """Admit the invocation, or let a patient one wait in line, or say why neither.

        After None, `find` tells which of the two it was.
        """
        name = invocation.version.function_name
        refusal = self._refusal(invocation.version)
        patient = invocation.request.patient
        if refusal is None and not (patient and self._in_line):
            self._count(invocation)
        elif patient and self._reserved(name) != 0:
            self._in_line.append(invocation)
        else:
            return refusal
        return None

    def end(self, invocation: Invocation) -> None:
        """Stop counting it; one that was never counted is fine."""
        if self._in_flight.pop(invocation.id, None) is None:
            return
        self._unreserved.discard(invocation.id)
        name = invocation.version.function_name
        self._running[name] -= 1
        if not self._running[name]:
            del self._running[name]
        if not self._in_flight:
            self._quiet.set()

    def next_in_line(self) -> Invocation | None:
        """Admit the first in line that can be; None when none can."""
        refused: set[tuple[str, str]] = set()  # a long line of few functions costs few questions
        for position, invocation in enumerate(self._in_line):
            version = invocation.version
            key = version.function_name, version.version
            if key in refused:
                continue
            if self._refusal(version) is None:
                del self._in_line[position]
                self._count(invocation)
                return invocation
            refused.add(key)
        return None

    def leave_line(self, request_id: str) -> Invocation | None:
        """Take an invocation out of the line."""
        for position, invocation in enumerate(self._in_line):
            if invocation.id == request_id:
                del self._in_line[position]
                return invocation
        return None

    def _refusal(self, version: Version) -> Refusal | None:
        name = version.function_name
        reserved = self._reserved(name)
        refusal = admit(
            account_limit=self._limit,
            reserved_total=self._reserved_total(),
            reserved=reserved,
            running=self._running.get(name, 0),
            unreserved_running=len(self._unreserved),
        )
        return refusal or self._scales_too_fast(version, reserved is not None)

    def _count(self, invocation: Invocation) -> None:
        name = invocation.version.function_name
        self._in_flight[invocation.id] = invocation
        self._running[name] = self._running.get(name, 0) + 1
        invocation.reserved = self._reserved(name) is not None
        if not invocation.reserved:
            self._unreserved.add(invocation.id)
        self._quiet.clear()
