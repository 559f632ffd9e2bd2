"""The journal: where the record of an ended invocation stands from its answer until SQLite has taken it over.

Theory of operation. `append` makes one `writev` at the end of the present **segment** file, and only when that returned is the
record acknowledged: from there the kernel holds it, so it survives the end of this process, not a power loss. Nothing else happens
on the caller's thread. SQLite's writer thread follows the same files through a `JournalReader`, in order, and a segment is removed
once all of it is taken over; so a crash at any moment leaves either a row in SQLite, a frame in a segment, or both. Each frame
carries a **sequence number** that becomes its row's key, which makes taking a frame over twice harmless.

A frame: magic (4 bytes), sequence (u64), length of the record, length of the log, CRC-32 of all of it but the CRC (u32 each,
little-endian), the record as MessagePack, the log as it is. The magic lets a reader find the next good frame behind a bad one.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from jupyter_lambda.store import faults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from jupyter_lambda.model.invocation import InvocationRecord

SEGMENT_BYTES: Final = 8 * 1024**2
_MAGIC: Final = b"\xa5JL\x01"
_HEAD: Final = struct.Struct("<4sQII")
_CRC: Final = struct.Struct("<I")
_FRAME_MIN: Final = _HEAD.size + _CRC.size
_SUFFIX: Final = ".journal"


class Frame(NamedTuple):
    """One record as it stands in the journal; the record is still encoded."""

    sequence: int
    record: bytes
    log: bytes


class Segment:
    """One file of the journal: grows until it is closed, then is only read."""

    __slots__ = ("closed", "end", "identity", "path")

    def __init__(self, path: Path, *, end: int = 0, closed: bool = False, found: os.stat_result | None = None) -> None:
        self.path = path
        self.end = end  # bytes that were acknowledged
        self.closed = closed
        self.identity = found and (found.st_dev, found.st_ino)

    def remove(self) -> None:
        """Remove the file, unless another stands at its path: the home was removed, and is a later engine's now."""
        try:
            found = self.path.lstat()
        except FileNotFoundError:
            return
        if self.identity in (None, (found.st_dev, found.st_ino)):
            self.path.unlink(missing_ok=True)


def left_segments(folder: Path) -> list[Segment]:
    """The segments that an earlier process left, oldest first."""
    found = [(path, path.stat()) for path in sorted(folder.glob(f"*{_SUFFIX}"))]
    return [Segment(path, end=facts.st_size, closed=True, found=facts) for path, facts in found]


class Journal:
    """The writing end. Used by one thread, the event loop's.

    Args:
        folder: Where the segments stand; exists.
        sequence: The last sequence number given out.
        segments: What an earlier process left; read before anything new.
        write: `os.writev`, or what a test puts in its place.
        segment_bytes: A segment above this size is closed and the next one begun.
    """

    def __init__(
        self,
        folder: Path,
        *,
        sequence: int = 0,
        segments: Sequence[Segment] = (),
        write: Callable[[int, Sequence[bytes]], int] = os.writev,
        segment_bytes: int = SEGMENT_BYTES,
    ) -> None:
        self.sequence = sequence
        self.segments: deque[Segment] = deque(segments)
        self._folder = folder
        self._write = write
        self._segment_bytes = segment_bytes
        self._encoder = msgspec.msgpack.Encoder()
        self._fd = -1
        self._segment = Segment(folder, closed=True)  # none yet: the first record opens one

    def append(self, record: InvocationRecord, log: bytes) -> int:
        """Write one frame; returns its sequence number.

        Raises:
            DiskFull, StoreError: Nothing of it was kept.
        """
        try:
            body = self._encoder.encode(record)
        except UnicodeEncodeError:
            body = self._encoder.encode(without_surrogates(record))
        sequence = self.sequence + 1
        head = _HEAD.pack(_MAGIC, sequence, len(body), len(log))
        crc = zlib.crc32(log, zlib.crc32(body, zlib.crc32(head)))
        size = _FRAME_MIN + len(body) + len(log)
        try:
            if self._segment.closed:
                self._open_segment(sequence)
            written = self._write(self._fd, (head, _CRC.pack(crc), body, log))
        except OSError as error:
            self._cut()
            raise faults.from_os(error, self._folder) from error
        if written != size:  # a short write to a file means that the disk became full halfway
            self._cut()
            raise faults.disk_full(self._folder, what=f"only {written} of {size} bytes could be written")
        self.sequence = sequence
        self._segment.end += size
        if self._segment.end >= self._segment_bytes:
            self._close_segment()
        return sequence

    def close(self) -> None:
        """Write no more. Safe to call twice."""
        if not self._segment.closed:
            self._close_segment()

    def _open_segment(self, sequence: int) -> None:
        path = self._folder / f"{sequence:020d}{_SUFFIX}"
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        self._segment = Segment(path, found=os.fstat(self._fd))
        self.segments.append(self._segment)

    def _close_segment(self) -> None:
        os.close(self._fd)
        self._fd = -1
        self._segment.closed = True

    def _cut(self) -> None:
        """Take half a frame back; where even that fails, go on in a new segment (a reader skips what is damaged)."""
        if self._segment.closed:
            return
        try:
            os.ftruncate(self._fd, self._segment.end)
        except OSError:
            self._close_segment()


