"""A daemon's socket that answers late or not at all: a proxy in front of the real one, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class SlowDaemon:
    """Passes requests on; `delay` holds each back, and one whose first line has `hang` in it waits until `release`."""

    def __init__(self, address: str, path: Path) -> None:
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


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
