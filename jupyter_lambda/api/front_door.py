"""One address, three doors: each request goes where its first line says.

A connection starts here. At each boundary between requests the first line decides: invoke and batch have protocols of their own,
everything else is uvicorn's. A keep-alive connection may change doors between requests, as clients with one connection pool do.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from jupyter_lambda.api.batch_door import BatchDoor, is_batch
from jupyter_lambda.api.invoke_door import InvokeDoor, is_invoke

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_lambda.api.access import Access
    from jupyter_lambda.engine.engine import Engine

_FIRST_LINE_MAX = 16_384


class Doors:
    """Makes the protocols of one server, and counts its connections."""

    def __init__(self, engine: Engine, access: Access, control: Callable[[], HttpToolsProtocol]) -> None:
        self.engine = engine
        self.access = access
        self.control = control
        self.transports: set[asyncio.BaseTransport] = set()


class FrontDoor(asyncio.Protocol):
    """A connection whose next request is not known yet."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._transport: Any = None
        self._first = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count it."""
        self._transport = transport
        self._doors.transports.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """It went before it asked for anything."""
        self._doors.transports.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        """Hand the connection to the door that the first line names."""
        self._first += data
        if b"\r\n" not in self._first and len(self._first) < _FIRST_LINE_MAX:
            return
        protocol = _door_for(self._first, self._doors)
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        protocol.data_received(self._first)


def _door_for(first: bytes, doors: Doors) -> asyncio.Protocol:
    if is_invoke(first):
        return FrontInvokeDoor(doors)
    if is_batch(first):
        return CountedBatchDoor(doors)
    control = doors.control()
    control.doors = doors  # type: ignore[attr-defined]  # ControlDoor's own attribute
    return control


class FrontInvokeDoor(InvokeDoor):
    """An invoke connection that gives way when the next request is for somebody else."""

    def __init__(self, doors: Doors) -> None:
        super().__init__(doors.engine, doors.access)
        self._doors = doors

    def data_received(self, data: bytes) -> None:
        """Stay while requests are invocations."""
        if self.at_boundary and not is_invoke(data):
            transport, self.transport = self.transport, None
            front = FrontDoor(self._doors)
            if transport is not None:
                transport.set_protocol(front)
                front.connection_made(transport)
                front.data_received(data)
            return
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Uncount it."""
        if self.transport is not None:
            self._doors.transports.discard(self.transport)
        super().connection_lost(exc)


class CountedBatchDoor(BatchDoor):
    """A batch connection that is counted."""

    def __init__(self, doors: Doors) -> None:
        super().__init__(doors.engine, doors.access)
        self._doors = doors

    def connection_lost(self, exc: Exception | None) -> None:
        """Uncount it."""
        if self.transport is not None:
            self._doors.transports.discard(self.transport)
        super().connection_lost(exc)


class ControlDoor(HttpToolsProtocol):
    """Uvicorn's protocol, which gives way when the next request on an idle connection is hot."""

    doors: Doors
    _reading = False

    def data_received(self, data: bytes) -> None:
        """Stay while requests are for the control plane."""
        cycle: Any = self.cycle  # None before the first request, whatever its annotation says
        idle = not self._reading and (cycle is None or cycle.response_complete) and not self.pipeline
        if idle and (is_invoke(data) or is_batch(data)):
            self._unset_keepalive_if_required()
            self.connections.discard(self)
            transport, front = self.transport, FrontDoor(self.doors)
            transport.set_protocol(front)
            front.connection_made(transport)
            front.data_received(data)
            return
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Uncount it."""
        self.doors.transports.discard(self.transport)
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A request begins."""
        self._reading = True
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """A request is whole."""
        self._reading = False
        super().on_message_complete()
