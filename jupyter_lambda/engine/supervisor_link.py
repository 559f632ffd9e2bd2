"""The engine's end of a supervisor (runtime/supervisor.py): what it is told, what it tells, connections into the environment."""

from __future__ import annotations

import array
import asyncio
import contextlib
import itertools
import json
import os
import socket
from typing import Any, Final, Protocol

_MESSAGE_BYTES: Final = 65_536
_CONNECT_SECONDS: Final = 5.0
RUNTIME: Final = "runtime"  # the name that the supervisor gives the runtime's process


class SupervisorListener(Protocol):
    """Who hears of processes; called on the loop, must not block."""

    def on_extension_log(self, name: str, descriptor: int) -> None:
        """An extension was started; `descriptor` is the read end of what it writes, and is the listener's now."""
        ...

    def on_launch_failed(self, name: str, why: str) -> None:
        """An extension's program can't be run."""
        ...

    def on_process_ended(self, name: str, status: int) -> None:
        """A process ended, with its status as waitpid gives it."""
        ...


class SupervisorLink:
    """One supervisor."""

    def __init__(self, loop: asyncio.AbstractEventLoop, listener: SupervisorListener) -> None:
        self._loop = loop
        self._listener = listener
        self._ours, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._ours.setblocking(False)
        self._numbers = itertools.count(1)
        self._connecting: dict[int, asyncio.Future[socket.socket]] = {}
        loop.add_reader(self._ours.fileno(), self._receive)

    def hand_over(self) -> int:
        """The supervisor's end; whoever takes it closes it."""
        return self._theirs.detach()

    def start_runtime(self) -> None:
        """Let the runtime begin."""
        self._send(op="start")

    def signal(self, name: str, number: int) -> None:
        """Signal one process, if it lives."""
        self._send(op="signal", name=name, number=number)

    def finish(self) -> None:
        """The supervisor is to end as the runtime did."""
        self._send(op="finish")

    async def connect(self, port: int) -> socket.socket:
        """A connection to a port of the environment's own loopback.

        Raises:
            ConnectionError: Nobody listens there, or the environment is gone.
        """
        number = next(self._numbers)
        future: asyncio.Future[socket.socket] = self._loop.create_future()
        self._connecting[number] = future
        self._send(op="connect", id=number, port=port)
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                return await future
        except TimeoutError as error:
            raise ConnectionError(f"port {port}: no answer from the environment") from error
        finally:
            self._connecting.pop(number, None)

    def close(self) -> None:
        """Stop listening. Safe to call twice."""
        if self._ours.fileno() < 0:
            return
        self._loop.remove_reader(self._ours.fileno())
        self._ours.close()
        self._theirs.close()
        for future in self._connecting.values():
            if not future.done():
                future.set_exception(ConnectionError("the environment is gone"))

    def _send(self, **message: Any) -> None:
        with contextlib.suppress(OSError):  # it is gone, or stopped and its queue is full: its death is told elsewhere
            self._ours.send(json.dumps(message).encode())

    def _receive(self) -> None:
        while self._ours.fileno() >= 0:
            try:
                data, ancillary, _, _ = self._ours.recvmsg(
                    _MESSAGE_BYTES, socket.CMSG_SPACE(array.array("i").itemsize), socket.MSG_CMSG_CLOEXEC
                )
            except BlockingIOError:
                return
            except OSError:
                data, ancillary = b"", []
            if not data:
                self.close()
                return
            descriptors = array.array("i")
            for _, _, content in ancillary:
                descriptors.frombytes(content[: len(content) - len(content) % descriptors.itemsize])
            self._hear(json.loads(data), descriptors[0] if descriptors else -1)

    def _hear(self, message: dict[str, Any], descriptor: int) -> None:
        match message:
            case {"event": "log", "name": str(name)} if descriptor >= 0:
                self._listener.on_extension_log(name, descriptor)
                return
            case {"event": "connected", "id": int(number)} if descriptor >= 0:
                future = self._connecting.get(number)
                if future is not None and not future.done():
                    future.set_result(socket.socket(fileno=descriptor))
                    return
            case {"event": "refused", "id": int(number), "why": why}:
                future = self._connecting.get(number)
                if future is not None and not future.done():
                    future.set_exception(ConnectionError(why))
            case {"event": "failed", "name": str(name), "why": str(why)}:
                self._listener.on_launch_failed(name, why)
            case {"event": "ended", "name": str(name), "status": int(status)}:
                self._listener.on_process_ended(name, status)
        if descriptor >= 0:
            os.close(descriptor)
