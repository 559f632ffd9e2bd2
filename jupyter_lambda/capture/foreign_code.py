"""The one edge at which this room calls code of users and of their libraries: `__reduce__`, `__getstate__`, properties.

Such code may raise anything. What it raised is data here, shown to the reader as the reason; nothing is swallowed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def attempt(call: Callable[[], T]) -> tuple[T | None, Exception | None]:
    """Return what the call returned and None, or None and what it raised."""
    try:
        return call(), None
    except Exception as error:  # foreign code raises anything; the caller reports it
        return None, error
