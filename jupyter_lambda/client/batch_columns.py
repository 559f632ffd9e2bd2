"""The figures of a batch, in typed columns: some eighty bytes an event, however many there are."""

from __future__ import annotations

import math
from array import array
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID

from jupyter_lambda.model.invocation import Status
from jupyter_lambda.telemetry.percentiles import rank

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jupyter_lambda.model.invocation import InvocationRecord

_STATUSES: Final = tuple(Status)
_CODES: Final = {status: code for code, status in enumerate(_STATUSES, start=1)}
_UNANSWERED: Final = 0
_SUCCEEDED: Final = _CODES[Status.SUCCEEDED]
_MESSAGE_MAX: Final = 500
_DISTINCT_MAX: Final = 10_000  # different error texts that are kept; beyond it the type alone
_UNKNOWN_ID: Final = bytes(16)
_PER_OCTAVE: Final = 32  # steps of the running median: within 2.2 %


class Names:
    """Texts that come again and again, as small numbers; 0 is no text."""

    def __init__(self) -> None:
        self.texts: list[str | None] = [None]
        self._codes: dict[str, int] = {}

    def code(self, text: str | None) -> int:
        """The text's number."""
        if not text:
            return 0
        code = self._codes.get(text)
        if code is None:
            code = self._codes[text] = len(self.texts)
            self.texts.append(text)
        return code

    @property
    def is_full(self) -> bool:
        """Whether there are so many that new ones should be shortened."""
        return len(self.texts) > _DISTINCT_MAX


class Group(NamedTuple):
    """Figures of some of the events: the cold ones, the warm ones, all. None where there is nothing to tell."""

    name: str
    events: int
    failed: int
    duration_p50_ms: float | None
    duration_p99_ms: float | None
    duration_max_ms: float | None
    init_p50_ms: float | None
    billed_ms: int
    max_memory_mib: int


