"""Packages for the event loop: the blocking `BlobFolder` behind two threads, and one extraction shared by all who ask for it."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

from jupyter_lambda.errors import StoreError
from jupyter_lambda.store import faults
from jupyter_lambda.store.blobs import KEPT_AFTER_UPLOAD_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from jupyter_lambda.clock import Clock
    from jupyter_lambda.store.blobs import BlobFolder, Draft

P = ParamSpec("P")
T = TypeVar("T")

_THREADS: Final = 2  # one long upload or extraction leaves room for the next
_PIECE: Final = 1024 * 1024
_BELIEVED_SECONDS: Final = KEPT_AFTER_UPLOAD_SECONDS / 4  # well within the time for which `collect` spares a folder


class PackageShelf:
    """Asynchronous access to packages. Hashes, reads, writes and unzips outside the event loop.

    Args:
        folder: The packages.
        home: Named in errors.
        clock: Says when a package was asked for last.
    """

    def __init__(self, folder: BlobFolder, home: Path, clock: Clock) -> None:
        self._folder = folder
        self._home = home
        self._clock = clock
        self._is_closed = False
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="lambda-packages")
        self._extractions: dict[str, asyncio.Task[Path]] = {}
        self._extracted: dict[str, tuple[Path, float]] = {}  # and when that was last looked at, in epoch seconds

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run blocking work in one of the threads; an `OSError` that nobody foresaw becomes a `StoreError`."""
        if self._is_closed:
            raise StoreError("store", "it is closed", "Start the engine again.")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: work(*args, **kwargs))
        except OSError as error:
            raise faults.from_os(error, self._home) from error

    async def prepare(self) -> None:
        """Make the folders and remove what an earlier process left half done."""
        await self.run(self._folder.prepare)

    async def put(self, data: bytes, sha256: str) -> None:
        """Keep a package."""
        await self.run(self._folder.put, data, sha256, self._clock.epoch())

    def upload(self, sha256: str) -> Upload:
        """Begin to keep a package that comes in pieces."""
        return Upload(self, self._folder.draft(sha256), self._clock)

    async def has(self, sha256: str) -> bool:
        """Whether a package is kept."""
        return await self.run(self._folder.has, sha256, self._clock.epoch())

    async def size(self, sha256: str) -> int:
        """A package's size in bytes."""
        return await self.run(self._folder.size, sha256)

    async def read(self, sha256: str) -> bytes:
        """A package's bytes, verified."""
        return await self.run(self._folder.read, sha256)

    async def extract(self, sha256: str) -> Path:
        """The folder with a package's files. A caller who is cancelled doesn't stop it for the others."""
        known, looked = self._extracted.get(sha256, (None, 0.0))
        if known is not None and 0 <= self._clock.epoch() - looked < _BELIEVED_SECONDS and known.is_dir():
            return known  # a cold start doesn't wait for a thread
        task = self._extractions.get(sha256)
        if task is None:
            task = asyncio.create_task(self.run(self._folder.extract, sha256, self._clock.epoch()))
            self._extractions[sha256] = task
            task.add_done_callback(lambda done: self._extraction_ended(sha256, done))
        return await asyncio.shield(task)

    def _extraction_ended(self, sha256: str, task: asyncio.Task[Path]) -> None:
        del self._extractions[sha256]
        if not task.cancelled() and task.exception() is None:  # looked at, also when every caller was cancelled
            self._extracted[sha256] = (task.result(), self._clock.epoch())

    async def collect(self, used: frozenset[str]) -> int:
        """Remove what is neither used nor new; returns bytes freed."""
        for sha256 in self._extracted.keys() - used:
            del self._extracted[sha256]
        return await self.run(self._folder.collect, used, self._clock.epoch())

    async def aclose(self) -> None:
        """Wait for extractions that are under way, end the threads. Safe to call twice."""
        if self._extractions:
            await asyncio.wait(self._extractions.values())
        self._is_closed = True
        await asyncio.to_thread(self._threads.shutdown)


class Upload:
    """A package on its way in, piece by piece (implements `BlobUpload`); small pieces are gathered before a thread is asked."""

    def __init__(self, shelf: PackageShelf, draft: Draft, clock: Clock) -> None:
        self._shelf = shelf
        self._draft = draft
        self._clock = clock
        self._gathered = bytearray()

    async def write(self, piece: bytes) -> None:
        """Add a piece (DiskFull)."""
        self._gathered += piece
        if len(self._gathered) >= _PIECE:
            await self._pass_on()

    async def finish(self) -> int:
        """Verify the hash, make it durable, return its size in bytes (CorruptBlob, DiskFull)."""
        await self._pass_on()
        return await self._shelf.run(self._draft.finish, self._clock.epoch())

    async def abort(self) -> None:
        """Forget it. Safe to call twice."""
        self._gathered.clear()
        await self._shelf.run(self._draft.abort)

    async def _pass_on(self) -> None:
        piece, self._gathered = bytes(self._gathered), bytearray()
        await self._shelf.run(self._draft.write, piece)
