"""What runs beside a runtime process: its extensions, from their start to their shutdown, and the telemetry that they get.

    init       extensions start → each registers → the runtime starts → each asks for its first event: init is over
    invoke     the runtime gets the invocation, each extension that wants it the event → all ask again: the invocation is over
    shutdown   SIGTERM to the runtime → SHUTDOWN to each extension that wants it → they end, or their time is up

Time for the shutdown: 2 s with an extension of a layer, 0.5 s with internal ones alone, none without; three tenths of it for the runtime.
Source: AWS Lambda Developer Guide, "Understanding the Lambda execution environment lifecycle".
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from jupyter_lambda.engine.background import Background
from jupyter_lambda.engine.extensions import SHUTDOWN, Extension, Extensions, State
from jupyter_lambda.engine.supervisor_link import RUNTIME, SupervisorLink
from jupyter_lambda.engine.telemetry_feed import TelemetryFeed
from jupyter_lambda.telemetry import platform_events
from jupyter_lambda.telemetry.log_lines import timestamp

if TYPE_CHECKING:
    import logging
    import socket
    from collections.abc import Sequence

    from jupyter_lambda.clock import Clock
    from jupyter_lambda.engine.log_pipe import LogPipe
    from jupyter_lambda.engine.runtime_session import Delivery
    from jupyter_lambda.telemetry.platform_events import PlatformEvent

_EXTERNAL_SECONDS: Final = 2.0
_INTERNAL_SECONDS: Final = 0.5
_RUNTIME_SHARE: Final = 0.3
_FLUSH_SECONDS: Final = 0.5
_PIECE: Final = 65_536


class Host(Protocol):
    """The environment that they belong to."""

    log: LogPipe

    def tell(self, event: PlatformEvent) -> None:
        """Write what the platform says."""
        ...

    def tell_runtime_done(self, status: str) -> None:
        """Say that the runtime is done with its invocation, if it has one and that was not said."""
        ...

    def on_companions_moved(self) -> None:
        """All extensions may be waiting now."""
        ...

    def on_companion_failed(self, error_type: str, reason: str) -> None:
        """An extension failed, and the environment with it."""
        ...

    async def terminate_runtime(self, seconds: float) -> None:
        """Send SIGTERM to the runtime process, which no supervisor is the parent of, and give it this long to end."""
        ...


class About(msgspec.Struct, frozen=True, rename="camel"):
    """What an extension is told of the function when it registers."""

    function_name: str
    function_version: str
    handler: str


class Companions:
    """The extensions of one runtime process."""

    def __init__(
        self,
        programs: Sequence[str],
        host: Host,
        about: About,
        account_id: str,
        clock: Clock,
        log: logging.Logger,
        *,
        as_json: bool,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.about = about
        self.account_id = account_id
        self.extensions = Extensions([os.path.basename(path) for path in programs], self)  # noqa: PTH119 - a plain string op
        self.link = SupervisorLink(loop, self) if programs else None
        self.feed = TelemetryFeed(clock, self._connect)
        self._host = host
        self._clock = clock
        self._loop = loop
        self._background = Background(loop, log)
        self._as_json = as_json
        self._function_lines = _Lines()
        self._logs: dict[int, tuple[str, _Lines]] = {}
        self._runtime_started = False
        self._runtime_ended = asyncio.Event()
        self._moved = asyncio.Event()
        self._shutdown: asyncio.Task[None] | None = None

    # -- for the environment ------------------------------------------------------------------------------------------------
    @property
    def are_waiting(self) -> bool:
        """Whether every extension is done with what it was told."""
        return self.extensions.are_waiting

    @property
    def hears(self) -> bool:
        """Whether what is said may have a subscriber."""
        return self.link is not None

    def init_is_over(self) -> None:
        """Everything is ready: say so of each extension."""
        for extension in self.extensions:
            self._host.tell(platform_events.extension(extension.name, extension.state.value, extension.events))
        self.feed.init_is_over()
        self.extensions.registration_is_open = False

    def invoked(self, delivery: Delivery) -> None:
        """The runtime is handed an invocation."""
        if not len(self.extensions):
            return
        event: dict[str, Any] = {
            "eventType": "INVOKE", "deadlineMs": delivery.deadline_ms, "requestId": delivery.request_id,
            "invokedFunctionArn": delivery.function_arn,
        }  # fmt: skip
        if delivery.trace_id:
            event["tracing"] = {"type": "X-Amzn-Trace-Id", "value": delivery.trace_id}
        self.extensions.invoke(event)

    def said(self, event: PlatformEvent) -> None:
        """The platform said something."""
        if self.hears and event.kind:
            self.feed.publish("platform", event.as_event(self._clock.epoch()))

    def tell_of_subscription(self, event: PlatformEvent) -> None:
        """An extension subscribed."""
        self._host.tell(event)

    def printed(self, piece: bytes) -> None:
        """The function printed something."""
        if self.hears:
            self._publish("function", self._function_lines.split(piece))

    async def shut_down(self, reason: str) -> None:
        """Go through the shutdown phase, once; `reason` is spindown, timeout or failure."""
        if not len(self.extensions):
            return
        if self._shutdown is None:
            self._shutdown = self._loop.create_task(self._shut_down(reason))
        await asyncio.shield(self._shutdown)

    def close(self) -> None:
        """Let go of everything. Safe to call twice."""
        for descriptor in list(self._logs):
            self._drain(descriptor)
            self._close_log(descriptor)
        self.feed.close()
        if self.link is not None:
            self.link.close()
        if self._shutdown is not None and not self._shutdown.done():
            self._shutdown.cancel()

    # -- from extensions ----------------------------------------------------------------------------------------------------
    def on_extensions_moved(self) -> None:
        """One registered, or asked for its next event."""
        self._start_runtime()
        self._moved.set()
        self._host.on_companions_moved()

    def on_extension_failed(self, extension: Extension, error_type: str, reason: str) -> None:
        """One failed: the environment does too."""
        self._host.tell(
            platform_events.extension(extension.name, extension.state.value, extension.events, extension.error_type or error_type)
        )
        self._moved.set()
        self._host.on_companion_failed(error_type, reason)

    # -- from the supervisor ------------------------------------------------------------------------------------------------
    def on_extension_log(self, name: str, descriptor: int) -> None:
        """An extension began; read what it writes."""
        os.set_blocking(descriptor, False)
        self._logs[descriptor] = (name, _Lines())
        self._loop.add_reader(descriptor, self._drain, descriptor)

    def on_launch_failed(self, name: str, why: str) -> None:
        """An extension's program can't be run."""
        self.extensions.could_not_launch(name, why)

    def on_process_ended(self, name: str, status: int) -> None:
        """The runtime or an extension ended."""
        if name == RUNTIME:
            self._host.tell_runtime_done("failure")
            self._runtime_ended.set()
            self._background.spawn(self._follow_runtime())
            return
        for descriptor in list(self._logs):
            if self._logs[descriptor][0] == name:
                self._drain(descriptor)
        self.extensions.ended(name, _exit_words(status))
        self._moved.set()

    async def _follow_runtime(self) -> None:
        """The runtime is gone: extensions get their shutdown, then the supervisor ends as the runtime did."""
        await self.shut_down("failure")
        if self.link is not None:
            self.link.finish()

    # -- phases -------------------------------------------------------------------------------------------------------------
    def _start_runtime(self) -> None:
        if self.link is not None and not self._runtime_started and self.extensions.have_registered:
            self._runtime_started = True
            self.link.start_runtime()

    async def _shut_down(self, reason: str) -> None:
        seconds = _EXTERNAL_SECONDS if any(extension.is_external for extension in self.extensions) else _INTERNAL_SECONDS
        deadline = self._clock.epoch() + seconds
        self.extensions.shutting_down = True
        if self.link is None:
            await self._host.terminate_runtime(seconds * _RUNTIME_SHARE)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds * _RUNTIME_SHARE):
                await self._end_runtime(self.link)
        self.link.signal(RUNTIME, signal.SIGKILL)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FLUSH_SECONDS):
                await self.feed.flush()
        self.extensions.shut_down({"eventType": SHUTDOWN, "shutdownReason": reason, "deadlineMs": int(deadline * 1000.0)})
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, deadline - self._clock.epoch())):
                await self._until_ended()

    async def _end_runtime(self, link: SupervisorLink) -> None:
        if self._runtime_started:
            link.signal(RUNTIME, signal.SIGTERM)
            await self._runtime_ended.wait()

    async def _until_ended(self) -> None:
        """Until the extensions that were told have ended."""
        while any(SHUTDOWN in extension.events and extension.state is not State.EXITED for extension in self.extensions):
            self._moved.clear()
            await self._moved.wait()

    # -- logs ---------------------------------------------------------------------------------------------------------------
    def _drain(self, descriptor: int) -> None:
        _name, lines = self._logs[descriptor]
        while descriptor in self._logs:
            try:
                piece = os.read(descriptor, _PIECE)
            except BlockingIOError:
                return
            whole = lines.split(piece) if piece else lines.rest()
            for line in whole:
                self._host.log.add(line + b"\n")
            self._publish("extension", whole)
            if not piece:
                self._close_log(descriptor)

    def _close_log(self, descriptor: int) -> None:
        if self._logs.pop(descriptor, None) is not None:
            self._loop.remove_reader(descriptor)
            os.close(descriptor)

    def _publish(self, kind: str, lines: list[bytes]) -> None:
        for line in lines:
            record: Any = line.decode("utf-8", "replace")
            if self._as_json and line.startswith(b"{"):
                with contextlib.suppress(msgspec.DecodeError):
                    record = msgspec.json.decode(line)
            self.feed.publish(kind, {"time": timestamp(self._clock.epoch()), "type": kind, "record": record})

    async def _connect(self, port: int) -> socket.socket:
        if self.link is None:
            raise ConnectionError("the environment has no supervisor")
        return await self.link.connect(port)


class _Lines:
    """Cuts what comes in pieces into lines."""

    def __init__(self) -> None:
        self._begun = b""

    def split(self, piece: bytes) -> list[bytes]:
        *whole, self._begun = (self._begun + piece).split(b"\n")
        return whole

    def rest(self) -> list[bytes]:
        begun, self._begun = self._begun, b""
        return [begun] if begun else []


def _exit_words(status: int) -> str:
    """How Lambda tells of an extension's end."""
    if os.WIFSIGNALED(status):
        return f"signal: {signal.Signals(os.WTERMSIG(status)).name}"
    code = os.WEXITSTATUS(status)
    return f"exit status {code}" if code else "exit code 0"