class BatchColumns:
    """One row for each event that was sent, filled when it is answered."""

    def __init__(self) -> None:
        self.status = bytearray()
        self.cold = bytearray()
        self.queued_ms = array("d")
        self.start_ms = array("d")
        self.init_ms = array("d")
        self.duration_ms = array("d")
        self.billed_ms = array("I")
        self.max_memory_mib = array("I")
        self.version = array("I")
        self.environment = array("I")
        self.error = array("I")
        self.versions, self.environments, self.errors = Names(), Names(), Names()
        self._ids = bytearray()
        self._other_ids: dict[int, str] = {}  # request ids that are no UUIDs
        self.answered = 0
        self.failed = 0
        self.cold_starts = 0
        self._steps: dict[int, int] = {}  # durations by logarithmic step, for the running median

    def __len__(self) -> int:
        return len(self.status)

    def expect(self) -> int:
        """Make room for one more event, and return its index."""
        self.status.append(_UNANSWERED)
        self.cold.append(0)
        for measured in (self.queued_ms, self.start_ms, self.init_ms, self.duration_ms):
            measured.append(math.nan)
        for counted in (self.billed_ms, self.max_memory_mib, self.version, self.environment, self.error):
            counted.append(0)
        self._ids += _UNKNOWN_ID
        return len(self.status) - 1

    def settle(self, index: int, record: InvocationRecord) -> None:
        """Fill an event's row."""
        self.status[index] = _CODES[record.status]
        self.queued_ms[index] = record.queued_ms
        self.duration_ms[index] = record.duration_ms
        self.billed_ms[index] = record.billed_ms
        self.max_memory_mib[index] = record.max_memory_mib
        self.version[index] = self.versions.code(record.version)
        self.environment[index] = self.environments.code(record.environment_id)
        self._keep_id(index, record.request_id)
        self.answered += 1
        step = math.ceil(math.log2(max(record.duration_ms, 1e-3)) * _PER_OCTAVE)
        self._steps[step] = self._steps.get(step, 0) + 1
        if record.cold:
            self.cold[index] = 1
            self.cold_starts += 1
            self.init_ms[index] = record.init_ms
            self.start_ms[index] = record.start_ms
        if record.status is not Status.SUCCEEDED:
            self.failed += 1
            self.error[index] = self.errors.code(self._error_text(record))

    def request_id(self, index: int) -> str | None:
        """An event's request id; None where there was no invocation."""
        if index in self._other_ids:
            return self._other_ids[index]
        raw = bytes(self._ids[16 * index : 16 * index + 16])
        return None if raw == _UNKNOWN_ID else str(UUID(bytes=raw))

    def status_text(self, index: int) -> str | None:
        """How an event ended; None while it is unanswered."""
        code = self.status[index]
        return None if code == _UNANSWERED else _STATUSES[code - 1].value

    def succeeded(self, index: int) -> bool:
        """Whether an event's function succeeded."""
        return self.status[index] == _SUCCEEDED

    def error_text(self, index: int) -> str:
        """An event's error: `type: message`."""
        return (
            self.errors.texts[self.error[index]]
            or self.status_text(index)
            or "Unanswered: the batch ended before its answer came"
        )

    def failures(self) -> Iterator[int]:
        """The index of each that failed."""
        return (index for index, code in enumerate(self.status) if code not in (_UNANSWERED, _SUCCEEDED))

    def running_median_ms(self) -> float | None:
        """The median of the durations so far, within 2 %; costs the same however many there are."""
        if not self.answered:
            return None
        left = rank(self.answered, 50)
        for step in sorted(self._steps):
            left -= self._steps[step]
            if left < 0:
                break
        return float(2 ** (step / _PER_OCTAVE))

    def groups(self) -> list[Group]:
        """Cold, warm and all; a group without events is left out."""
        cold = [i for i, code in enumerate(self.status) if code != _UNANSWERED and self.cold[i]]
        warm = [i for i, code in enumerate(self.status) if code != _UNANSWERED and not self.cold[i]]
        named = (("cold", cold), ("warm", warm), ("all", cold + warm))
        return [self._group(name, indices) for name, indices in named if indices]

    def frame_columns(self) -> dict[str, Any]:
        """Columns by name for a data frame: of the answered events, in their order."""
        rows = [i for i, code in enumerate(self.status) if code != _UNANSWERED]
        return {
            "index": rows,
            "status": [self.status_text(i) for i in rows],
            "cold": [bool(self.cold[i]) for i in rows],
            "queued_ms": [self.queued_ms[i] for i in rows],
            "start_ms": [self.start_ms[i] for i in rows],
            "init_ms": [self.init_ms[i] for i in rows],
            "duration_ms": [self.duration_ms[i] for i in rows],
            "billed_ms": [self.billed_ms[i] for i in rows],
            "max_memory_mb": [self.max_memory_mib[i] for i in rows],
            "environment": [self.environments.texts[self.environment[i]] for i in rows],
            "version": [self.versions.texts[self.version[i]] for i in rows],
            "error": [self.errors.texts[self.error[i]] for i in rows],
            "request_id": [self.request_id(i) for i in rows],
        }

    def _group(self, name: str, indices: list[int]) -> Group:
        durations = sorted(self.duration_ms[i] for i in indices)
        inits = sorted(self.init_ms[i] for i in indices if self.cold[i])
        return Group(
            name=name,
            events=len(indices),
            failed=sum(1 for i in indices if self.status[i] != _SUCCEEDED),
            duration_p50_ms=durations[rank(len(durations), 50)],
            duration_p99_ms=durations[rank(len(durations), 99)],
            duration_max_ms=durations[-1],
            init_p50_ms=inits[rank(len(inits), 50)] if inits else None,
            billed_ms=sum(self.billed_ms[i] for i in indices),
            max_memory_mib=max(self.max_memory_mib[i] for i in indices),
        )

    def _keep_id(self, index: int, request_id: str) -> None:
        try:
            raw = bytes.fromhex(request_id.replace("-", ""))
        except ValueError:
            raw = b""
        if len(raw) == len(_UNKNOWN_ID):
            self._ids[16 * index : 16 * index + 16] = raw
        elif request_id:
            self._other_ids[index] = request_id

    def _error_text(self, record: InvocationRecord) -> str:
        kind = record.error_type or record.status.value
        if not record.error_message or self.errors.is_full:
            return kind
        return f"{kind}: {record.error_message[:_MESSAGE_MAX]}"
