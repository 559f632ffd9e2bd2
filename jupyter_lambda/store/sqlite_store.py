"""The store on disk: SQLite for what is asked about, a journal in front of it for what must be quick, files for packages.

Who does what: the event loop appends to the journal and asks; a writer thread owns the one connection that changes the database; a
reader thread answers questions beside it; two threads handle packages. A question about records first has the writer take over what
the journal held when it was asked.

What the background task can meet: a full or failing disk while the journal is taken over. It logs that and tries again later; the
journal keeps everything until then, and whoever reads in between gets the error.
"""

from __future__ import annotations

import asyncio
import logging
import os
from typing import TYPE_CHECKING, Final, TypeVar

from jupyter_lambda.errors import StoreError
from jupyter_lambda.store import contents, history, log_reading
from jupyter_lambda.store.blobs import BlobFolder
from jupyter_lambda.store.connection_thread import ConnectionThread
from jupyter_lambda.store.intake import Intake, Retention
from jupyter_lambda.store.journal import Journal, JournalReader, left_segments
from jupyter_lambda.store.location import locate_state, make_private_folder, make_state_folder, read_mounts
from jupyter_lambda.store.package_shelf import PackageShelf
from jupyter_lambda.store.schema import open_reader, open_writer

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from jupyter_lambda.clock import Clock
    from jupyter_lambda.model.engine_api import LogEvent, Metrics
    from jupyter_lambda.model.invocation import InvocationRecord
    from jupyter_lambda.model.logs import LogPage, LogQuery, StreamFacts
    from jupyter_lambda.model.metrics import MetricFacts
    from jupyter_lambda.store.location import Mount, StateLocation
    from jupyter_lambda.store.protocol import BlobUpload, Change, Contents

T = TypeVar("T")

DATABASE: Final = "lambda.db"
JOURNAL: Final = "journal"
TAKE_OVER_SECONDS: Final = 1.0  # from a record to its take-over, when nobody asks before
RETRY_SECONDS: Final = 5.0

logger = logging.getLogger(__name__)


async def open_store(
    home: Path,
    *,
    clock: Clock,
    retention: Retention | None = None,
    mounts: Callable[[], Sequence[Mount]] = read_mounts,
    write_journal: Callable[[int, Sequence[bytes]], int] = os.writev,
    write_package: Callable[[int, memoryview], int] = os.write,
) -> SqliteStore:
    """Open the store of a home, made where there is none; takes over what an earlier process left in the journal.

    One process may have a home open at a time: the engine's lock sees to that.

    Args:
        home: The engine's home.
        clock: Tells when packages were asked for, and when it is time to take the journal over.
        retention: What is kept of invocations and logs; None: the defaults of `model.limits`.
        mounts: The machine's file systems; tests simulate a network one.
        write_journal: `os.writev`, or what a test puts in its place.
        write_package: `os.write`, or what a test puts in its place.

    Raises:
        NewerHome: A newer version of jupyter-lambda made it.
        DiskFull, StoreError: It can't be used; the error says why and what to do.
    """
    location = await asyncio.to_thread(locate_state, home, mounts=mounts)
    await asyncio.to_thread(make_state_folder, location)
    shelf = PackageShelf(BlobFolder(location.folder, write=write_package), location.folder, clock)
    database = location.folder / DATABASE
    writer = ConnectionThread("lambda-store-writer", database, open_writer)
    reader = ConnectionThread("lambda-store-reader", database, open_reader)
    try:
        await shelf.prepare()
        await writer.start()
        await reader.start()
        journal_folder = location.folder / JOURNAL
        await shelf.run(make_private_folder, journal_folder)
        journal = Journal(journal_folder, segments=await shelf.run(left_segments, journal_folder), write=write_journal)
        intake = Intake(JournalReader(journal), retention or Retention())
        await writer.call(intake.begin)
        while await writer.call(intake.take_over):
            pass
        journal.sequence = intake.reader.taken = await writer.call(intake.begin)
    except BaseException:
        await asyncio.gather(writer.aclose(), reader.aclose(), shelf.aclose())
        raise
    return SqliteStore(location, clock, journal, intake, writer, reader, shelf)


