"""When the lines of an invocation's log were written: a few marks beside the text instead of a time on each line.

A mark says that what follows an offset of the log came so many milliseconds after the invocation arrived. Where a log is written at
more moments than are kept, every second mark goes: times become coarser, and never wrong by more than the gap between two marks.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

MARKS_MAX: Final = 64
Marks = tuple[tuple[int, int], ...]  # (offset in bytes, milliseconds after the arrival), ascending


class LineTimes:
    """Collects marks while a log is written; times are seconds of one monotonic clock."""

    __slots__ = ("_marks",)

    def __init__(self) -> None:
        self._marks: list[tuple[int, float]] = []

    def note(self, offset: int, seconds: float) -> None:
        """What follows `offset` is written at this moment."""
        marks = self._marks
        if marks and seconds - marks[-1][1] < 0.001:
            return
        marks.append((offset, seconds))
        if len(marks) > MARKS_MAX:
            del marks[1::2]

    def take(self, arrived: float) -> Marks:
        """The marks since the last take, counted from an arrival; none where all was written within its first millisecond."""
        told = tuple((offset, round((seconds - arrived) * 1000.0)) for offset, seconds in self._marks)
        self._marks.clear()
        return told if any(milliseconds for _, milliseconds in told) else ()


def written_ms(marks: Marks, offset: int) -> int:
    """When the byte at an offset was written, in milliseconds after the arrival."""
    position = bisect_right(marks, offset, key=lambda mark: mark[0])
    return marks[position - 1][1] if position else 0
