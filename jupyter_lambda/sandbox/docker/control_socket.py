"""The socket over which a container's first process reaches the engine: one connection, then nobody else."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import socket
import struct
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from jupyter_lambda.errors import SandboxError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAME: Final = "control.sock"
IN_CONTAINER: Final = "/run/jupyter-lambda/control.sock"
_HELLO_BYTES: Final = 4_096
_DESCRIPTORS: Final = 2
T = TypeVar("T")


class Hello(NamedTuple):
    """What a container shows when it has booted."""

    control: socket.socket
    listener: socket.socket | None  # of the Runtime API's address, in the container's network; None: it stays inside
    tmp: int  # descriptor of the container's /tmp; -1: likewise
    pid: int  # of the container's first process, as this host counts; -1: it does not


class ControlSocket:
    """Listens in a folder of its own until the container has connected."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.path = folder / NAME
        self._loop = asyncio.get_running_loop()
        folder.mkdir(parents=True, mode=0o711)
        folder.chmod(0o711)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            _bind(self._listener, folder)
            self.path.chmod(0o666)  # the folder above is ours alone; the container's user is another one
            self._listener.listen(1)
            self._listener.setblocking(False)
        except BaseException:
            self.close()
            raise

    async def hello(self) -> Hello:
        """Wait for the connection and its first message, then stop listening.

        Raises:
            SandboxError: What connected is no holder of ours.
        """
        control, _ = await _when_readable(self._loop, self._listener, self._listener.accept)
        control.setblocking(False)
        self.close()
        try:
            data, descriptors, _, _ = await _when_readable(
                self._loop, control, lambda: socket.recv_fds(control, _HELLO_BYTES, _DESCRIPTORS)
            )
            if len(descriptors) != _DESCRIPTORS or json.loads(data).get("event") != "hello":
                for descriptor in descriptors:
                    os.close(descriptor)
                raise SandboxError("docker sandbox", "the container's first process said something else than hello", "")
        except BaseException:
            control.close()
            raise
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
        listener, tmp = socket.socket(fileno=descriptors[0]), descriptors[1]
        listener.setblocking(False)
        return Hello(control, listener, tmp, _peer_pid(control))

    def close(self) -> None:
        """Stop listening and remove the folder. Safe to call twice."""
        self._listener.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _bind(listener: socket.socket, folder: Path) -> None:
    """Bind below an open folder: the path of a socket may have 107 bytes only, and a home's may be longer."""
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        listener.bind(f"/proc/self/fd/{descriptor}/{NAME}")
    finally:
        os.close(descriptor)


async def _when_readable(loop: asyncio.AbstractEventLoop, sock: socket.socket, read: Callable[[], T]) -> T:
    ready = asyncio.Event()
    loop.add_reader(sock.fileno(), ready.set)
    try:
        while True:
            await ready.wait()
            ready.clear()
            with contextlib.suppress(BlockingIOError):
                return read()
    finally:
        loop.remove_reader(sock.fileno())


def _peer_pid(control: socket.socket) -> int:
    pid, _, _ = struct.unpack("3i", control.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return int(pid)
