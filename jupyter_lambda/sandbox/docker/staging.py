"""A folder that a waiting container has mounted as `/var/task`, filled when it is known whose container it is.

Files are linked, not copied, where both folders are on one file system: a package with a model of gigabytes costs a link. Nobody writes
through the links: the container sees the folder read-only, and packages are stored read-only.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def make_staging(folder: Path) -> Path:
    """Make the empty folder."""
    folder.mkdir(parents=True, mode=0o755)
    folder.chmod(0o755)  # whatever the umask: the container's user is another one, and the folder above is ours alone
    return folder


def fill_staging(staging: Path, package: Path) -> None:
    """Put a package's files into it.

    Raises:
        OSError: A file could not be read or linked, or the disk is full.
    """
    for entry in os.scandir(package):
        target = staging / entry.name
        if entry.is_symlink():
            target.symlink_to(os.readlink(entry.path))  # noqa: PTH115 - as it is written
        elif entry.is_dir():
            fill_staging(make_staging(target), Path(entry.path))
        else:
            _link(entry.path, target)


def _link(source: str, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copy2(source, target)