class SqliteStore:
    """Functions, packages, records and logs of one home (implements `Store`). Made by `open_store`.

    Attributes:
        location: Where the state stands, and why; for `doctor`.
        at_rest: Set while the background has nothing to do: every record is taken over, retention holds.
    """

    def __init__(
        self,
        location: StateLocation,
        clock: Clock,
        journal: Journal,
        intake: Intake,
        writer: ConnectionThread,
        reader: ConnectionThread,
        shelf: PackageShelf,
    ) -> None:
        self.location = location
        self.at_rest = asyncio.Event()
        self._clock = clock
        self._journal = journal
        self._intake = intake
        self._writer = writer
        self._reader = reader
        self._shelf = shelf
        self._told_damages = 0
        self._is_closed = False
        self._closing = asyncio.Lock()
        self._recorded = asyncio.Event()
        self._recorded.set()  # look once at the start: retention may be smaller than it was
        self._background = asyncio.create_task(self._keep_up(), name="store: take the journal over")

    # -- what is committed ------------------------------------------------------------------------------------------------

    async def load(self) -> Contents:
        """Read everything that `commit` keeps."""
        return await self._reader.call(contents.load)

    async def commit(self, changes: Sequence[Change]) -> None:
        """Apply all changes in one transaction; on disk when it returns (DiskFull, StoreError: nothing of it was applied)."""
        if changes:
            await self._writer.commit(lambda connection: contents.apply(connection, changes))

    async def get_setting(self, name: str) -> str | None:
        """A small value kept in the home."""
        return await self._reader.call(lambda connection: contents.get_setting(connection, name))

    async def put_setting(self, name: str, value: str) -> None:
        """Keep a small value; on disk when it returns."""
        await self._writer.commit(lambda connection: contents.put_setting(connection, name, value))

    # -- what is recorded -------------------------------------------------------------------------------------------------

    def record(self, record: InvocationRecord, log: bytes = b"") -> None:
        """Append an ended invocation and its log to the journal; called on the event loop (DiskFull, StoreError: not recorded)."""
        if self._is_closed:
            raise StoreError("store", "it is closed", "Start the engine again.")
        self._journal.append(record, log)
        if not self._recorded.is_set():
            self._recorded.set()

    async def invocations(
        self, function_name: str | None = None, *, limit: int = 100, before: float | None = None
    ) -> tuple[InvocationRecord, ...]:
        """Records by arrival, newest first; `before` is an epoch time to page by."""
        return await self._ask(lambda connection: history.invocations(connection, function_name, limit, before))

    async def invocation(self, request_id: str) -> tuple[InvocationRecord, str] | None:
        """The newest record of a request with its log, None if there is none."""
        return await self._ask(lambda connection: history.invocation(connection, request_id))

    async def log_events(
        self, function_name: str, *, since_sequence: int = 0, since: float = 0.0, request_id: str | None = None, limit: int = 1000
    ) -> tuple[LogEvent, ...]:
        """Logs, oldest first, after the sequence number and not before the time; the last `limit` of them when neither is given."""
        return await self._ask(
            lambda connection: history.log_events(
                connection, function_name, since_sequence=since_sequence, since=since, request_id=request_id, limit=limit
            )
        )

    async def metrics(self, function_name: str, *, since: float = 0.0) -> Metrics:
        """A function's figures, counted from its records."""
        return await self._ask(lambda connection: history.metrics(connection, function_name, since))

    async def metric_facts(self, function_name: str | None, start: float, end: float) -> MetricFacts:
        """What the metrics of a span are counted from."""
        return await self._ask(lambda connection: history.metric_facts(connection, function_name, start, end))

    async def log_streams(self, log_group: str | None = None) -> tuple[StreamFacts, ...]:
        """The log streams of a group, or of all groups."""
        return await self._ask(lambda connection: log_reading.streams(connection, log_group))

    async def find_log_events(self, query: LogQuery) -> LogPage:
        """A page of log events, by their times."""
        return await self._ask(lambda connection: log_reading.find_events(connection, query))

    async def delete_logs(self, log_group: str, *, log_stream: str | None = None, before_ms: int | None = None) -> None:
        """Remove logs of a group, of one stream, or of what ended before a moment, in small groups."""
        await self._catch_up()
        while await self._writer.call(lambda connection: self._intake.forget_logs(connection, log_group, log_stream, before_ms)):
            pass

    @property
    def damages(self) -> tuple[str, ...]:
        """What could not be read of the journal since the store was opened, a sentence each; for `doctor`."""
        return tuple(self._intake.reader.damages)

    # -- packages ---------------------------------------------------------------------------------------------------------

    async def put_blob(self, data: bytes, sha256: str) -> None:
        """Keep a package under its hash; on disk when it returns (CorruptBlob: `data` has another hash; DiskFull)."""
        await self._shelf.put(data, sha256)

    def blob_upload(self, sha256: str) -> BlobUpload:
        """Keep a package that arrives in pieces."""
        return self._shelf.upload(sha256)

    async def has_blob(self, sha256: str) -> bool:
        """Whether the package is kept; it then stays for an hour at least."""
        return await self._shelf.has(sha256)

    async def blob_bytes(self, sha256: str) -> int:
        """The package's size (CorruptBlob when it is missing)."""
        return await self._shelf.size(sha256)

    async def read_blob(self, sha256: str) -> bytes:
        """The package, verified (CorruptBlob)."""
        return await self._shelf.read(sha256)

    async def extract_blob(self, sha256: str) -> Path:
        """A read-only folder with the package's files, made once for each hash (CorruptBlob, InvalidZip, PackageTooLarge)."""
        return await self._shelf.extract(sha256)

    async def collect_garbage(self) -> int:
        """Remove packages that no version uses and nobody asked for in the last hour; returns bytes freed."""
        return await self._shelf.collect(await self._reader.call(contents.used_packages))

    # -- in the background ------------------------------------------------------------------------------------------------

    async def aclose(self) -> None:
        """Take the journal over, close everything. Safe to call twice."""
        async with self._closing:
            if self._is_closed:
                return
            self._is_closed = True
            self._background.cancel()
            await asyncio.gather(self._background, return_exceptions=True)
            self._journal.close()
            try:
                while await self._writer.call(self._intake.take_over):
                    pass
            except StoreError as error:
                logger.warning("the journal stays for the next start: %s", error)
            self._tell_damages()
            await self._reader.aclose()
            await self._writer.aclose()  # the last connection to go removes SQLite's write-ahead log
            await self._shelf.aclose()

    async def _ask(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Ask the reader, after all that was recorded before is taken over."""
        await self._catch_up()
        return await self._reader.call(work)

    async def _catch_up(self) -> None:
        """Have the journal taken over, up to the last record of this moment."""
        last = self._journal.sequence
        while self._intake.reader.taken < last and await self._writer.call(self._intake.take_over):
            pass

    async def _keep_up(self) -> None:
        """Take the journal over in groups, and let retention remove what is too old, until cancelled."""
        while True:
            if not self._recorded.is_set():
                self.at_rest.set()
            await self._recorded.wait()
            self.at_rest.clear()
            await self._clock.sleep(TAKE_OVER_SECONDS)
            self._recorded.clear()
            try:
                await self._catch_up()
                while await self._writer.call(self._intake.trim):
                    pass
            except StoreError as error:
                logger.warning("invocations stay in the journal for now: %s", error)
                await self._clock.sleep(RETRY_SECONDS)
                self._recorded.set()
            self._tell_damages()

    def _tell_damages(self) -> None:
        damages = self.damages
        for damage in damages[self._told_damages :]:
            logger.warning("the journal was damaged: %s", damage)
        self._told_damages = len(damages)
