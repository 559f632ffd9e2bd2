"""Writing a package: a zip that is the same bytes for the same content, streamed, of any size.

Entries are sorted and carry one fixed time. Small ones are deflated; large ones are stored as they are, because models and
wheels don't shrink and a 10 GB file would take minutes. Nothing is held in memory whole.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jupyter_lambda.capture.failure import Refused
from jupyter_lambda.capture.report import Problem
from jupyter_lambda.model import limits

if TYPE_CHECKING:
    from collections.abc import Mapping

Entry = bytes | Path
_STORED_FROM_BYTES: Final = 1_000_000
_PIECE: Final = 1 << 20
_TIME: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class WrittenZip:
    """A package on disk."""

    path: Path
    sha256: str
    zipped_bytes: int
    unzipped_bytes: int


def write_zip(path: Path, entries: Mapping[str, Entry]) -> WrittenZip:
    """Write entries (bytes, or the path of a file) into a zip.

    Raises:
        Refused: The package is above 10 GB, a file vanished, or the disk is full.
    """
    unzipped = sum(len(e) if isinstance(e, bytes) else e.stat().st_size for e in entries.values())
    if unzipped > limits.NOTEBOOK_PACKAGE_BYTES_MAX:
        raise Refused(
            Problem(
                f"the package holds {unzipped / 1024**3:.1f} GB, and 10 GB is the most",
                "",
                "Show workers the folder instead: `--mount FOLDER`.",
            )
        )
    try:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True) as package:
            for name in sorted(entries):
                _write_entry(package, name, entries[name])
        return WrittenZip(path, file_sha256(path), path.stat().st_size, unzipped)
    except OSError as error:
        raise Refused(_disk_problem(error, path)) from error


def materialize(folder: Path, entries: Mapping[str, Entry]) -> None:
    """Lay the package out as a folder: small entries as files, files of the host as links to them."""
    for name, entry in entries.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(entry, bytes):
            target.write_bytes(entry)
        else:
            target.symlink_to(entry.resolve())


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, in hex, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_entry(package: zipfile.ZipFile, name: str, entry: Entry) -> None:
    info = zipfile.ZipInfo(name, _TIME)
    executable = isinstance(entry, Path) and os.access(entry, os.X_OK)
    info.external_attr = (stat.S_IFREG | (0o755 if executable else 0o644)) << 16
    size = len(entry) if isinstance(entry, bytes) else entry.stat().st_size
    info.compress_type = zipfile.ZIP_STORED if size >= _STORED_FROM_BYTES else zipfile.ZIP_DEFLATED
    info.file_size = size
    if isinstance(entry, bytes):
        package.writestr(info, entry)
        return
    with entry.open("rb") as source, package.open(info, "w", force_zip64=size >= 1 << 31) as target:
        shutil.copyfileobj(source, target, _PIECE)


def _disk_problem(error: OSError, path: Path) -> Problem:
    if error.errno == errno.ENOSPC:
        return Problem(
            "no space is left for the package", f"in {path.parent}", "Set TMPDIR to a folder with room, or use `--mount` instead."
        )
    return Problem("the package can't be written", str(error), "Check that the files are there and readable.")
