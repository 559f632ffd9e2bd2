"""The journal: frames in segments, what a crash or a bad disk does to them, and how they are handed over."""

from __future__ import annotations

import errno
import os

import msgspec
import pytest

from jupyter_lambda.errors import DiskFull, StoreError
from jupyter_lambda.model.invocation import InvocationRecord
from jupyter_lambda.store.journal import Journal, JournalReader, frames, left_segments


def journal(folder, **settings):
    return Journal(folder, **settings)


def read_all(reader, most=1000):
    found = []
    while pending := reader.pending(most):
        found += pending
        reader.forget()
    return found


def request_ids(found):
    return [msgspec.msgpack.decode(frame.record, type=InvocationRecord).request_id for frame in found]


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def test_hands_over_what_was_appended_in_order(tmp_path, record):
    made = journal(tmp_path)
    assert [made.append(record("a"), b"log a"), made.append(record("b"), b"")] == [1, 2]

    found = read_all(JournalReader(made))

    assert [(frame.sequence, frame.log) for frame in found] == [(1, b"log a"), (2, b"")]
    assert request_ids(found) == ["a", "b"]


def test_begins_no_file_before_the_first_record(tmp_path, record):
    made = journal(tmp_path)
    made.close()
    made.close()
    assert files(tmp_path) == []


def test_a_record_is_one_write(tmp_path, record):
    writes = []

    def write(fd, pieces):
        writes.append(len(pieces))
        return os.writev(fd, pieces)

    journal(tmp_path, write=write).append(record(), b"x" * 5_000_000)

    assert len(writes) == 1


def test_is_private(tmp_path, record):
    journal(tmp_path).append(record(), b"")
    assert next(tmp_path.iterdir()).stat().st_mode & 0o777 == 0o600


def test_gives_the_same_frames_until_they_are_kept_elsewhere(tmp_path, record):
    made = journal(tmp_path)
    reader = JournalReader(made)
    for name in "abc":
        made.append(record(name), b"")

    assert request_ids(reader.pending(2)) == ["a", "b"]
    assert request_ids(reader.pending(2)) == ["a", "b"]
    assert reader.taken == 0
    reader.forget()
    assert reader.taken == 2
    made.append(record("d"), b"")
    assert request_ids(reader.pending(5)) == ["c"]
    reader.forget()
    assert request_ids(reader.pending(5)) == ["d"]


def test_a_full_segment_is_closed_and_removed_once_all_of_it_is_taken_over(tmp_path, record):
    made = journal(tmp_path, segment_bytes=200)
    reader = JournalReader(made)
    for n in range(3):
        made.append(record(str(n)), b"x" * 200)
    assert len(files(tmp_path)) == 3

    assert request_ids(reader.pending(10)) == ["0"]
    assert len(files(tmp_path)) == 3  # not kept elsewhere yet
    reader.forget()
    assert request_ids(reader.pending(10)) == ["1"]
    assert len(files(tmp_path)) == 2
    read_all(reader)
    assert files(tmp_path) == []
    made.append(record("3"), b"")
    assert request_ids(read_all(reader)) == ["3"]


def test_the_next_process_finds_what_was_left(tmp_path, record):
    first = journal(tmp_path, segment_bytes=150)
    for n in range(3):
        first.append(record(str(n)), b"x" * 100)

    second = journal(tmp_path, sequence=3, segments=left_segments(tmp_path))
    second.append(record("3"), b"")

    assert request_ids(read_all(JournalReader(second))) == ["0", "1", "2", "3"]


# -- a full disk -------------------------------------------------------------------------------------------------------------


class Disk:
    """A disk with so much room; writes what fits, like a real one."""

    def __init__(self, room):
        self.room = room

    def write(self, fd, pieces):
        data = b"".join(pieces)[: self.room]
        if not data:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.room -= len(data)
        return os.write(fd, data)


@pytest.mark.parametrize("room", [0, 10, 150])
def test_a_full_disk_keeps_nothing_of_the_record_and_all_of_the_others(tmp_path, record, room):
    disk = Disk(1_000)
    made = journal(tmp_path, write=disk.write)
    made.append(record("a"), b"log")
    disk.room = room

    with pytest.raises(DiskFull, match="Free space"):
        made.append(record("b"), b"x" * 200)
    disk.room = 1_000
    assert made.append(record("c"), b"log") == 2

    reader = JournalReader(made)
    assert request_ids(read_all(reader)) == ["a", "c"]
    assert reader.damages == []


def test_a_disk_that_fails_otherwise_says_so(tmp_path, record):
    def write(fd, pieces):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with pytest.raises(StoreError, match="Input/output error"):
        journal(tmp_path, write=write).append(record(), b"")


# -- what a crash or a bad disk leaves ---------------------------------------------------------------------------------------


@pytest.fixture
def three(tmp_path, record):
    """The bytes of three frames, and where each begins."""
    made = journal(tmp_path)
    starts = []
    for name in "abc":
        starts.append(made._segment.end)
        made.append(record(name), f"log of {name}".encode())
    return next(tmp_path.iterdir()).read_bytes(), starts


def read(data):
    reports = []
    return request_ids(frames(data, reports.append)), reports


def test_a_frame_cut_off_at_the_end_is_passed_over_in_silence(three):
    data, (_, _, last) = three
    for end in range(last, len(data)):
        assert read(data[:end]) == (["a", "b"], [])


def test_a_changed_byte_loses_its_own_frame_only_and_is_told(three):
    data, (_, second, last) = three
    for at in range(second, last):
        changed = bytearray(data)
        changed[at] ^= 0x5A
        found, reports = read(bytes(changed))
        assert found == ["a", "c"]
        assert len(reports) == 1
        assert f"{last - second} bytes at {second} are damaged" in reports[0]


def test_a_changed_byte_in_the_last_frame_is_told_unless_it_looks_cut_off(three):
    data, (_, _, last) = three
    changed = bytearray(data)
    changed[-1] ^= 1

    found, reports = read(bytes(changed))

    assert found == ["a", "b"]
    assert reports == [f"{len(data) - last} bytes at {last} are damaged, up to the end; records in them are lost"]


def test_rubbish_is_skipped(three):
    data, _ = three
    found, reports = read(b"\0" * 50 + data + b"rubbish that is longer than a frame's head is")
    assert found == ["a", "b", "c"]
    assert len(reports) == 2


def test_a_log_that_looks_like_frames_is_only_a_log(three, tmp_path, record):
    data, _ = three
    made = journal(tmp_path, sequence=10)
    made.append(record("d"), data)
    assert read((tmp_path / f"{11:020d}.journal").read_bytes()) == (["d"], [])


def test_a_segment_of_a_later_engine_at_the_same_path_is_left_alone(tmp_path, record):
    """The home was removed while its engine ran, and used again: the former engine takes nothing away from the new one."""
    former = Journal(tmp_path)
    former.append(record(), b"log")
    reader = JournalReader(former)
    assert len(reader.pending(10)) == 1
    reader.forget()
    former.close()
    path = former.segments[0].path
    path.rename(tmp_path / "removed")  # keeps its inode, which a new file could get else
    path.write_bytes(b"another engine's")

    assert reader.pending(10) == []
    assert path.read_bytes() == b"another engine's"
