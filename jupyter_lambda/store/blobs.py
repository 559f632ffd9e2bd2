"""Packages by their hash, on disk: `blobs/ab/<sha256>` as uploaded, `tasks/<sha256>/` as the worker sees it.

A blob is written to a draft in its final folder, flushed, renamed, and the folder flushed: a name that exists is whole. A folder of
files is extracted beside its place and renamed too; it isn't flushed, so `tasks/<sha256>.complete` names the boot in which it was
made, and after a crash of the machine it is simply extracted again. A blob whose bytes are no longer those of its name is moved
aside (`.damaged`), so that the next upload brings a good one.

Everything here blocks: the store calls it in threads of its own. `now` is the engine's clock, in epoch seconds; it goes into the
files' times, where `collect` finds it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

from jupyter_lambda.errors import CorruptBlob, RequestError, StoreError
from jupyter_lambda.model import limits
from jupyter_lambda.store import faults, zip_package
from jupyter_lambda.store.location import make_private_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEPT_AFTER_UPLOAD_SECONDS: Final = 3_600.0
_PIECE: Final = 1024 * 1024
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_DRAFT: Final = ".draft"
_DAMAGED: Final = ".damaged"
_COMPLETE: Final = ".complete"


def check_sha256(sha256: str) -> str:
    """Return the hash if it is one; it becomes a path, so nothing else passes (InvalidParameterValueException)."""
    if not _SHA256.fullmatch(sha256):
        raise RequestError(f'package hash "{sha256[:80]}"', "a SHA-256 is 64 digits 0–9 and a–f", "")
    return sha256


def corrupt(sha256: str, what: str) -> CorruptBlob:
    """The error for a package that isn't what it should be."""
    return CorruptBlob(f"package {sha256[:12]}…", what, "Run the cell that made it again: the package is uploaded anew.")


class BlobFolder:
    """The packages of one home.

    Args:
        folder: Where `blobs` and `tasks` stand.
        write: `os.write`, or what a test puts in its place.
        extracted_bytes_max: How much a package may unfold to.
    """

    def __init__(
        self,
        folder: Path,
        *,
        write: Callable[[int, memoryview], int] = os.write,
        extracted_bytes_max: int = limits.NOTEBOOK_PACKAGE_BYTES_MAX,
    ) -> None:
        self._blobs = folder / "blobs"
        self._tasks = folder / "tasks"
        self._write = write
        self._extracted_bytes_max = extracted_bytes_max
        self._boot = _boot_id()

    def prepare(self) -> None:
        """Make the folders, and remove what an earlier process left half done."""
        make_private_folder(self._blobs)
        make_private_folder(self._tasks)
        for path in (*self._blobs.glob(f"*/*{_DRAFT}"), *self._tasks.glob(f"*{_DRAFT}")):
            _remove(path)

    def has(self, sha256: str, now: float) -> bool:
        """Whether the package is kept; one that is asked for isn't collected for an hour, so a deployment may count on it."""
        try:
            os.utime(self._path(sha256), (now, now))
        except FileNotFoundError:
            return False
        return True

    def size(self, sha256: str) -> int:
        """The package's size in bytes (CorruptBlob when it is missing)."""
        try:
            return self._path(sha256).stat().st_size
        except FileNotFoundError:
            raise corrupt(sha256, "it is missing") from None

    def draft(self, sha256: str) -> Draft:
        """Begin an upload."""
        return Draft(self._path(sha256), self._write)

    def put(self, data: bytes, sha256: str, now: float) -> None:
        """Keep a package that is in memory (CorruptBlob, DiskFull)."""
        if hashlib.sha256(data).hexdigest() != check_sha256(sha256):
            raise corrupt(sha256, "the bytes that arrived have another checksum")
        if self.has(sha256, now) and self._path(sha256).stat().st_size == len(data):
            return
        draft = self.draft(sha256)
        draft.write(data)
        draft.finish(now)

    def read(self, sha256: str) -> bytes:
        """The package's bytes, verified (CorruptBlob)."""
        path = self._path(sha256)
        try:
            data = path.read_bytes()
        except FileNotFoundError as error:
            raise corrupt(sha256, "it is missing") from error
        except OSError as error:
            raise faults.from_os(error, path) from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise self._put_aside(sha256)
        return data

    def extract(self, sha256: str, now: float) -> Path:
        """The folder with the package's files, made if it isn't there.

        Raises:
            CorruptBlob: The package is missing or damaged.
            InvalidZip, PackageTooLarge: It isn't a package.
            DiskFull, StoreError: It can't be written; nothing is left behind.
        """
        target, marker = self._tasks / check_sha256(sha256), self._tasks / f"{sha256}{_COMPLETE}"
        try:
            if target.is_dir() and marker.read_text() == self._boot:
                os.utime(marker, (now, now))
                return target
        except FileNotFoundError:
            pass  # no marker: half done, or the machine crashed
        draft = self._tasks / f"{sha256}.{secrets.token_hex(4)}{_DRAFT}"
        try:
            _remove(target)
            draft.mkdir(mode=0o700)
            self._extract_to(draft, sha256)
            draft.rename(target)
            marker.write_text(self._boot)
            marker.chmod(0o600)
            os.utime(marker, (now, now))
        except OSError as error:
            raise faults.from_os(error, self._tasks) from error
        finally:
            _remove(draft)
        return target

    def collect(self, used: frozenset[str], now: float) -> int:
        """Remove packages and folders that aren't `used` and weren't asked for in the last hour; returns the bytes freed."""
        freed = 0
        for path in list(self._blobs.glob("*/*")):
            if path.name not in used and self._is_old(path, now):
                freed += path.stat().st_size
                path.unlink(missing_ok=True)
        for folder in list(self._tasks.iterdir()):
            marker = folder.with_name(f"{folder.name}{_COMPLETE}")
            if folder.name in used or folder.suffix or (marker.exists() and not self._is_old(marker, now)):
                continue
            freed += _bytes_below(folder)
            marker.unlink(missing_ok=True)  # first: a folder without its marker counts as half done
            _remove(folder)
        return freed

    def _path(self, sha256: str) -> Path:
        return self._blobs / check_sha256(sha256)[:2] / sha256

    def _extract_to(self, draft: Path, sha256: str) -> None:
        try:
            with self._path(sha256).open("rb") as archive:
                if hashlib.file_digest(archive, "sha256").hexdigest() != sha256:
                    raise self._put_aside(sha256)
                archive.seek(0)
                zip_package.extract(archive, draft, bytes_max=self._extracted_bytes_max)
        except FileNotFoundError as error:
            raise corrupt(sha256, "it is missing") from error

    def _put_aside(self, sha256: str) -> CorruptBlob:
        path = self._path(sha256)
        with contextlib.suppress(OSError):  # a read-only home: the error below says enough
            path.rename(path.with_name(f"{path.name}{_DAMAGED}"))
        return corrupt(sha256, "its bytes changed on disk: the checksum is another one")

    def _is_old(self, path: Path, now: float) -> bool:
        try:
            return now - path.stat().st_mtime > KEPT_AFTER_UPLOAD_SECONDS
        except FileNotFoundError:
            return False


