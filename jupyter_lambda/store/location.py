"""Where the engine's state stands: in the home, unless the home is on a network file system.

SQLite's write-ahead log needs memory shared between processes and locks that hold; NFS and its like give neither (SQLite, "Write-Ahead
Logging", section 1). State of such a home goes to a folder of this machine, named after the home, and `StateLocation.sentence` says so.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import platformdirs
import psutil

from jupyter_lambda.errors import StoreError
from jupyter_lambda.store import faults

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_NETWORK: Final = frozenset(
    {
        "nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "afs", "afpfs", "webdav", "davfs", "ncpfs", "lustre", "gpfs",
        "beegfs", "ceph", "glusterfs", "pvfs2", "orangefs", "panfs", "ocfs2", "gfs2", "coda", "acfs", "wekafs", "9p", "v9fs",
    }
)  # fmt: skip
# Kinds of FUSE that lie on a local disk: rootless containers have their root on the first.
_LOCAL_FUSE: Final = frozenset({"fuse.fuse-overlayfs", "fuse.gocryptfs", "fuse.encfs", "fuse.bindfs", "fuse.mergerfs"})


class Mount(NamedTuple):
    """A mounted file system: where, and of which kind."""

    point: Path
    kind: str


class StateLocation(msgspec.Struct, frozen=True, kw_only=True):
    """Where the state of a home stands, and why."""

    home: Path
    folder: Path
    file_system: str  # the home's, e.g. "ext4"
    is_elsewhere: bool  # not in the home
    sentence: str  # for people: what follows from it

    @property
    def is_at_risk(self) -> bool:
        """Whether the state itself stands on a network file system, because no local folder could take it."""
        return not self.is_elsewhere and is_network(self.file_system)


def read_mounts() -> list[Mount]:
    """The file systems mounted here, later ones on top of earlier ones."""
    try:
        text = Path("/proc/self/mountinfo").read_text(errors="surrogateescape")
    except OSError:  # macOS
        return [Mount(Path(p.mountpoint), p.fstype) for p in psutil.disk_partitions(all=True)]
    return parse_mountinfo(text)


def parse_mountinfo(text: str) -> list[Mount]:
    """The mounts in the text of `/proc/self/mountinfo` (proc_pid_mountinfo(5))."""
    mounts = []
    for line in text.splitlines():
        fields, separator, rest = line.partition(" - ")
        if separator:
            mounts.append(Mount(Path(_unescape(fields.split(" ")[4])), rest.split(" ")[0]))
    return mounts


def _unescape(text: str) -> str:
    """Space, tab, newline and backslash stand as octal numbers in mountinfo."""
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, character)
    return text


def file_system_of(path: Path, mounts: Sequence[Mount]) -> str:
    """The kind of the file system that holds `path` (which need not exist yet); "unknown" if no mount does."""
    found = Mount(Path("/"), "unknown")
    for mount in mounts:
        if path.is_relative_to(mount.point) and len(mount.point.parts) >= len(found.point.parts):
            found = mount
    return found.kind


def is_network(kind: str) -> bool:
    """Whether a file system of this kind may lie on another machine."""
    return kind in _NETWORK or (kind.startswith("fuse.") and kind not in _LOCAL_FUSE)


def local_folders() -> list[Path]:
    """Where state can go on this machine, best first: a hub's user folders are often on the network too, `/var/tmp` is not."""
    own = f"jupyter-lambda-{os.getuid()}"
    return [
        Path(platformdirs.user_state_dir("jupyter-lambda")),
        Path("/var/tmp") / own,  # noqa: S108  made 0700, and refused if it is somebody else's
        Path(tempfile.gettempdir()) / own,
    ]


def locate_state(
    home: Path,
    *,
    mounts: Callable[[], Sequence[Mount]] = read_mounts,
    candidates: Callable[[], Sequence[Path]] = local_folders,
) -> StateLocation:
    """Decide where the state of `home` stands; makes nothing.

    The same home gives the same folder as long as the machine's mounts stay as they are.
    """
    home = Path(os.path.realpath(home.expanduser()))
    mounted = mounts()
    kind = file_system_of(home, mounted)
    if not is_network(kind):
        return StateLocation(
            home=home, folder=home, file_system=kind, is_elsewhere=False, sentence=f"State stands in {home} ({kind})."
        )
    for candidate in candidates():
        folder = Path(os.path.realpath(candidate))
        if not is_network(file_system_of(folder, mounted)) and _is_ours(folder):
            folder /= hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
            return StateLocation(
                home=home, folder=folder, file_system=kind, is_elsewhere=True,
                sentence=f"{home} is on a network file system ({kind}), where SQLite's locks don't hold: functions, packages and logs "
                f"stand in {folder} on this machine, and other machines don't see them.",
            )  # fmt: skip
    return StateLocation(
        home=home, folder=home, file_system=kind, is_elsewhere=False,
        sentence=f"State stands in {home} on a network file system ({kind}), because no local folder can take it: use it from one "
        "machine at a time, or set JUPYTER_LAMBDA_HOME to a local folder.",
    )  # fmt: skip


def _is_ours(folder: Path) -> bool:
    """Whether the folder can be made by us, or is ours alone to write: a stranger may have made it ready in a shared place."""
    try:
        status = folder.lstat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o022


def make_state_folder(location: StateLocation) -> None:
    """Make the folder for the state. A home that exists keeps its mode (it may be any folder); what stands in it is private.

    Raises:
        DiskFull, StoreError: It can't be made, or a folder outside the home is somebody else's.
    """
    if location.is_elsewhere:
        make_private_folder(location.folder.parent)
        make_private_folder(location.folder)
        return
    try:
        location.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise faults.from_os(error, location.folder) from error


def make_private_folder(folder: Path) -> None:
    """Make a folder for its owner alone, 0700.

    Raises:
        DiskFull, StoreError: It can't be made, or is somebody else's.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
            raise StoreError(f'folder "{folder}"', "it belongs to somebody else", "Choose another home (--home DIR).")
        if stat.S_IMODE(status.st_mode) & 0o077:
            folder.chmod(0o700)
    except OSError as error:
        raise faults.from_os(error, folder) from error
