"""The peak of a process that was gone before anybody looked (sandbox/process/memory_account.py)."""

from __future__ import annotations

from jupyter_lambda.sandbox.process.memory_account import MemoryPeak
from jupyter_lambda.sandbox.protocol import MemoryReading


class Account:
    def __init__(self, *figures: int) -> None:
        self.figures = list(figures)

    def changed(self) -> bool:
        return bool(self.figures)

    def read(self) -> int:
        return self.figures.pop(0)


def test_the_kernels_figure_stands_for_what_nobody_saw() -> None:
    assert MemoryPeak(Account(), lambda: 7).refresh() == MemoryReading(0, 7)
    assert MemoryPeak(Account()).refresh() == MemoryReading(0, 0)


def test_what_was_seen_is_not_overruled_by_a_figure_that_counts_the_page_cache() -> None:
    peak = MemoryPeak(Account(5, 3), lambda: 700)
    assert peak.refresh() == MemoryReading(5, 5)
    assert peak.refresh() == MemoryReading(3, 5)
    assert peak.refresh() == MemoryReading(3, 5)


def test_a_group_that_is_gone_leaves_the_last_reading() -> None:
    def gone() -> int:
        raise FileNotFoundError

    assert MemoryPeak(Account(), gone).refresh() == MemoryReading(0, 0)
