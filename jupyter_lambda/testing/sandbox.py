"""A sandbox without walls for tests: its runtime is a task of the same process that speaks the Runtime API over the real socket.

A test scripts the runtime with one coroutine from event bytes to result bytes; it raises the exceptions below to end otherwise. Ends,
restarts and resources follow `sandbox.protocol`, so that an engine under test can't tell.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jupyter_lambda.clock import SystemClock
from jupyter_lambda.errors import SandboxError
from jupyter_lambda.sandbox.protocol import Channels, Death, DeathCause, EnvironmentSpec, ImageSpec, MemoryReading

if TYPE_CHECKING:
    from jupyter_lambda.model.environment import Enforcement
    from jupyter_lambda.model.host import ImageBuildView
    from jupyter_lambda.sandbox.protocol import MemoryLender


class HandlerRaisedError(Exception):
    """The handler raised: the runtime reports it and goes on."""

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(message)
        self.error_type = error_type


class RuntimeEndedError(Exception):
    """The runtime's process ends in the middle of the invocation."""

    def __init__(self, death: Death) -> None:
        super().__init__(str(death))
        self.death = death


@dataclass(frozen=True, slots=True)
class Turn:
    """One invocation as the scripted handler sees it."""

    environment: FakeEnvironment
    request_id: str
    event: bytes

    def print(self, text: str) -> None:
        """Write to the environment's log, as a handler's print does."""
        os.write(self.environment.log_fd, text.encode())


Handler = Callable[[Turn], Awaitable[bytes]]
MakeImage = Callable[[ImageSpec, Callable[[str], None]], Awaitable[str]]
Init = Callable[["FakeEnvironment"], Awaitable[None]]


async def no_image(spec: ImageSpec, _: Callable[[str], None]) -> str:
    """Every image is there."""
    return spec.image or ""


async def echo(turn: Turn) -> bytes:
    """Answer with the event."""
    return turn.event


async def no_init(_: FakeEnvironment) -> None:
    """Be ready at once."""


