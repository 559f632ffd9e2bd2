"""From the Runtime API's address inside a container to the engine's door: the listener was made inside, the bytes are passed here.

The engine accepts on a socket that belongs to the container's own loopback, so a container without any network has the address, with
nothing running inside for it. Only runtimes that speak TCP come this way; our own has a connected descriptor.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket

_PIECE = 65_536


class RuntimeRelay:
    """Serves one container's listener."""

    def __init__(self, listener: socket.socket, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._target = (host, int(port))
        self._listener = listener
        self._server: asyncio.Server | None = None
        self._pumps: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Accept from now on."""
        self._server = await asyncio.start_server(self._serve, sock=self._listener.dup())

    async def aclose(self) -> None:
        """Accept no more and end what runs. Safe to call twice."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for pump in list(self._pumps):
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            to_reader, to_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.close()
            return
        for source, sink in ((reader, to_writer), (to_reader, writer)):
            pump = asyncio.create_task(_pump(source, sink))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Pass bytes on until one side ends."""
    try:
        with contextlib.suppress(ConnectionError):
            while piece := await source.read(_PIECE):
                sink.write(piece)
                await sink.drain()
    finally:
        sink.close()
