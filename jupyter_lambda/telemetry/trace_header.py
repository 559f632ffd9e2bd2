"""The trace header that goes along with an invocation: `Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0`.

A caller's header is continued: its root and lineage stay, the parent becomes the segment of this invocation. Nothing is sampled here
until tracing exists, but a caller's decision is kept.

Source: AWS X-Ray Developer Guide, "Tracing header"; `Lineage` as Lambda adds it to count recursion.
"""

from __future__ import annotations

import re
import secrets
import zlib
from typing import Final

import msgspec

_ROOT: Final = re.compile(r"1-[0-9a-fA-F]{8}-[0-9a-fA-F]{24}")
_LINEAGE: Final = re.compile(r"\d+:([0-9a-f]{8}):(\d{1,5})")
_LINEAGE_COUNT_MAX: Final = 32_767
_LINEAGE_FUNCTIONS: Final = 32
_PARENT: Final = re.compile(r"[0-9a-fA-F]{16}")


class TraceHeader(msgspec.Struct, frozen=True, kw_only=True):
    """A trace header, taken apart."""

    root: str
    parent: str | None = None
    sampled: str | None = None  # "0", "1", or "?" where the caller leaves it to us
    lineage: str | None = None

    def __str__(self) -> str:
        fields = (("Root", self.root), ("Parent", self.parent), ("Sampled", self.sampled), ("Lineage", self.lineage))
        return ";".join(f"{name}={value}" for name, value in fields if value is not None)


def parse_trace_header(text: str | None) -> TraceHeader | None:
    """Take a header apart; None if there is none or its root is none. Fields of other names are dropped, as by Lambda."""
    pairs = (field.strip().partition("=") for field in (text or "").split(";"))
    fields = {name.lower(): value.strip() for name, _, value in pairs}
    root = fields.get("root", "")
    if not _ROOT.fullmatch(root):
        return None
    parent = fields.get("parent", "")
    return TraceHeader(
        root=root,
        parent=parent if _PARENT.fullmatch(parent) else None,
        sampled=fields["sampled"] if fields.get("sampled") in {"0", "1", "?"} else None,
        lineage=fields.get("lineage") or None,
    )


def new_trace(epoch_seconds: float) -> TraceHeader:
    """A trace that begins now, with random ids."""
    digits = secrets.token_hex(20)  # once: each asks the kernel
    return TraceHeader(root=f"1-{int(epoch_seconds):08x}-{digits[:24]}", parent=digits[24:], sampled="0")


def with_call_counted(trace: TraceHeader, function_arn: str) -> tuple[TraceHeader, int]:
    """The header with this call of a function added to its lineage, and how often the chain came to that function so far.

    The lineage is `<depth>:<hash>:<count>` for each function, joined by `|`; what else stands there is dropped.
    """
    own = f"{zlib.crc32(function_arn.encode()):08x}"
    counts = {name: int(count) for name, count in _LINEAGE.findall(trace.lineage or "")}
    counts[own] = counts.get(own, 0) + 1
    lineage = "|".join(f"1:{name}:{min(count, _LINEAGE_COUNT_MAX)}" for name, count in list(counts.items())[-_LINEAGE_FUNCTIONS:])
    return msgspec.structs.replace(trace, lineage=lineage), counts[own]


def continue_trace(text: str | None, epoch_seconds: float) -> TraceHeader:
    """The header for an invocation: the caller's trace with a parent of its own, or a new trace."""
    caller = parse_trace_header(text)
    if caller is None:
        return new_trace(epoch_seconds)
    sampled = caller.sampled if caller.sampled in {"0", "1"} else "0"
    return msgspec.structs.replace(caller, parent=secrets.token_hex(8), sampled=sampled)