class Draft:
    """A package on its way in; nothing of it is visible before `finish`. A failure removes it."""

    def __init__(self, path: Path, write: Callable[[int, memoryview], int]) -> None:
        self._path = path
        self._write = write
        self._hash = hashlib.sha256()
        self._size = 0
        self._draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}{_DRAFT}")
        self._fd = -1
        self._is_over = False

    def write(self, piece: bytes) -> None:
        """Add a piece (DiskFull)."""
        if self._is_over:
            raise StoreError(f"package {self._path.name[:12]}…", "its upload has ended", "Begin another one.")
        with self._removed_on_failure():
            if self._fd < 0:
                make_private_folder(self._path.parent)
                self._fd = os.open(self._draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            view = memoryview(piece)
            while view:
                written = self._write(self._fd, view[:_PIECE])
                view = view[written:]
        self._hash.update(piece)
        self._size += len(piece)

    def finish(self, now: float) -> int:
        """Verify the hash, flush, make it visible; returns its size in bytes (CorruptBlob, DiskFull)."""
        self.write(b"")  # makes the file of an empty upload
        if self._hash.hexdigest() != self._path.name:
            self.abort()
            raise corrupt(self._path.name, "the bytes that arrived have another checksum")
        with self._removed_on_failure():
            os.utime(self._fd, (now, now))
            os.fsync(self._fd)
            os.close(self._fd)
            self._fd = -1
            self._is_over = True
            self._draft.rename(self._path)
            _flush_folder(self._path.parent)
            _flush_folder(self._path.parent.parent)
        return self._size

    def abort(self) -> None:
        """Forget it. Safe to call twice."""
        self._is_over = True
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        self._draft.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _removed_on_failure(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.abort()
            raise faults.from_os(error, self._path.parent) from error


def _flush_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:  # macOS
        return str(psutil.boot_time())


def _bytes_below(folder: Path) -> int:
    return sum(Path(top, name).lstat().st_size for top, _, names in os.walk(folder) for name in names)


def _remove(path: Path) -> None:
    """Remove a file, or a folder whose folders may be read-only; what isn't there is no error."""
    if path.is_dir() and not path.is_symlink():
        path.chmod(0o700)
        for top, folders, _ in os.walk(path):
            for name in folders:
                folder = Path(top, name)
                if not folder.is_symlink():
                    folder.chmod(0o700)
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
