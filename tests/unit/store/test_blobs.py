"""Packages on disk: whole or not there, noticed when they rot, extracted once, collected in time."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import random
import zipfile

import pytest

from jupyter_lambda.errors import CorruptBlob, DiskFull, PackageTooLarge, StoreError
from jupyter_lambda.store.blobs import BlobFolder

NOW = 1_795_600_800.0


def zipped(**files):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as package:
        for name, content in files.items():
            package.writestr(f"{name}/file.txt", content)
    return made.getvalue()


DATA = zipped(a="hello", b="world")
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def blobs(tmp_path):
    return prepared(tmp_path)


def prepared(folder, **settings):
    made = BlobFolder(folder, **settings)
    made.prepare()
    return made


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def blob_file(folder):
    return folder / "blobs" / SHA256[:2] / SHA256


def test_everything_is_private(blobs, tmp_path):
    blobs.put(DATA, SHA256, NOW)
    blobs.extract(SHA256, NOW)

    assert blob_file(tmp_path).stat().st_mode & 0o777 == 0o600
    for folder in ("blobs", f"blobs/{SHA256[:2]}", "tasks"):
        assert (tmp_path / folder).stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "tasks" / f"{SHA256}.complete").stat().st_mode & 0o777 == 0o600


def test_putting_what_is_there_writes_nothing(tmp_path):
    writes = []

    def write(fd, piece):
        writes.append(len(piece))
        return os.write(fd, piece)

    blobs = prepared(tmp_path, write=write)
    blobs.put(DATA, SHA256, NOW)
    blobs.put(DATA, SHA256, NOW)
    assert sum(writes) == len(DATA)


def test_an_upload_is_invisible_until_it_is_whole(blobs, tmp_path):
    draft = blobs.draft(SHA256)
    draft.write(DATA[:10])
    assert not blobs.has(SHA256, NOW)
    draft.write(DATA[10:])
    assert not blobs.has(SHA256, NOW)
    assert draft.finish(NOW) == len(DATA)
    assert blobs.has(SHA256, NOW)
    assert files(tmp_path) == [f"blobs/{SHA256[:2]}/{SHA256}"]


def test_what_a_dead_process_left_half_done_is_removed(blobs, tmp_path):
    blobs.draft(SHA256).write(DATA)
    half = tmp_path / "tasks" / f"{SHA256}.abcd.draft" / "sub"
    half.mkdir(parents=True)
    half.chmod(0o555)

    prepared(tmp_path)

    assert files(tmp_path) == []
    assert list((tmp_path / "tasks").iterdir()) == []


@pytest.mark.parametrize("room", [0, 50])
def test_a_full_disk_leaves_nothing_behind(tmp_path, room):
    left = room

    def write(fd, piece):
        nonlocal left
        if not left:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = os.write(fd, piece[:left])
        left -= written
        return written

    blobs = prepared(tmp_path, write=write)
    with pytest.raises(DiskFull, match="Free space"):
        blobs.put(DATA, SHA256, NOW)
    assert files(tmp_path) == []
    left = 10_000
    blobs.put(DATA, SHA256, NOW)
    assert blobs.read(SHA256) == DATA


def test_a_failed_upload_takes_no_more(blobs):
    draft = blobs.draft(SHA256)
    draft.write(b"wrong")
    with pytest.raises(CorruptBlob):
        draft.finish(NOW)
    with pytest.raises(StoreError, match="ended"):
        draft.write(DATA)


@pytest.mark.parametrize("ask", ["read", "extract"])
def test_a_package_that_rotted_is_noticed_and_can_be_brought_anew(blobs, tmp_path, ask):
    blobs.put(DATA, SHA256, NOW)
    rotten = bytearray(DATA)
    rotten[40] ^= 1
    blob_file(tmp_path).write_bytes(rotten)

    with pytest.raises(CorruptBlob, match=r"checksum is another one\. Run the cell that made it again"):
        blobs.read(SHA256) if ask == "read" else blobs.extract(SHA256, NOW)

    assert not blobs.has(SHA256, NOW)  # so the client uploads it
    blobs.put(DATA, SHA256, NOW)
    assert blobs.read(SHA256) == DATA
    assert (blobs.extract(SHA256, NOW) / "a/file.txt").read_text() == "hello"


def test_extracts_once(blobs, tmp_path):
    blobs.put(DATA, SHA256, NOW)
    first = blobs.extract(SHA256, NOW)
    blob_file(tmp_path).unlink()  # not needed again

    assert blobs.extract(SHA256, NOW) == first == tmp_path / "tasks" / SHA256


@pytest.mark.parametrize("state", ["no marker", "another boot"])
def test_a_folder_that_may_be_half_written_is_extracted_again(blobs, tmp_path, state):
    blobs.put(DATA, SHA256, NOW)
    folder = blobs.extract(SHA256, NOW)
    marker = tmp_path / "tasks" / f"{SHA256}.complete"
    marker.unlink() if state == "no marker" else marker.write_text("0000")
    (folder / "a").chmod(0o700)
    (folder / "a" / "file.txt").unlink()

    assert (blobs.extract(SHA256, NOW) / "a/file.txt").read_text() == "hello"


def test_a_package_that_unfolds_too_far_leaves_nothing(tmp_path):
    blobs = prepared(tmp_path, extracted_bytes_max=9)
    blobs.put(DATA, SHA256, NOW)
    with pytest.raises(PackageTooLarge):
        blobs.extract(SHA256, NOW)
    assert list((tmp_path / "tasks").iterdir()) == []


def test_a_large_package_is_neither_read_whole_nor_slow(blobs):
    big = random.Random(3).randbytes(20_000_000)
    data = zipped(model=big)
    sha256 = hashlib.sha256(data).hexdigest()
    blobs.put(data, sha256, NOW)
    assert (blobs.extract(sha256, NOW) / "model/file.txt").read_bytes() == big


def test_collects_what_is_neither_used_nor_new(blobs, tmp_path):
    data = {name: zipped(x=name) for name in ("used", "old", "new")}
    sha = {name: hashlib.sha256(content).hexdigest() for name, content in data.items()}
    for name in data:
        blobs.put(data[name], sha[name], NOW - 3601 if name != "new" else NOW - 3599)
        blobs.extract(sha[name], NOW - 3601 if name != "new" else NOW - 3599)

    freed = blobs.collect(frozenset({sha["used"]}), NOW)

    assert freed == len(data["old"]) + len("old")
    assert {path.name for path in (tmp_path / "tasks").iterdir() if path.is_dir()} == {sha["used"], sha["new"]}
    assert not blobs.has(sha["old"], NOW)
    assert blobs.has(sha["used"], NOW)
    assert blobs.has(sha["new"], NOW)
    assert files(tmp_path / "tasks") == sorted(
        name for s in (sha["used"], sha["new"]) for name in (f"{s}.complete", f"{s}/x/file.txt")
    )


def test_a_folder_in_use_by_a_new_environment_is_not_collected(blobs):
    blobs.put(DATA, SHA256, NOW - 9999)
    blobs.extract(SHA256, NOW - 9999)
    folder = blobs.extract(SHA256, NOW)  # an environment starts

    blobs.collect(frozenset(), NOW + 60)

    assert folder.is_dir()


def test_removing_follows_no_link(blobs, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o755)
    (outside / "kept").write_text("x")
    folder = tmp_path / "tasks" / ("f" * 64)
    folder.mkdir()
    (folder / "link").symlink_to(outside)

    blobs.collect(frozenset(), NOW)

    assert not folder.exists()
    assert (outside / "kept").read_text() == "x"
    assert outside.stat().st_mode & 0o777 == 0o755
