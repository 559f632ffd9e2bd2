"""Which home an engine serves, and where the files of one host stand inside it.

A home belongs to one user and may be seen by many hosts (a network file system), so whatever belongs to a running process stands in a
folder named after the host: `<home>/run/<host>/`.
"""

from __future__ import annotations

import hashlib
import os
import re
import socket
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jupyter_lambda.client.os_errors import store_error
from jupyter_lambda.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

HOME_VARIABLE: Final = "JUPYTER_LAMBDA_HOME"


def home_folder(home: str | os.PathLike[str] | None = None, environ: Mapping[str, str] | None = None) -> Path:
    """Return the home to use, absolute: the argument, else `$JUPYTER_LAMBDA_HOME`, else `lambda/` in Jupyter's data folder."""
    chosen = os.fspath(home) if home else (os.environ if environ is None else environ).get(HOME_VARIABLE, "")
    if not chosen:
        from jupyter_core.paths import jupyter_data_dir  # 20 ms that nobody pays who names a home

        chosen = os.path.join(jupyter_data_dir(), "lambda")  # noqa: PTH118 - made absolute as text below
    return Path(os.path.abspath(os.path.expanduser(chosen)))  # noqa: PTH100, PTH111 - Path.absolute keeps `..`


def host_name() -> str:
    """This host's name as the runtime file has it."""
    return socket.gethostname() or "localhost"


def home_id(home: str | os.PathLike[str]) -> str:
    """A name for a home on this host that tells nothing of either: it stands in saved notebooks."""
    return hashlib.sha256(f"{host_name()}\0{os.fspath(home)}".encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The files of one home's engine on one host."""

    home: Path
    host: str

    @property
    def folder(self) -> Path:
        """Where they stand."""
        return self.home / "run" / re.sub(r"[^A-Za-z0-9._-]|^\.+", "-", self.host)

    @property
    def runtime_file(self) -> Path:
        """What clients read; see `model.runtime_file`."""
        return self.folder / "engine.json"

    @property
    def ending_file(self) -> Path:
        """What the runtime file is called once its engine takes no more clients: who waits for its end, or cuts it short, reads it."""
        return self.folder / "ending.json"

    @property
    def log(self) -> Path:
        """What the engine says, and its standard error."""
        return self.folder / "engine.log"

    @property
    def start_lock(self) -> Path:
        """Held by whoever starts an engine, so that ten starters start one."""
        return self.folder / "start.lock"

    def make(self) -> None:
        """Make the folder, for its owner alone.

        A home that is there already and has other things in it keeps its mode (it may be a folder that the user shares); what stands
        inside is closed to others by its own mode.

        Raises:
            StoreError, DiskFull: It can't be made, or belongs to somebody else.
        """
        try:
            self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not any(self.home.iterdir()):
                self.home.chmod(0o700)
            for folder in (self.home / "run", self.folder):
                folder.mkdir(exist_ok=True, mode=0o700)
                _close_to_others(folder)
        except OSError as error:
            raise store_error(error, f'engine home "{self.home}"') from error


def run_folder(home: Path) -> RunFolder:
    """The folder of this host in a home."""
    return RunFolder(home, host_name())


def _close_to_others(folder: Path) -> None:
    """See that a folder that was there already is ours alone."""
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise StoreError(
            f'folder "{folder}"',
            "it is not a folder of yours, and an engine keeps its secrets there",
            "Remove it, or choose another home with --home or JUPYTER_LAMBDA_HOME.",
        )
    if found.st_mode & 0o077:
        folder.chmod(0o700)