def without_surrogates(record: InvocationRecord) -> InvocationRecord:
    """The record with U+FFFD for halves of surrogate pairs: an error's message may have them, UTF-8 can't."""
    changed = {
        name: value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        for name, value in msgspec.structs.asdict(record).items()
        if type(value) is str
    }
    return msgspec.structs.replace(record, **changed)


class JournalReader:
    """The reading end, used by SQLite's writer thread: hands out frames in order and forgets what was taken over.

    Attributes:
        taken: The sequence number of the last frame that was taken over.
        damages: Sentences about what could not be read, in order.
    """

    def __init__(self, journal: Journal) -> None:
        self.taken = 0
        self.damages: list[str] = []
        self._journal = journal
        self._offset = 0  # in the first segment: read up to here
        self._frames: Iterator[Frame] = iter(())
        self._pending: list[Frame] = []

    def pending(self, most: int) -> list[Frame]:
        """The next frames, `most` at most; the same ones again until `forget` is called.

        Raises:
            StoreError: A segment can't be read.
        """
        while not self._pending:
            self._pending = list(islice(self._frames, most))
            if not self._pending and not self._read_on():
                break
        return self._pending

    def forget(self) -> None:
        """The pending frames are kept elsewhere now."""
        if self._pending:
            self.taken = max(self.taken, self._pending[-1].sequence)
        self._pending = []

    def _read_on(self) -> bool:
        """Load what was appended since the last look, dropping segments that are done; False if there is nothing."""
        segments = self._journal.segments
        while segments:
            first = segments[0]
            closed = first.closed  # read before `end`: once closed, the end stands still
            end = first.end
            if end > self._offset:
                self._frames = self._load(first, end)
                self._offset = end
                return True
            if not closed:
                return False
            first.remove()
            segments.popleft()
            self._offset = 0
        return False

    def _load(self, segment: Segment, end: int) -> Iterator[Frame]:
        try:
            with segment.path.open("rb", buffering=0) as file:
                file.seek(self._offset)
                data = _read_exactly(file.fileno(), end - self._offset)
        except OSError as error:
            raise faults.from_os(error, segment.path) from error
        return frames(data, lambda what: self.damages.append(f"{segment.path.name}: {what}"))


def _read_exactly(fd: int, size: int) -> bytes:
    pieces = []
    while size > 0 and (piece := os.read(fd, size)):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def frames(data: bytes, report: Callable[[str], None]) -> Iterator[Frame]:
    """The good frames in a piece of a segment.

    A frame that is cut off at the end was never acknowledged and is passed over in silence. Whatever else is not a frame is told
    to `report` and skipped up to the next one that is good.
    """
    at = 0
    while at < len(data):
        frame, size = _frame_at(data, at)
        if frame is not None:
            yield frame
            at += size
            continue
        following = _next_good(data, at + 1)
        if following is None:
            if size == 0 or at + size <= len(data):
                report(f"{len(data) - at} bytes at {at} are damaged, up to the end; records in them are lost")
            return
        report(f"{following - at} bytes at {at} are damaged; the records in them are lost")
        at = following


def _frame_at(data: bytes, at: int) -> tuple[Frame | None, int]:
    """The frame at an offset with its size; without a frame, the size it claims to have (0: it has no head)."""
    rest = len(data) - at
    if rest < _FRAME_MIN:
        return None, _FRAME_MIN if _MAGIC.startswith(data[at : at + len(_MAGIC)]) else 0
    magic, sequence, record_bytes, log_bytes = _HEAD.unpack_from(data, at)
    if magic != _MAGIC:
        return None, 0
    size = _FRAME_MIN + record_bytes + log_bytes
    if size > rest:
        return None, size
    (crc,) = _CRC.unpack_from(data, at + _HEAD.size)
    start = at + _FRAME_MIN
    view = memoryview(data)
    if zlib.crc32(view[start : at + size], zlib.crc32(view[at : at + _HEAD.size])) != crc:
        return None, size
    return Frame(sequence, data[start : start + record_bytes], data[start + record_bytes : at + size]), size


def _next_good(data: bytes, start: int) -> int | None:
    """Where the next good frame begins, at or after `start`."""
    at = data.find(_MAGIC, start)
    while at >= 0:
        if _frame_at(data, at)[0] is not None:
            return at
        at = data.find(_MAGIC, at + 1)
    return None
