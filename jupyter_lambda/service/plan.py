"""What the object graph is built from, and what the life of the process asks of it: the seam between `life` and `graph`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from jupyter_lambda.client.home import RunFolder
from jupyter_lambda.clock import Clock
from jupyter_lambda.model.runtime_file import RuntimeFile
from jupyter_lambda.sandbox.protocol import Sandbox
from jupyter_lambda.service.arguments import Arguments
from jupyter_lambda.service.listeners import Listeners
from jupyter_lambda.service.sandbox_choice import SandboxChoice
from jupyter_lambda.store.location import StateLocation


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that is known before anything is built; nothing of it is closed by the graph but what it serves."""

    arguments: Arguments
    sandbox: SandboxChoice
    containers: Sandbox | None = None  # the docker sandbox, tried and open, where that is the engine's own
    run: RunFolder
    location: StateLocation  # where the store's files stand: the home, or a local folder if that is on a network
    listeners: Listeners
    runtime: RuntimeFile  # whole but for the credentials, which the store keeps
    warnings: tuple[str, ...]  # for `status`
    clock: Clock
    request_stop: Callable[[bool], None]  # what POST /engine/v1/stop calls; True: drain
    progress: Callable[[str], None]  # tells the waiting starter what takes long


class Graph(Protocol):
    """An engine behind its doors."""

    @property
    def runtime(self) -> RuntimeFile:
        """The runtime file to publish, credentials included."""
        ...

    def is_idle(self) -> bool:
        """Whether there is no environment, client connection, running invocation or queued event."""
        ...

    async def drain(self) -> None:
        """Take no more invocations, and return when the running ones have ended; may be cancelled."""
        ...

    async def aclose(self) -> None:
        """Close the doors, give running invocations their grace, end everything. Safe to call twice."""
        ...


Build = Callable[[Plan], Awaitable[Graph]]
"""Makes a graph that serves the plan's listeners when it returns; whatever it opened is closed again if it raises."""
