"""Where an init's time went, as the runtime inside the environment tells it. Only our own runtime does."""

from __future__ import annotations

from typing import Final

import msgspec

IMPORTS_MAX: Final = 20
_TEXT_MAX: Final = 8_192
_NAME_MAX: Final = 80
_MS_MAX: Final = 3_600_000.0


class ImportTime(msgspec.Struct, frozen=True):
    """One module's import, what it imports itself included."""

    module: str
    at_ms: float  # since the runtime began to load the function
    ms: float
    depth: int = 0  # 0: imported by the function's own module; 1: by such a module, …


class InitTimes(msgspec.Struct, frozen=True):
    """One init, from the moment the runtime began to load the function to its first request for an invocation."""

    whole_ms: float
    imports: tuple[ImportTime, ...] = ()  # the longest, in order
    preloaded: tuple[str, ...] = ()  # imported by the function's module, and loaded before


def read_init_times(text: bytes) -> InitTimes | None:
    """Read what a runtime told; it runs other people's code, so what is not as it should be is None."""
    if len(text) > _TEXT_MAX:
        return None
    try:
        times = msgspec.json.decode(text, type=InitTimes)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    names = [*(entry.module for entry in times.imports), *times.preloaded]
    figures = [times.whole_ms, *(value for entry in times.imports for value in (entry.at_ms, entry.ms, entry.depth))]
    is_fit = (
        len(times.imports) <= IMPORTS_MAX
        and len(times.preloaded) <= IMPORTS_MAX
        and all(len(name) <= _NAME_MAX and name.isprintable() for name in names)
        and all(0 <= value <= _MS_MAX for value in figures)
    )
    return times if is_fit else None
