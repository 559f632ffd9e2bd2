"""The engine's end of a container's TCP connection; see `runtime/frames.py` and `runtime/tunnel.py`.

To everybody else here it looks as a mounted socket does: the holder gets a SEQPACKET socket over which it sends messages with descriptors,
and what the container holds is read as a control group is.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import socket
from typing import TYPE_CHECKING, Any, Final

from jupyter_lambda.errors import SandboxError
from jupyter_lambda.runtime import frames
from jupyter_lambda.sandbox.process.groups import GroupLimits, GroupMemory

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

log = logging.getLogger(__name__)
_MESSAGE_BYTES: Final = 1 << 20
_DESCRIPTORS_MAX: Final = 8


class _Stream:
    """A worker's Runtime API connection, or one to the Runtime API's address."""

    def __init__(self) -> None:
        self.incoming: asyncio.Queue[bytes] = asyncio.Queue()  # from the container; empty bytes: the end
        self.credit = frames.WINDOW_BYTES
        self.granted = asyncio.Event()


class Tunnel:
    """One container's connection.

    Args:
        reader: Of the connection, after the secret.
        writer: Of the connection.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._loop = asyncio.get_running_loop()
        self.control, self._ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control.setblocking(False)
        self._ours.setblocking(False)
        self.held_bytes = self.kernel_kills = 0
        self.on_memory: Callable[[], None] = lambda: None
        self._runtime_api: tuple[str, int] | None = None
        self._streams: dict[int, _Stream] = {}
        self._logs: dict[int, int] = {}
        self._opened = -1
        self._tasks: set[asyncio.Task[None]] = set()
        self._hello: asyncio.Future[dict[str, Any]] = self._loop.create_future()
        self._is_closed = False
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._loop.add_reader(self._ours.fileno(), self._pass_messages)
        self._receiving = self._task(self._receive())

    async def hello(self) -> dict[str, Any]:
        """Wait for the first message of the container's first process (SandboxError: it ended instead)."""
        return await asyncio.shield(self._hello)

    def serve_runtime_api(self, address: str) -> None:
        """Where connections to the Runtime API's address inside lead."""
        host, _, port = address.rpartition(":")
        self._runtime_api = (host, int(port))

    async def aclose(self) -> None:
        """End the connection. Safe to call twice."""
        self._end()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _end(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        self._loop.remove_reader(self._ours.fileno())
        self._ours.close()  # the holder hears of it
        self._writer.transport.abort()
        self._receiving.cancel()
        for stream in self._streams.values():
            stream.incoming.put_nowait(b"")
            stream.granted.set()
        if not self._hello.done():
            self._hello.set_exception(
                SandboxError("docker sandbox", "the container ended its connection before it said hello", "")
            )
            self._hello.exception()

    def _task(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # -- to the container ---------------------------------------------------------------------------------------------------

    def _send(self, kind: int, channel: int, payload: bytes = b"") -> None:
        if not self._is_closed:
            self._writer.write(frames.frame(kind, channel, payload))

    def _pass_messages(self) -> None:
        """Messages of our side for the first process: bytes for descriptors."""
        while not self._is_closed:
            try:
                data, descriptors, _, _ = socket.recv_fds(self._ours, _MESSAGE_BYTES, _DESCRIPTORS_MAX)
            except BlockingIOError:
                return
            except OSError:
                data, descriptors = b"", []
            if not data:
                self._end()
                return
            message = json.loads(data)
            if "in_file" in message:
                with os.fdopen(descriptors.pop(), "rb") as file:
                    message = json.load(file)
            names = message.get("descriptors", ())
            message["channels"] = [self._open(name, fd) for name, fd in zip(names, descriptors, strict=True)]
            self._send(frames.CONTROL, 0, json.dumps(message).encode())

    def _open(self, name: str, descriptor: int) -> int:
        self._opened += 2
        if name == "log":
            os.set_blocking(descriptor, False)
            self._logs[self._opened] = descriptor
        else:
            stream = self._streams[self._opened] = _Stream()
            self._task(self._serve(self._opened, stream, socket.socket(fileno=descriptor)))
        return self._opened

    async def _serve(self, number: int, stream: _Stream, connection: socket.socket) -> None:
        """Pass one stream both ways until both directions have ended."""
        connection.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=connection)
        await self._join(number, stream, reader, writer)

    async def _connect(self, number: int, stream: _Stream) -> None:
        try:
            if self._runtime_api is None:
                raise ConnectionRefusedError("nothing is served here yet")
            reader, writer = await asyncio.open_connection(*self._runtime_api)
        except OSError:
            self._streams.pop(number, None)
            self._send(frames.END, number)
            return
        await self._join(number, stream, reader, writer)

    async def _join(self, number: int, stream: _Stream, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        outward = self._loop.create_task(self._pump_out(number, stream, reader))
        try:
            with contextlib.suppress(ConnectionError):
                while data := await stream.incoming.get():
                    writer.write(data)
                    await writer.drain()
                    self._send(frames.CREDIT, number, frames.CREDIT_OF.pack(len(data)))
                if writer.can_write_eof():
                    writer.write_eof()
                await outward
        finally:
            outward.cancel()
            await asyncio.gather(outward, return_exceptions=True)
            self._streams.pop(number, None)
            writer.close()

    async def _pump_out(self, number: int, stream: _Stream, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(ConnectionError):
            while not self._is_closed:
                if stream.credit <= 0:
                    stream.granted.clear()
                    await stream.granted.wait()
                    continue
                data = await reader.read(min(frames.PIECE_BYTES, stream.credit))
                if not data:
                    break
                stream.credit -= len(data)
                self._send(frames.DATA, number, data)
                await self._writer.drain()
        self._send(frames.END, number)

    # -- from the container -------------------------------------------------------------------------------------------------

    async def _receive(self) -> None:
        splitter = frames.Splitter()
        try:
            while data := await self._reader.read(4 * frames.PIECE_BYTES):
                for kind, channel, payload in splitter.feed(data):
                    await self._take(kind, channel, payload)
        except (OSError, ValueError) as error:
            log.debug("a container's connection ended: %s", error)
        finally:
            self._end()
            for descriptor in self._logs.values():
                os.close(descriptor)
            self._logs.clear()

    async def _take(self, kind: int, channel: int, payload: bytes) -> None:
        match kind:
            case frames.CONTROL:
                await self._hear(payload)
            case frames.MEMORY:
                self.held_bytes, self.kernel_kills = frames.MEMORY_OF.unpack(payload)
                self.on_memory()
            case frames.OPEN:
                stream = self._streams[channel] = _Stream()
                self._task(self._connect(channel, stream))
            case frames.CREDIT if channel in self._streams:
                self._streams[channel].credit += frames.CREDIT_OF.unpack(payload)[0]
                self._streams[channel].granted.set()
            case frames.DATA if channel in self._logs:
                await self._write_log(self._logs[channel], payload)
                self._send(frames.CREDIT, channel, frames.CREDIT_OF.pack(len(payload)))
            case frames.DATA | frames.END if channel in self._streams:
                self._streams[channel].incoming.put_nowait(payload)
            case frames.END if channel in self._logs:
                os.close(self._logs.pop(channel))

    async def _hear(self, payload: bytes) -> None:
        if not self._hello.done():
            message = json.loads(payload)
            if message.get("event") != "hello":
                raise ValueError("no hello")
            self._hello.set_result(message)
            return
        await self._loop.sock_sendall(self._ours, payload)

    async def _write_log(self, descriptor: int, data: bytes) -> None:
        """Write all of it before anything that came after it is looked at: an answer's log is there when the answer is."""
        left = memoryview(data)
        while left:
            try:
                left = left[os.write(descriptor, left) :]
            except BlockingIOError:
                await self._writable(descriptor)
            except OSError:
                return  # nobody reads it any more

    async def _writable(self, descriptor: int) -> None:
        possible = asyncio.Event()
        self._loop.add_writer(descriptor, possible.set)
        try:
            await possible.wait()
        finally:
            self._loop.remove_writer(descriptor)


class ReportedGroup:
    """A container's memory as its first process reports it; limits are the daemon's to set."""

    def __init__(self, tunnel: Tunnel) -> None:
        self._tunnel = tunnel

    def usage(self) -> int:
        """Bytes held when it was last told."""
        return self._tunnel.held_bytes

    def memory(self) -> GroupMemory:
        """The same."""
        return GroupMemory(self._tunnel.held_bytes, 0)

    def kernel_kills(self) -> int:
        """How many processes the kernel has killed for memory."""
        return self._tunnel.kernel_kills

    async def watch(self, at_bytes: int, on_reached: Callable[[], None]) -> None:
        """Call back whenever a report is above `at_bytes`, or tells of a kill."""
        kills = self._tunnel.kernel_kills

        def look() -> None:
            if self._tunnel.held_bytes >= at_bytes or self._tunnel.kernel_kills > kills:
                on_reached()

        self._tunnel.on_memory = look

    def hold_cpu(self, *, held: bool) -> None:
        """It has no files to write (OSError): the daemon is asked."""
        raise OSError(f"no files (held={held})")

    def take_limits(self, limits: GroupLimits) -> None:
        """It has no files to write (OSError): the daemon is asked."""
        raise OSError(f"no files ({limits.memory_bytes})")

    def remove(self) -> bool:
        """Nothing to give back."""
        return True
