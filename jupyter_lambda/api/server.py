"""Serves the engine's sockets: a unix socket for its own clients, loopback TCP for everybody else."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Final

import uvicorn
from uvicorn.server import ServerState

from jupyter_lambda.api.control import Service, control_plane
from jupyter_lambda.api.front_door import ControlDoor, Doors, FrontDoor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_lambda.api.access import Access
    from jupyter_lambda.engine.engine import Engine

_BACKLOG: Final = 2_048


class Server:
    """The listening sockets of one engine."""

    def __init__(self, doors: Doors, state: ServerState, servers: list[asyncio.Server]) -> None:
        self._doors = doors
        self._state = state
        self._servers = servers

    @property
    def connections(self) -> int:
        """Open connections of clients."""
        return len(self._doors.transports)

    async def aclose(self) -> None:
        """Stop listening and close every connection. Safe to call twice."""
        for server in self._servers:
            server.close()
        self._servers.clear()
        for connection in list(self._state.connections):
            connection.shutdown()
        for task in list(self._state.tasks):
            task.cancel()
        await asyncio.gather(*self._state.tasks, return_exceptions=True)
        for transport in list(self._doors.transports):
            transport.close()


async def serve(engine: Engine, service: Service, access: Access, listeners: Sequence[socket.socket]) -> Server:
    """Serve sockets that are bound already; they stay their owner's, who closes them after the server."""
    app = control_plane(engine, service, access)
    config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, ws="websockets-sansio", server_header=False)
    config.load()
    state = ServerState()
    doors = Doors(engine, access, lambda: ControlDoor(config=config, server_state=state, app_state={}))
    loop = asyncio.get_running_loop()
    servers: list[asyncio.Server] = []
    for listener in listeners:
        copy = listener.dup()
        copy.setblocking(False)
        if listener.family == socket.AF_UNIX:
            servers.append(await loop.create_unix_server(lambda: FrontDoor(doors), sock=copy, backlog=_BACKLOG))
        else:
            servers.append(await loop.create_server(lambda: FrontDoor(doors), sock=copy, backlog=_BACKLOG))
    return Server(doors, state, servers)
