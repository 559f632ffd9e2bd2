"""A lender of memory with a fixed purse, for tests of what waits ahead of need without an engine's ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class FixedLender:
    """Lends so many MiB in all; a test asks for them back."""

    def __init__(self, mib: int) -> None:
        self.mib = mib
        self.room_mib: int | None = None  # what it says that there is room for; None: the whole purse
        self.lent: dict[str, int] = {}
        self._give_back: dict[str, Callable[[], None]] = {}

    def room_ahead_mib(self) -> int:
        """The whole purse, or what the test says."""
        return self.mib if self.room_mib is None else self.room_mib

    def borrow(self, holder: str, mib: int, give_back: Callable[[], None]) -> bool:
        """Lend while there is something left."""
        if sum(self.lent.values()) + mib > self.mib:
            return False
        self.lent[holder] = mib
        self._give_back[holder] = give_back
        return True

    def returned(self, holder: str) -> None:
        """Have it back."""
        self.lent.pop(holder, None)
        self._give_back.pop(holder, None)

    def ask_back(self, holder: str) -> None:
        """A function needs what this one holds."""
        self._give_back.pop(holder)()
