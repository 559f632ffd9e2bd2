"""A deployment package's files from its zip, whoever made the zip.

A zip is a stranger's file: member names may climb out of the folder, symbolic links may point out of it, sizes may lie, and a few
kilobytes may unfold into terabytes. Nothing of that is believed: names are taken apart, links are made last and then resolved, and
what is written is counted. The target is a folder nobody else sees yet, so whoever fails just removes it.

Modes: the executable bits are kept and every write bit is dropped (files 0444 or 0555, folders 0555): a version never changes, also
where nothing but modes stands between a handler and its package.
"""

from __future__ import annotations

import errno
import os
import stat
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Final

from jupyter_lambda.errors import InvalidZip, PackageTooLarge
from jupyter_lambda.model import limits

if TYPE_CHECKING:
    from collections.abc import Iterable

_PIECE: Final = 1024 * 1024
_MEMBERS_MAX: Final = 500_000
_LINK_BYTES_MAX: Final = 4_096
_LOCAL_HEAD: Final = struct.Struct("<4s22xHH")  # signature … length of the name, length of the extra field (APPNOTE 4.3.7)
_AWS_MESSAGE: Final = "Could not unzip uploaded file. Please check your file, then try to upload again."


def extract(archive: IO[bytes], target: Path, *, bytes_max: int = limits.NOTEBOOK_PACKAGE_BYTES_MAX) -> None:
    """Write the package's files below `target`, an empty folder.

    Raises:
        InvalidZip: It is no zip, or a member can't be what it says it is (InvalidZipFileException).
        PackageTooLarge: Its files are above `bytes_max`, by what it declares or by what came out.
        OSError: The disk's.
    """
    try:
        with zipfile.ZipFile(archive) as package:
            members = package.infolist()
            _check_size(members, bytes_max)
            links = _write_files(package, members, target, bytes_max)
            _make_links(links, target)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, NotImplementedError, struct.error) as error:
        raise _invalid("package", str(error) or "it can't be read") from error
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        raise _invalid("package", "a member's name is longer than this file system takes") from error
    _close_folders(target)


def _invalid(where: str, what: str) -> InvalidZip:
    return InvalidZip(where, what, "Make the zip again with plain files and folders.", aws_message=_AWS_MESSAGE)


def _too_large(bytes_max: int) -> PackageTooLarge:
    return PackageTooLarge(
        "package", f"its files are larger than {bytes_max:,} bytes in all", "Mount large folders instead (--mount HOST[:PATH])."
    )


def _check_size(members: list[zipfile.ZipInfo], bytes_max: int) -> None:
    if sum(member.file_size for member in members) > bytes_max:
        raise _too_large(bytes_max)
    if len(members) > _MEMBERS_MAX:
        raise PackageTooLarge(
            "package", f"{len(members):,} files", f"{_MEMBERS_MAX:,} are the most; mount folders instead (--mount)."
        )


def _write_files(
    package: zipfile.ZipFile, members: Iterable[zipfile.ZipInfo], target: Path, bytes_max: int
) -> list[tuple[Path, str]]:
    """Write all but symbolic links; returns those as (path, what it points to)."""
    links = []
    left = bytes_max
    for member in members:
        if member.is_dir() and not PurePosixPath(member.filename).parts:
            continue  # "./", the package itself
        path = target / _relative(member.filename)
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind == stat.S_IFLNK and member.create_system == 3:
            links.append((path, _link_target(package, member)))
        elif kind not in (0, stat.S_IFREG, stat.S_IFDIR) and member.create_system == 3:
            raise _invalid(f'package member "{member.filename}"', "it is neither a file nor a folder")
        elif member.is_dir():
            _make_folder(path, member.filename)
        else:
            _make_folder(path.parent, member.filename)
            left -= _write_file(package, member, path, left)
            if left < 0:
                raise _too_large(bytes_max)
    return links


