"""A daemon's socket that answers late, not at all, or as one that sees other files: a proxy in front of the real one, in a thread."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


_WORDS = b'{"message": "invalid mount config for type \\"bind\\": bind source path does not exist: /usr"}'
NOT_THERE = b"HTTP/1.0 400 Bad Request\r\nContent-Length: %d\r\n\r\n" % len(_WORDS) + _WORDS


class SlowDaemon:
    """Passes requests on; `delay` holds each back, and one whose first line has `hang` in it waits until `release`.

    A `blind` one refuses folders of this machine, with the words of Docker Desktop.
    """

    def __init__(self, address: str, path: Path, *, blind: bool = False) -> None:
        self.blind = blind
        self.address, self.path = address, str(path)
        self.delay = 0.0
        self.hang: str | None = None
        self.hung = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._released = asyncio.Event()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        ready.wait(10)

    @property
    def host(self) -> str:
        """As $DOCKER_HOST has it."""
        return f"unix://{self.path}"

    def release(self) -> None:
        """Let all that hangs go on, and hang no more."""
        self.hang = None
        self._loop.call_soon_threadsafe(self._released.set)

    def stop(self) -> None:
        """Close it."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self, ready: threading.Event) -> None:
        self._loop.run_until_complete(asyncio.start_unix_server(self._serve, self.path))
        ready.set()
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
            with suppress(asyncio.CancelledError):
                self._loop.run_until_complete(task)
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n")
            await asyncio.sleep(self.delay)
            if self.blind and b"/containers/create" in head:
                rest = await _whole(reader)
                if b'"Type": "bind"' in rest:
                    writer.write(NOT_THERE)
                    await writer.drain()
                    writer.close()
                    return
                head += rest
            to_reader, to_writer = await asyncio.open_unix_connection(self.address)
            to_writer.write(head)
            is_hung = self.hang is not None and self.hang in head.decode()
            await asyncio.gather(_pump(reader, to_writer), self._answer(to_reader, writer, is_hung=is_hung))
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_hung: bool) -> None:
        if is_hung:  # the daemon has done it, and nobody hears of it
            self.hung.set()
            await self._released.wait()
        await _pump(reader, writer)
        writer.close()


async def _whole(reader: asyncio.StreamReader) -> bytes:
    """The rest of a request with a body."""
    fields = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in fields.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    return fields + await reader.readexactly(length)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