class FakeEnvironment:
    """An environment whose process is a task."""

    def __init__(self, spec: EnvironmentSpec, sandbox: FakeSandbox) -> None:
        self.environment_id = spec.environment_id
        self.walled = 0.0
        self.spec = spec
        self.log_fd = -1
        self.frozen = False
        self.starts = 0
        self.memory_bytes = 20 * 1024**2
        self._sandbox = sandbox
        self._task: asyncio.Task[Death] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self.died: asyncio.Future[Death] = asyncio.get_running_loop().create_future()

    @property
    def pid(self) -> int | None:
        """A process id that is nobody's."""
        return None if self._task is None or self._task.done() else 1

    def init_ended(self) -> None:
        """No share is held."""

    def memory(self) -> MemoryReading:
        """What the test set."""
        return MemoryReading(self.memory_bytes, self.memory_bytes)

    async def run(self, channels: Channels) -> None:
        """Start the runtime task."""
        self.starts += 1
        self.walled = SystemClock().monotonic()
        self.died = asyncio.get_running_loop().create_future()
        self.log_fd = channels.log_fd
        reader, self._writer = await asyncio.open_connection(sock=socket.socket(fileno=channels.runtime_fd))
        self._task = asyncio.create_task(self._life(reader, self._writer))
        self._task.add_done_callback(self._ended)

    async def kill(self) -> None:
        """End the runtime task."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])

    async def restart(self, spec: EnvironmentSpec, channels: Channels) -> None:
        """Start the runtime task anew."""
        if self._sandbox.refuses:
            _close(channels)
            raise SandboxError("sandbox", "the test refuses")
        self.spec = spec
        await self.run(channels)

    async def freeze(self) -> bool:
        """Remember it."""
        self.frozen = True
        return True

    async def thaw(self) -> None:
        """Remember it."""
        self.frozen = False

    async def aclose(self) -> None:
        """End the task. Safe to call twice."""
        await self.kill()
        self._sandbox.environments.pop(self.environment_id, None)

    async def _life(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Death:
        try:
            await self._sandbox.init(self)
            while True:
                writer.write(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: runtime\r\n\r\n")
                head, event = await _read_answer(reader)
                request_id = head["lambda-runtime-aws-request-id"]
                try:
                    what, body = "response", await self._sandbox.handler(Turn(self, request_id, event))
                except HandlerRaisedError as error:
                    what, body = "error", json.dumps({"errorType": error.error_type, "errorMessage": str(error)}).encode()
                await _post(writer, reader, f"invocation/{request_id}/{what}", body)
        except HandlerRaisedError as error:
            body = json.dumps({"errorType": error.error_type, "errorMessage": str(error), "requestId": ""}).encode()
            await _post(writer, reader, "init/error", body)
            return Death(DeathCause.EXIT, 1)
        except RuntimeEndedError as error:
            return error.death
        except (asyncio.IncompleteReadError, ConnectionError):
            return Death(DeathCause.EXIT, 0)

    def _ended(self, task: asyncio.Task[Death]) -> None:
        if self._writer is not None:
            self._writer.close()
        os.close(self.log_fd)
        self.log_fd = -1
        self.died.set_result(Death(DeathCause.KILLED, 9) if task.cancelled() else task.result())


class FakeSandbox:
    """Makes fake environments; `handler` and `init` may be changed at any time."""

    kind = "process"
    starts_at_a_time: int | None = None

    def __init__(self, handler: Handler = echo, init: Init = no_init) -> None:
        self.handler = handler
        self.init = init
        self.refuses = False
        self.lender: MemoryLender | None = None
        self.make_image: MakeImage = no_image
        self.environments: dict[str, FakeEnvironment] = {}
        self.started: list[EnvironmentSpec] = []
        self.prepared: asyncio.Queue[str] = asyncio.Queue()  # names of functions

    async def start(self, spec: EnvironmentSpec, channels: Channels) -> FakeEnvironment:
        """Make an environment (SandboxError while `refuses`)."""
        if self.refuses:
            _close(channels)
            raise SandboxError("sandbox", "the test refuses")
        environment = FakeEnvironment(spec, self)
        self.environments[spec.environment_id] = environment
        self.started.append(spec)
        await environment.run(channels)
        return environment

    async def prepare(self, spec: EnvironmentSpec) -> None:
        """Remember it."""
        self.prepared.put_nowait(spec.function_name)

    def of(self, kind: str) -> FakeSandbox | None:
        """There is one kind."""
        return self if kind == self.kind else None

    async def require(self, kind: str) -> FakeSandbox:
        """There is one kind (SandboxError)."""
        if kind != self.kind:
            raise SandboxError(f"sandbox {kind}", "the fake is the only one", "Leave --sandbox out.")
        return self

    def borrow_from(self, lender: MemoryLender) -> None:
        """Remember who lends."""
        self.lender = lender

    async def ensure_image(self, spec: ImageSpec, tell: Callable[[str], None]) -> str:
        """As the test scripts it."""
        return await self.make_image(spec, tell)

    def image_builds(self) -> tuple[ImageBuildView, ...]:
        """None is ever built."""
        return ()

    def enforcement(self) -> tuple[Enforcement, ...]:
        """Nothing is held."""
        return ()

    async def sweep(self) -> int:
        """Nothing is left behind."""
        return 0

    async def aclose(self) -> None:
        """End all environments. Safe to call twice."""
        for environment in list(self.environments.values()):
            await environment.aclose()


async def _read_answer(reader: asyncio.StreamReader) -> tuple[dict[str, str], bytes]:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    head = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
    return head, await reader.readexactly(int(head["content-length"]))


async def _post(writer: asyncio.StreamWriter, reader: asyncio.StreamReader, path: str, body: bytes) -> None:
    writer.write(
        f"POST /2018-06-01/runtime/{path} HTTP/1.1\r\nHost: runtime\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    )
    await _read_answer(reader)


def _close(channels: Channels) -> None:
    for descriptor in (channels.runtime_fd, channels.log_fd):
        if descriptor >= 0:
            os.close(descriptor)