def _relative(name: str) -> PurePosixPath:
    """A member's path below the folder: never absolute, never upwards."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in name:
        raise _invalid(f'package member "{name}"', "its path leads out of the package")
    return path


def _make_folder(path: Path, member: str) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise _invalid(f'package member "{member}"', "a file stands where its folder has to be") from error


def _write_file(package: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path, bytes_max: int) -> int:
    """Write one file, returns its size; stops behind `bytes_max`."""
    if member.flag_bits & 0x1:
        raise _invalid(f'package member "{member.filename}"', "it is encrypted")
    try:
        path.unlink(missing_ok=True)  # the same name twice: the later one holds, as with unzip
    except (IsADirectoryError, PermissionError) as error:
        raise _invalid(f'package member "{member.filename}"', "a folder stands where it has to be") from error
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb", buffering=0) as file:
        os.fchmod(fd, 0o555 if member.external_attr >> 16 & 0o111 else 0o444)
        if member.compress_type == zipfile.ZIP_STORED and _copy_stored(package, member, fd):
            return member.file_size
        return _copy_out(package, member, file, bytes_max)


def _copy_out(package: zipfile.ZipFile, member: zipfile.ZipInfo, file: IO[bytes], bytes_max: int) -> int:
    written = 0
    with package.open(member) as source:
        while piece := source.read(_PIECE):
            written += len(piece)
            if written > bytes_max:  # more than it declared
                break
            _write_all(file.fileno(), piece)
    return written


def _write_all(fd: int, piece: bytes) -> None:
    view = memoryview(piece)
    while view:
        view = view[os.write(fd, view) :]


def _copy_stored(package: zipfile.ZipFile, member: zipfile.ZipInfo, fd: int) -> bool:
    """Copy a member that isn't compressed inside the kernel (shared blocks on some file systems); False where that can't be.

    Its CRC is not looked at: the whole archive's SHA-256 was verified before.
    """
    if not hasattr(os, "copy_file_range") or member.file_size != member.compress_size or package.fp is None:
        return False
    try:
        source = package.fp.fileno()
    except OSError:
        return False  # an archive in memory
    head = os.pread(source, _LOCAL_HEAD.size, member.header_offset)
    signature, name_bytes, extra_bytes = _LOCAL_HEAD.unpack(head)
    if signature != b"PK\x03\x04":
        raise zipfile.BadZipFile(f"no header for {member.filename!r}")
    offset, left = member.header_offset + _LOCAL_HEAD.size + name_bytes + extra_bytes, member.file_size
    if offset + left > os.fstat(source).st_size:
        raise zipfile.BadZipFile(f"{member.filename!r} is cut off")
    while left:
        try:
            copied = os.copy_file_range(source, fd, left, offset)
        except OSError as error:
            if error.errno in (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP) and left == member.file_size:
                return False
            raise
        if copied == 0:
            raise zipfile.BadZipFile(f"{member.filename!r} is cut off")
        offset, left = offset + copied, left - copied
    return True


def _link_target(package: zipfile.ZipFile, member: zipfile.ZipInfo) -> str:
    with package.open(member) as source:
        target = os.fsdecode(source.read(_LINK_BYTES_MAX))
    if not target or "\0" in target or target.startswith("/"):
        raise _invalid(f'package member "{member.filename}"', "a symbolic link that points out of the package")
    return target


def _make_links(links: list[tuple[Path, str]], target: Path) -> None:
    """Make the links, then follow each: a link may lead through others, so only the whole shows where one ends."""
    for path, points_to in links:
        _make_folder(path.parent, path.name)
        try:
            path.symlink_to(points_to)
        except FileExistsError as error:
            raise _invalid(f'package member "{path.name}"', "two members have this path") from error
    root = os.path.realpath(target)
    for path, _ in links:
        where = f'package member "{path.relative_to(target)}"'
        if not Path(os.path.realpath(path)).is_relative_to(root):
            raise _invalid(where, "a symbolic link that points out of the package")


def _close_folders(target: Path) -> None:
    for folder, _, _ in os.walk(target, topdown=False):
        Path(folder).chmod(0o555)
