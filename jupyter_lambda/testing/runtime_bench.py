"""The engine's side of one execution environment, small enough for tests of a sandbox: a Runtime API server and the log's reader.

It hands one event at a time to whatever runtime connects, over the inherited descriptor or over TCP, and keeps what the runtime
answers together with what was in the log by then.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from typing import Any, NamedTuple

from jupyter_lambda.clock import SystemClock
from jupyter_lambda.sandbox.protocol import Channels

_PATIENCE_SECONDS = 30.0


class BenchAnswer(NamedTuple):
    """What the runtime said to one event."""

    what: str  # "response" | "error"
    body: bytes
    log: str

    @property
    def value(self) -> Any:
        """The body as Python values."""
        return json.loads(self.body)


class RuntimeBench:
    """Serves one runtime process after another; every wait ends after 30 s (TimeoutError)."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._events: asyncio.Queue[tuple[str, bytes, dict[str, str]]] = asyncio.Queue()
        self._answers: asyncio.Queue[BenchAnswer] = asyncio.Queue()
        self._ready = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._log_fd = -1
        self._log = bytearray()
        self._log_grew = asyncio.Event()
        self._requests = 0
        self.init_error: dict[str, Any] | None = None

    # -- what a sandbox is given --------------------------------------------------------------------------------------------

    def channels(self, *, over_tcp: bool = False) -> Channels:
        """New descriptors for a new runtime process; those of the one before are closed."""
        self._close_log()
        self._ready.clear()
        read, write = os.pipe()
        os.set_blocking(read, False)
        self._log_fd = read
        self._loop.add_reader(read, self._read_log)
        if over_tcp:
            return Channels(-1, write)
        ours, theirs = socket.socketpair()
        self._background(ours)
        return Channels(theirs.detach(), write)

    async def listen(self) -> str:
        """Serve the Runtime API on a loopback port as well; returns `host:port`."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 24)
        host, port = self._server.sockets[0].getsockname()
        return f"{host}:{port}"

    # -- what a test asks ---------------------------------------------------------------------------------------------------

    async def until_ready(self) -> None:
        """Wait until the runtime asks for its first event, or says that it could not be initialised."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await self._ready.wait()

    async def invoke(
        self, event: Any = None, *, timeout_seconds: float = 10.0, headers: dict[str, str] | None = None
    ) -> BenchAnswer:
        """Hand over an event (bytes as they are, anything else as JSON) and wait for the answer and its log."""
        self.send(event, timeout_seconds=timeout_seconds, headers=headers)
        return await self.answer()

    def send(self, event: Any = None, *, timeout_seconds: float = 10.0, headers: dict[str, str] | None = None) -> str:
        """Hand over an event and go on; returns its request id."""
        self._requests += 1
        request_id = f"00000000-0000-4000-8000-{self._requests:012d}"
        deadline_ms = int((SystemClock().epoch() + timeout_seconds) * 1000)
        fields = {
            "Content-Type": "application/json", "Lambda-Runtime-Aws-Request-Id": request_id, "Lambda-Runtime-Deadline-Ms": str(deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:000000000000:function:bench", **(headers or {}),
        }  # fmt: skip
        self._events.put_nowait((request_id, event if isinstance(event, bytes) else json.dumps(event).encode(), fields))
        return request_id

    async def answer(self) -> BenchAnswer:
        """Wait for the answer to what was sent."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return await self._answers.get()

    async def until_logged(self, text: str, *, times: int = 1) -> str:
        """Wait until the log has this text so many times; returns the log so far."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while self._log.count(text.encode()) < times:
                self._log_grew.clear()
                await self._log_grew.wait()
        return self.log

    @property
    def log(self) -> str:
        """All that was logged since the last answer."""
        self._read_log()
        return self._log.decode(errors="replace")

    async def aclose(self) -> None:
        """Close everything. Safe to call twice."""
        self._close_log()
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # -- the Runtime API ----------------------------------------------------------------------------------------------------

    def _background(self, ours: socket.socket) -> None:
        async def serve() -> None:
            reader, writer = await asyncio.open_connection(sock=ours, limit=1 << 24)
            await self._serve(reader, writer)

        task = self._loop.create_task(serve())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await self._serve_one(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ")
        length = next((int(line.split(":")[1]) for line in head if line.lower().startswith("content-length:")), 0)
        body = await reader.readexactly(length)
        if method == "GET":
            self._ready.set()
            _, event, fields = await self._next_event(reader)
            lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
            writer.write(f"HTTP/1.1 200 OK\r\n{lines}Content-Length: {len(event)}\r\n\r\n".encode("latin-1") + event)
            return
        writer.write(
            b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n" + b'{"status":"OK"}'
        )
        if path.endswith("/init/error"):
            self.init_error = json.loads(body)
            self._ready.set()
            return
        log = self.log
        self._log.clear()
        self._answers.put_nowait(BenchAnswer(path.rsplit("/", 1)[1], body, log))

    async def _next_event(self, reader: asyncio.StreamReader) -> tuple[str, bytes, dict[str, str]]:
        """The next event, unless the runtime goes away while it waits: then the event is for its successor."""
        waiting = self._loop.create_task(self._events.get())
        gone = self._loop.create_task(reader.read(1))
        try:
            await asyncio.wait({waiting, gone}, return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                raise ConnectionError("the runtime went away")
            return waiting.result()
        finally:
            for task in (waiting, gone):
                task.cancel()
            await asyncio.gather(waiting, gone, return_exceptions=True)

    # -- the log ------------------------------------------------------------------------------------------------------------

    def _read_log(self) -> None:
        while self._log_fd >= 0:
            try:
                piece = os.read(self._log_fd, 65_536)
            except BlockingIOError:
                break
            if not piece:
                self._close_log()
                break
            self._log += piece
        self._log_grew.set()

    def _close_log(self) -> None:
        if self._log_fd >= 0:
            self._loop.remove_reader(self._log_fd)
            os.close(self._log_fd)
            self._log_fd = -1
