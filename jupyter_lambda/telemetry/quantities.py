"""How numbers are written for people: one way for each kind, everywhere.

`38.2 ms` (one decimal below a second), `4.12 s`, `2 min 05 s`, `1 h 02 min`; `143 MB` (binary, in AWS's wording); `$0.00044` (two
digits that count, no exponent); `1,204`; `2.1 %`; `305 /s`. What isn't known is `–`, never 0; minus is U+2212. A space stands between
number and unit; whoever draws may put a no-break one there.

Rounding comes before the choice of the unit: 999.96 ms is `1.00 s`, and 59.996 s is `1 min 00 s`.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Final, TypeGuard

UNKNOWN: Final = "–"
MINUS: Final = "−"


def duration(milliseconds: float | None) -> str:
    """A span of time, given in milliseconds."""
    if not _is_known(milliseconds):
        return UNKNOWN
    if milliseconds < 0:
        return MINUS + duration(-milliseconds)
    if round(milliseconds, 1) < 1000:
        return f"{milliseconds:.1f} ms"
    seconds = milliseconds / 1000
    if round(seconds, 2) < 60:
        return f"{seconds:.2f} s"
    if round(seconds) < 3600:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours:,} h {minutes:02d} min"


def seconds(value: float | None) -> str:
    """A span of time, given in seconds."""
    return duration(value * 1000) if _is_known(value) else UNKNOWN


def memory(mib: float | None) -> str:
    """Memory, given in binary megabytes: `143 MB`; whole ones, as in a REPORT line."""
    return f"{count(mib)} MB" if _is_known(mib) else UNKNOWN


def size(byte_count: float | None) -> str:
    """A size, given in bytes: `812 B`, `84.1 kB`, `143 MB`, `2.1 GB` (binary); one decimal below a hundred."""
    if not _is_known(byte_count):
        return UNKNOWN
    if byte_count < 0:
        return MINUS + size(-byte_count)
    if round(byte_count) < 1024:
        return f"{round(byte_count)} B"
    value, unit = byte_count / 1024, "kB"
    for larger in ("MB", "GB", "TB"):
        if round(value) < 1024:
            break
        value, unit = value / 1024, larger
    return f"{value:.1f} {unit}" if round(value, 1) < 100 else f"{round(value):,} {unit}"


def cost(usd: float | None) -> str:
    """US dollars: two digits that count below one dollar, cents from there on."""
    if not _is_known(usd):
        return UNKNOWN
    if usd < 0:
        return MINUS + cost(-usd)
    if usd == 0:
        return "$0"
    if usd >= 0.995:
        return f"${usd:,.2f}"
    decimals = 1 - math.floor(math.log10(usd))
    if round(usd, decimals) >= 10.0 ** (2 - decimals):  # 0.0996: rounding made a digit more
        decimals -= 1
    return f"${usd:.{decimals}f}"


def count(value: float | None) -> str:
    """A whole number: `1,204`."""
    return _signed(f"{round(value):,}") if _is_known(value) else UNKNOWN


def share(fraction: float | None) -> str:
    """A part of one: `2.1 %`, and `0 %` and `100 %` only for none and all of it."""
    if not _is_known(fraction):
        return UNKNOWN
    if fraction in (0, 1):
        return f"{fraction:.0%}".replace("%", " %")
    percent = fraction * 100
    if 0 < percent < 0.1:
        return "< 0.1 %"
    if 99.9 < percent < 100:
        return "> 99.9 %"
    return _signed(f"{percent:,.1f} %")


def rate(per_second: float | None) -> str:
    """How often in a second: `305 /s`, below ten with a decimal: `2.5 /s`."""
    if not _is_known(per_second):
        return UNKNOWN
    return f"{per_second:.1f} /s" if 0 < round(per_second, 1) < 10 else f"{count(per_second)} /s"


def gb_seconds(value: float | None) -> str:
    """Memory times time: `0.125 GB-s`, `12.4 GB-s`, `1,204 GB-s`."""
    if not _is_known(value):
        return UNKNOWN
    decimals = 3 if abs(value) < 1 else 1 if abs(value) < 1000 else 0
    return _signed(f"{value:,.{decimals}f} GB-s")


def local_time(epoch_seconds: float | None) -> str:
    """A moment on the reader's clock: `12:04:31.402`."""
    if not _is_known(epoch_seconds):
        return UNKNOWN
    moment = datetime.fromtimestamp(epoch_seconds, tz=UTC).astimezone()
    return f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}"


def utc_time(epoch_seconds: float | None) -> str:
    """The same moment in full, for titles: `2026-11-25 11:04:31.402 UTC`."""
    if not _is_known(epoch_seconds):
        return UNKNOWN
    moment = datetime.fromtimestamp(epoch_seconds, tz=UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d} UTC"


def plural(number: float, noun: str, plural_noun: str | None = None) -> str:
    """A number with its noun: `1 invocation`, `1,204 invocations`."""
    return f"{count(number)} {noun if number == 1 else plural_noun or noun + 's'}"


def _is_known(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value)


def _signed(text: str) -> str:
    return text.replace("-", MINUS, 1) if text.startswith("-") else text
