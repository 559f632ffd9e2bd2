"""Listens: a unix socket for the engine's own clients, loopback TCP for everybody else."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.server import ServerState

from jupyter_lambda.api.control import Service, control_plane
from jupyter_lambda.api.front_door import ControlDoor, Doors, FrontDoor
from jupyter_lambda.errors import EngineUnavailable

if TYPE_CHECKING:
    from pathlib import Path

    from jupyter_lambda.api.access import Access
    from jupyter_lambda.engine.engine import Engine


class Server:
    """The listening sockets of one engine."""

    def __init__(self, doors: Doors, state: ServerState, servers: list[asyncio.Server], url: str) -> None:
        self._doors = doors
        self._state = state
        self._servers = servers
        self.url = url

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


async def serve(engine: Engine, service: Service, access: Access, *, unix_socket: Path, host: str, port: int) -> Server:
    """Listen on both addresses.

    Raises:
        EngineUnavailable: The port is in use, or the host is no address of this machine.
    """
    app = control_plane(engine, service, access)
    config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, ws="websockets-sansio", server_header=False)
    config.load()
    state = ServerState()
    doors = Doors(engine, access, lambda: ControlDoor(config=config, server_state=state, app_state={}))
    listener = _listener(host, port)
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(lambda: FrontDoor(doors), sock=listener, backlog=2048)]
    unix_socket.unlink(missing_ok=True)  # noqa: ASYNC240 - once, before anything is served
    before = os.umask(0o177)
    try:
        servers.append(await loop.create_unix_server(lambda: FrontDoor(doors), str(unix_socket), backlog=2048))
    finally:
        os.umask(before)
    name = f"[{host}]" if ":" in host else host
    return Server(doors, state, servers, f"http://{name}:{listener.getsockname()[1]}")


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise EngineUnavailable(
            f"{host}:{port}", f"the engine can't listen there: {error.strerror}", "Choose another --port; 0 takes a free one."
        ) from error
    return listener
