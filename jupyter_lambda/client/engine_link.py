"""The way to a home's engine, whichever engine that is at the moment: a link outlives engines.

Where the engine can't be reached, or does not know our token, the link asks `connect` for the engine there is now (found, or started)
and goes on with that one. What may have been carried out is sent again only where that does no harm.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from functools import cached_property
from http import HTTPStatus
from typing import IO, TYPE_CHECKING

from jupyter_lambda.client.http_answer import Answer, CutOff, NotTaken
from jupyter_lambda.client.transport import Connection, Transport
from jupyter_lambda.errors import EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_lambda.client.async_transport import AsyncTransport
    from jupyter_lambda.model.runtime_file import RuntimeFile

    Connect = Callable[[], RuntimeFile]


class Route:
    """One engine and the connections to it; nothing is connected before the first call."""

    def __init__(self, runtime: RuntimeFile) -> None:
        self.runtime = runtime
        self.calls = Transport(runtime.socket, runtime.token)

    @cached_property
    def async_calls(self) -> AsyncTransport:
        """Connections for event loops."""
        from jupyter_lambda.client.async_transport import AsyncTransport  # asyncio: 30 ms that nobody pays who never awaits

        return AsyncTransport(self.runtime.socket, self.runtime.token)

    def close(self) -> None:
        """Close what is idle."""
        self.calls.close()
        if "async_calls" in self.__dict__:
            self.async_calls.close()

    def retire(self) -> None:
        """Close what is idle now or later: there is another engine."""
        self.calls.retire()
        if "async_calls" in self.__dict__:
            self.async_calls.retire()


class EngineLink:
    """Sends requests to the engine of one home.

    Args:
        runtime: The engine that is known now.
        connect: Finds the home's engine, or starts it; None where nobody may start one: then an engine that went away is an error.
    """

    def __init__(self, runtime: RuntimeFile, connect: Connect | None = None) -> None:
        self._route = Route(runtime)
        self._connect = connect
        self._lock = threading.Lock()
        self._pid = os.getpid()

    @property
    def runtime(self) -> RuntimeFile:
        """The engine it talks to."""
        return self._route.runtime

    def close(self) -> None:
        """Close idle connections; the link can go on being used."""
        self._route.close()

    def exchange(
        self,
        first: bytes,
        headers: bytes = b"",
        body: bytes | IO[bytes] = b"",
        *,
        length: int = -1,
        timeout: float | None = None,
        repeatable: bool = True,
    ) -> Answer:
        """Send a request and wait for its answer.

        Args:
            first: Method and target.
            headers: Whole lines besides the fixed ones.
            body: Bytes, or a seekable file.
            length: The file's length.
            timeout: Seconds that each send and receive may take.
            repeatable: Whether sending it twice does no harm.

        Raises:
            EngineUnavailable: No engine, or it went in the middle of something that is not repeatable.
        """
        route = self._route
        for attempt in range(2):
            try:
                answer = route.calls.exchange(first, headers, body, length=length, timeout=timeout)
            except (NotTaken, CutOff) as error:
                if attempt or (isinstance(error, CutOff) and not repeatable):
                    raise self._gone(error) from error
                route = self._next(route, error)
            except TimeoutError as error:
                raise EngineUnavailable("engine", f"it did not answer within {timeout:g} s", "See `%lambda doctor`.") from error
            else:
                if attempt or not self._is_strangers(answer, route):
                    return answer
                route = self._route
            if not isinstance(body, bytes):
                body.seek(0)
        raise AssertionError("the second attempt returns or raises")

    async def async_exchange(self, first: bytes, headers: bytes = b"", body: bytes = b"", *, repeatable: bool = True) -> Answer:
        """The same, without blocking the loop."""
        import asyncio

        route = self._route
        for attempt in range(2):
            try:
                answer = await route.async_calls.exchange(first, headers, body)
            except (NotTaken, CutOff) as error:
                if attempt or (isinstance(error, CutOff) and not repeatable):
                    raise self._gone(error) from error
                route = await asyncio.to_thread(self._next, route, error)
            else:
                if attempt or answer.status != _DENIED or not await asyncio.to_thread(self._is_strangers, answer, route):
                    return answer
                route = self._route
        raise AssertionError("the second attempt returns or raises")

    def tell(self, first: bytes, timeout: float) -> None:
        """Send a request to the engine that is known now, if it is there, and don't care for the answer: starts no engine."""
        with suppress(ConnectionError, TimeoutError):
            self._route.calls.exchange(first, timeout=timeout)

    def open(self, first: bytes, headers: bytes = b"", body: bytes = b"") -> tuple[Answer, Connection]:
        """Send a request whose answer goes on and on; the connection is the caller's, who closes it."""
        route = self._route
        try:
            answer, connection = route.calls.open(first, headers, body)
        except (NotTaken, CutOff) as error:
            route = self._next(route, error)
        else:
            if not self._is_strangers(answer, route):
                return answer, connection
            connection.close()
            route = self._route
        try:
            return route.calls.open(first, headers, body)
        except (NotTaken, CutOff) as error:
            raise self._gone(error) from error

    def _is_strangers(self, answer: Answer, route: Route) -> bool:
        """Whether another engine took the socket's place: it doesn't know our token, and there is another one to be had."""
        if answer.status != _DENIED or self._connect is None:
            return False
        return not self._next(route, None).calls.has_token(route.runtime.token)

    def _next(self, gone: Route, error: ConnectionError | None) -> Route:
        """The route to the engine there is now; whoever of several threads comes first looks for it."""
        if os.getpid() != self._pid:  # another thread of the parent may have held the lock while it forked
            self._pid, self._lock = os.getpid(), threading.Lock()
        with self._lock:
            if self._route is gone:
                if self._connect is None:
                    raise self._gone(error)
                self._route = Route(self._connect())
                gone.retire()
            return self._route

    def _gone(self, error: ConnectionError | None) -> EngineUnavailable:
        where = f'engine of home "{self.runtime.home}"'
        if isinstance(error, CutOff):
            return EngineUnavailable(
                where, f"{error}; what was asked for may have been done", "`%lambda logs` shows whether a function ran; then call again.",
            )  # fmt: skip
        return EngineUnavailable(where, str(error or "it is another one now"), "Start it: jupyter lambda engine start.")


_DENIED = HTTPStatus.FORBIDDEN
