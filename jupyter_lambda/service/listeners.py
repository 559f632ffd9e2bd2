"""The two sockets on which an engine answers: TCP for everybody with a credential, a unix socket for its own clients."""

from __future__ import annotations

import errno
import hashlib
import os
import socket
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jupyter_lambda.client.os_errors import store_error
from jupyter_lambda.errors import EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

_BACKLOG: Final = 1_024
_SOCKET_PATH_BYTES: Final = 100  # sun_path holds 108 on Linux and 104 on macOS, its final zero included
_ANY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - recognised, not bound


@dataclass(frozen=True, slots=True)
class Listeners:
    """Listening sockets, to be served by the doors of `api`, and what has to go when they close."""

    tcp: socket.socket
    unix: socket.socket
    unix_path: Path
    url: str
    own_folder: Path | None = None  # a folder made for the unix socket alone
    unix_identity: tuple[int, int] | None = None  # device and inode of the path, once bound

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect by TCP."""
        address: str = self.tcp.getsockname()[0]
        return address == "::1" or address.startswith("127.")

    def close(self) -> None:
        """Close both and remove the unix socket with its folder. Safe to call twice."""
        self.tcp.close()
        self.unix.close()
        self.unlink()

    def unlink(self) -> None:
        """Remove the unix socket's path, so that nobody connects any more. Safe to call twice.

        A path that is another engine's by now is left alone: the home was removed, and then used again.
        """
        if _identity(self.unix_path) == self.unix_identity:
            self.unix_path.unlink(missing_ok=True)
        if self.own_folder is not None and self.own_folder.is_dir():
            self.own_folder.rmdir()


def open_listeners(host: str, port: int, folder: Path) -> Listeners:
    """Bind and listen on an address and on a unix socket in (or for) a folder.

    Raises:
        EngineUnavailable: The address is in use, not of this machine, or not allowed.
        StoreError, DiskFull: The unix socket can't be made.
    """
    tcp = _listen_tcp(host, port)
    try:
        own_folder = None if _fits(folder) else _short_folder(folder)
        path = (own_folder or folder) / "engine.sock"
        unix = _listen_unix(path)
    except OSError as error:
        tcp.close()
        raise store_error(error, f'unix socket for "{folder}"') from error
    except BaseException:
        tcp.close()
        raise
    return Listeners(tcp, unix, path, _url(tcp), own_folder, _identity(path))


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _listen_tcp(host: str, port: int) -> socket.socket:
    where = f"address {host}:{port}"
    try:
        family, _kind, _protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (socket.gaierror, UnicodeError) as error:
        raise EngineUnavailable(where, "no such address is known", "Give --host an address of this machine.") from error
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise EngineUnavailable(where, *_bind_fault(error)) from error
    return listener


def _bind_fault(error: OSError) -> tuple[str, str]:
    """What is wrong with an address, and what to do."""
    if error.errno == errno.EADDRINUSE:
        return "the port is in use by another program", "Choose another with --port, or 0 for any free one."
    if error.errno == errno.EADDRNOTAVAIL:
        return "this machine has no such address", "Give --host an address of this machine, such as 127.0.0.1."
    if error.errno in (errno.EACCES, errno.EPERM):
        return "you may not listen there", "Choose a --port above 1023, or 0 for any free one."
    return f"it can't be listened on: {error.strerror}", "Choose another with --host and --port."


def _listen_unix(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)  # of an engine that was killed: we hold the lock
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder / "engine.sock")) <= _SOCKET_PATH_BYTES


def _short_folder(folder: Path) -> Path:
    """Make a private folder with a short path that is always the same for a home: what a killed engine left is used again."""
    name = f"jupyter-lambda-{os.geteuid()}-{hashlib.sha256(os.fsencode(os.path.realpath(folder))).hexdigest()[:12]}"
    for base in _short_bases():
        short = Path(base) / name
        if _fits(short) and _make_private(short):
            return short
    raise EngineUnavailable(
        f'unix socket for "{folder}"', f"its path is longer than {_SOCKET_PATH_BYTES} bytes, and no short private folder can be made",
        "Choose a home with a shorter path.",
    )  # fmt: skip


def _short_bases() -> Sequence[str]:
    return [base for base in (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp") if base]  # noqa: S108


def _make_private(folder: Path) -> bool:
    """Make a folder for us alone; False if that can't be, or somebody else's stands there."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077


def _url(tcp: socket.socket) -> str:
    """How this machine reaches the TCP socket."""
    address, port = tcp.getsockname()[:2]
    address = _ANY_ADDRESS.get(address, address)
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"
