"""A SQLite connection and the one thread that owns it; the event loop asks through a queue.

Requests are served in order. Neighbouring **commits** share one transaction and therefore one flush to the disk: ten callers pay
for one. Answers go back to the loop in one wake-up for each group.

What can fail, and where it goes: a request's own failure reaches the caller who awaits it; if one commit of a group fails, each is
tried again alone, so that the others don't suffer; a connection that can't be opened fails `start`.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from jupyter_lambda.errors import StoreError
from jupyter_lambda.store import faults

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")


class _Request(NamedTuple):
    work: Callable[[sqlite3.Connection], Any]
    answer: asyncio.Future[Any]
    is_commit: bool


class _Outcome(NamedTuple):
    answer: asyncio.Future[Any]
    value: Any
    error: Exception | None


class ConnectionThread:
    """Runs functions on a connection, one after the other.

    Args:
        name: The thread's name, for people who look at the process.
        database: The file, for error messages.
        connect: Opens the connection; called in the thread.
    """

    def __init__(self, name: str, database: Path, connect: Callable[[Path], sqlite3.Connection]) -> None:
        self._database = database
        self._connect = connect
        self._queue: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._loop = asyncio.get_running_loop()
        self._opened: asyncio.Future[Any] = self._loop.create_future()
        self._ended: asyncio.Future[Any] = self._loop.create_future()
        self._closing = False
        self._held_back: _Request | None = None  # taken from the queue, and served next

    async def start(self) -> None:
        """Open the connection.

        Raises:
            StoreError: What `connect` raised.
        """
        self._thread.start()
        await self._opened

    async def call(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` on the connection, outside any transaction; what it raises is raised here, `sqlite3.Error` as `StoreError`."""
        return await self._ask(work, is_commit=False)

    async def commit(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` inside a transaction that is flushed to the disk before this returns; all of it happens or nothing.

        Raises:
            DiskFull, StoreError: Nothing happened.
        """
        return await self._ask(work, is_commit=True)

    async def aclose(self) -> None:
        """Serve what was asked before, close the connection, end the thread. Safe to call twice."""
        if not self._closing:
            self._closing = True
            if self._thread.ident is None:
                return  # never started
            self._queue.put(None)
        if self._thread.ident is not None:
            await asyncio.shield(self._ended)
            self._thread.join()  # it has nothing left to do but return

    async def _ask(self, work: Callable[[sqlite3.Connection], T], *, is_commit: bool) -> T:
        if self._closing:
            raise StoreError(f'database "{self._database}"', "it is closed", "")
        answer: asyncio.Future[T] = self._loop.create_future()
        self._queue.put(_Request(work, answer, is_commit))
        return await answer

    # -- in the thread ----------------------------------------------------------------------------------------------------

    def _serve(self) -> None:
        try:
            connection = self._connect(self._database)
        except Exception as error:  # the thread's edge: whatever it is, `start` raises it
            self._deliver([_Outcome(self._opened, None, error), _Outcome(self._ended, None, None)])
            return
        self._deliver([_Outcome(self._opened, None, None)])
        while (group := self._next_group()) is not None:
            self._deliver(self._run_commits(connection, group) if group[0].is_commit else [self._run(connection, group[0])])
        connection.close()
        self._deliver([_Outcome(self._ended, None, None)])

    def _next_group(self) -> list[_Request] | None:
        """Wait for a request; with a commit come all commits that stand directly behind it. None: it is time to end."""
        first = self._held_back or self._queue.get()
        self._held_back = None
        if first is None or not first.is_commit:
            return None if first is None else [first]
        group = [first]
        while not self._queue.empty():
            following = self._queue.get()
            if following is None:
                self._queue.put(None)  # nothing comes behind it: end after this group
                break
            if not following.is_commit:
                self._held_back = following
                break
            group.append(following)
        return group

    def _run(self, connection: sqlite3.Connection, request: _Request) -> _Outcome:
        try:
            return _Outcome(request.answer, request.work(connection), None)
        except sqlite3.Error as error:
            failure: Exception = faults.from_sqlite(error, self._database)
            failure.__cause__ = error
        except Exception as error:  # the thread's edge: the caller who awaits the answer raises it
            failure = error
        if connection.in_transaction:  # SQLite has rolled back by itself where the disk is full
            with contextlib.suppress(sqlite3.Error):  # a failing disk: the first error is the one to tell
                connection.execute("ROLLBACK")
        return _Outcome(request.answer, None, failure)

    def _run_commits(self, connection: sqlite3.Connection, group: list[_Request]) -> list[_Outcome]:
        together = self._run(connection, _Request(lambda c: _transaction(c, group), group[0].answer, is_commit=True))
        if together.error is None:
            return [_Outcome(request.answer, value, None) for request, value in zip(group, together.value, strict=True)]
        if len(group) == 1:
            return [together]
        return [outcome for request in group for outcome in self._run_commits(connection, [request])]

    def _deliver(self, outcomes: list[_Outcome]) -> None:
        try:
            self._loop.call_soon_threadsafe(_settle, outcomes)
        except RuntimeError:
            return  # the loop is closed: nobody waits any more


def _transaction(connection: sqlite3.Connection, group: list[_Request]) -> list[Any]:
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("BEGIN IMMEDIATE")
    values = [request.work(connection) for request in group]
    connection.execute("COMMIT")
    return values


def _settle(outcomes: list[_Outcome]) -> None:
    for answer, value, error in outcomes:
        if answer.done():  # whoever asked has been cancelled
            continue
        if error is None:
            answer.set_result(value)
        else:
            answer.set_exception(error)
