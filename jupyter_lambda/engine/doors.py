"""The seam to the HTTP side of the Runtime API: `api` implements it, so that the engine knows no sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from jupyter_lambda.engine.runtime_session import RuntimeSession


class RuntimeDoor(Protocol):
    """Where one environment's runtime finds its Runtime API."""

    address: str  # host:port on loopback, for AWS_LAMBDA_RUNTIME_API

    async def connect(self, session: RuntimeSession) -> int:
        """Serve `session` from now on, and return the worker's end of a connected socket that speaks to it."""
        ...

    def close(self) -> None:
        """Close the address and every connection. Safe to call twice."""
        ...


class RuntimeDoors(Protocol):
    """Makes doors."""

    async def open(self, environment_token: str) -> RuntimeDoor:
        """Open a door; `environment_token` lets the environment's own code in where the door serves more than the Runtime API."""
        ...
