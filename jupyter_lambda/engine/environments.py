"""A live execution environment: walls, runtime session, log and timing of one environment, and what it tells its owner.

Its phases are a table in `environment_phases`. What can fail, and where it goes: a start that fails → `on_start_failed`; init →
`on_init_failed`; a death while busy → `on_died`; a death while idle → `on_gone`. Each is told after every process of the environment is
gone and its log is drained.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
import secrets
import signal
from typing import TYPE_CHECKING

import msgspec

from jupyter_lambda.engine.background import Background
from jupyter_lambda.engine.companions import About, Companions
from jupyter_lambda.engine.environment_phases import LIFE_STATE, VIEW_STATE, Owner, Parts, Phase
from jupyter_lambda.engine.environment_plan import Identity, held_line, init_start, plan_environment
from jupyter_lambda.engine.life_line import LifeLine
from jupyter_lambda.engine.log_pipe import LogPipe
from jupyter_lambda.engine.runtime_session import Delivery, RuntimeSession, State
from jupyter_lambda.errors import JupyterLambdaError, SandboxError
from jupyter_lambda.model import limits
from jupyter_lambda.model.environment import EnvironmentLife, EnvironmentState, EnvironmentView
from jupyter_lambda.model.function import sandbox_kind
from jupyter_lambda.model.init_times import InitTimes, read_init_times
from jupyter_lambda.sandbox.protocol import Channels, Death, DeathCause, EnvironmentSpec, ExecutionEnvironment
from jupyter_lambda.telemetry import platform_events
from jupyter_lambda.telemetry.log_lines import fault_message, log_stream, name_in_stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_lambda.engine.doors import RuntimeDoor
    from jupyter_lambda.engine.environment_plan import Plan
    from jupyter_lambda.engine.invocations import Invocation
    from jupyter_lambda.engine.result_pieces import Source
    from jupyter_lambda.model.function import Version
    from jupyter_lambda.telemetry.platform_events import PlatformEvent

log = logging.getLogger(__name__)


class LiveEnvironment:
    """One execution environment, from its start to its end."""

    def __init__(self, parts: Parts, owner: Owner, version: Version, limit_mib: int, *, provisioned: bool = False) -> None:
        self._parts = parts
        self.provisioned = provisioned  # initialised ahead of any call
        self._owner = owner
        self.version = version
        self.limit_mib = limit_mib
        self.sandbox = sandbox_kind(version.configuration, parts.sandbox.kind)
        self.environment_id = secrets.token_hex(16)
        self._phase = Phase.STARTING
        self._life = LifeLine(parts.clock.epoch, EnvironmentState.STARTING)
        self.invocation: Invocation | None = None
        self.invocations = 0
        self.started = parts.clock.epoch()
        self.ended: float | None = None
        self.end_reason = ""
        self.start_ms = 0.0
        self.init_ms = 0.0
        self.init_times: InitTimes | None = None
        self.init_error: bytes | None = None
        self.init_timed_out = False
        self.extension_fault: tuple[str, str] | None = None  # error type and reason: the environment ends for it
        self.held_mib = 0
        self.frozen = False
        self.idle_since = 0.0
        self.freeze_tried = False
        self.token = secrets.token_urlsafe(24)
        logging_config = version.configuration.logging
        named = name_in_stream(version.function_name, logging_config.get("LogGroup"))
        self.log_stream = log_stream(self.started, version.version, self.environment_id, named=named)
        self._identity = Identity(
            environment_id=self.environment_id, log_stream=self.log_stream, token=self.token, limit_mib=limit_mib,
            provisioned=provisioned, region=parts.settings.region, sandbox=self.sandbox,
        )  # fmt: skip
        self._logs_json = logging_config.get("LogFormat") == "JSON"
        self._system_log_level = logging_config.get("SystemLogLevel", "INFO")
        self.log = LogPipe(parts.loop, limits.INVOCATION_LOG_BYTES_MAX, parts.clock.monotonic, self._printed)
        self._session = RuntimeSession(self)
        self._session_closed = parts.loop.create_future()
        self._door: RuntimeDoor | None = None
        self._companions: Companions | None = None
        self._asked = False  # the runtime waits for its first invocation
        self._answer: Callable[[], None] | None = None  # the runtime's, while extensions are still busy with the invocation
        self._is_free = False
        self._is_told_done = True  # the platform has said that the runtime is done with the present invocation
        self._walls: ExecutionEnvironment | None = None
        self._init_began = 0.0
        self._ready_at = 0.0
        self._stands = False
        self._init_is_limited = False
        self._init_timer: asyncio.TimerHandle | None = None
        self._settled = asyncio.Event()  # its first init is over, or it is gone
        self._background = Background(parts.loop, log)

    @property
    def phase(self) -> Phase:
        """Where it is in its life."""
        return self._phase

    @phase.setter
    def phase(self, phase: Phase) -> None:
        self._phase = phase
        self._life.note(LIFE_STATE[phase])

    # -- life -------------------------------------------------------------------------------------------------------------
    async def start(self) -> None:
        """Make the environment and let its init begin.

        Raises:
            SandboxError, InvalidRuntime, CorruptBlob: It could not be made; nothing is left.
        """
        began = self._parts.clock.monotonic()
        try:
            self._door = await self._parts.doors.open(self.token)
            plan = await self._plan(self._door.address)
            spec = plan.spec
            self._companions = self._accompany(spec)
            self.tell(init_start(self.version, self._identity, plan.runtime_version))
            self.log.write(held_line(self.version, self.limit_mib))
            channels = await self._channels(spec)
            self.phase = Phase.INIT
            self._begin_init(limited=True)
            self._walls = await self._parts.sandbox.start(spec, channels)
        except asyncio.CancelledError:  # the engine ends: what was opened so far has no other owner
            self._stop_init_timer()
            self.phase = Phase.ENDING
            self._close_descriptors()
            raise
        except (JupyterLambdaError, OSError) as error:
            self._stop_init_timer()
            self.phase = Phase.ENDING
            self._close_descriptors()
            if isinstance(error, JupyterLambdaError):
                raise
            raise SandboxError(
                f'function "{self.version.function_name}"', f"no environment could be made: {error}", "See the engine's log."
            ) from error
        self.start_ms = max(0.0, (self._walls.walled - began) * 1000.0)
        self._standing(self._walls)

    async def until_settled(self, seconds: float) -> None:
        """Wait until its first init is over, well or badly, but not for longer."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._settled.wait()

    async def restart(self, phase: Phase) -> None:
        """Give the environment a new runtime process, in phase RESETTING or INVOKE_INIT (SandboxError)."""
        walls, door = self._walls, self._door
        if walls is None or door is None:
            raise SandboxError(f'function "{self.version.function_name}"', "the environment was never started", "")
        self.phase = phase
        self.init_error = self.init_times = None
        self.init_timed_out = False
        self.extension_fault = None
        self._session = RuntimeSession(self)
        self._session_closed = self._parts.loop.create_future()
        spec = (await self._plan(door.address)).spec
        if self._companions is not None:
            self._companions.close()
        self._companions = self._accompany(spec)
        channels = await self._channels(spec)
        self._begin_init(limited=phase is Phase.RESETTING)
        await walls.restart(spec, channels)
        self._standing(walls)

    def deliver(self, invocation: Invocation, delivery: Delivery) -> None:
        """Hand an invocation to the runtime, which waits for one."""
        self.invocation = invocation
        self.invocations += 1
        self.phase = Phase.BUSY
        self._is_told_done = False
        self._session.deliver(delivery, streams=invocation.sink is not None)
        if self._companions is not None:
            self._companions.invoked(delivery)

    async def thaw(self) -> None:
        """Let the processes run again."""
        if self._walls is not None and self.frozen:
            self.frozen = False
            self._life.note(EnvironmentState.IDLE)
            await self._walls.thaw()

    async def freeze(self) -> None:
        """Stop the processes from running while nobody calls."""
        if self._walls is not None and self._is_unused() and not self.frozen:
            self.frozen = await self._walls.freeze()
            if self.frozen:
                self._life.note(EnvironmentState.FROZEN)
            if not self._is_unused():  # an invocation came meanwhile
                await self.thaw()

    async def kill(self, reason: str = "failure") -> None:
        """End every process, after their shutdown phase where there are extensions; what follows is told through the owner."""
        self.tell_runtime_done(reason)
        if self._companions is not None:
            await self._companions.shut_down(reason)
        if self._walls is not None:
            await self._walls.kill()

    async def aclose(self, reason: str) -> None:
        """End and remove the environment. Safe to call twice."""
        self.phase = Phase.ENDING
        if self.ended is None:
            self.ended = self._parts.clock.epoch()
            self.end_reason = reason
        self._stop_init_timer()
        if self._companions is not None and len(self._companions.extensions):
            await self.thaw()
            await self._companions.shut_down("spindown")
        if self._walls is not None:
            await self._walls.aclose()
        self._close_descriptors()

    # -- what the platform says ---------------------------------------------------------------------------------------------
    def tell(self, event: PlatformEvent) -> None:
        """Write what the platform says into the log, in the function's log format."""
        self.log.write(event.json_line(self._parts.clock.epoch(), self._system_log_level) if self._logs_json else event.text)
        if self._companions is not None:
            self._companions.said(event)

    def tell_start(self, invocation: Invocation) -> None:
        """An invocation begins here."""
        self.tell(platform_events.start(invocation.id, invocation.version.version, invocation.request.trace_id))

    def tell_init_report(self, init_ms: float, *, status: str = platform_events.SUCCESS, error_type: str | None = None) -> None:
        """Init ended."""
        phase = "invoke" if self.phase is Phase.INVOKE_INIT else "init"
        self.tell(
            platform_events.init_report(init_ms, provisioned=self.provisioned, phase=phase, status=status, error_type=error_type)
        )

    def tell_runtime_done(self, status: str, *, produced_bytes: int = 0) -> None:
        """The runtime is done with the present invocation: success, error, or as it ends (failure, timeout); said once."""
        invocation = self.invocation
        if invocation is None or self._is_told_done:
            return
        self._is_told_done = True
        if self._logs_json or (self._companions is not None and self._companions.hears):
            self.log.drain()  # what the handler printed comes before it
            duration = (self._parts.clock.monotonic() - invocation.delivered) * 1000.0
            self.tell(
                platform_events.runtime_done(invocation.id, duration_ms=duration, produced_bytes=produced_bytes, status=status)
            )

    # -- readings ---------------------------------------------------------------------------------------------------------
    def memory_mib(self) -> int:
        """The peak of what the environment's processes held, in MiB, rounded up; refreshes `held_mib`."""
        if self._walls is None:
            return 0
        reading = self._walls.memory()
        self.held_mib = -(-reading.now_bytes // 1_048_576)
        return min(self.limit_mib, -(-reading.peak_bytes // 1_048_576))

    def init_elapsed_ms(self) -> float:
        """How long the present process's init has run."""
        return max(0.0, (self._parts.clock.monotonic() - self._init_began) * 1000.0)

    def view(self) -> EnvironmentView:
        """How it stands now."""
        state = VIEW_STATE[self.phase]
        if self.frozen and state is EnvironmentState.IDLE:
            state = EnvironmentState.FROZEN
        return EnvironmentView(
            environment_id=self.environment_id, function_name=self.version.function_name, version=self.version.version,
            revision_id=self.version.revision_id, state=state, sandbox=self.sandbox, started=self.started,
            invocations=self.invocations, memory_mib=self.limit_mib, held_mib=self.held_mib,
            pid=self._walls.pid if self._walls else None, init_ms=self.init_ms, ended=self.ended, reason=self.end_reason,
        )  # fmt: skip

    def life(self, after: float = 0.0) -> EnvironmentLife:
        """How it stands and what it did later than `after` (epoch seconds)."""
        return EnvironmentLife(environment=self.view(), spans=self._life.spans(self.ended, after))

    def ended_because(self, why: str) -> None:
        """What it did until now ended out of turn."""
        self._life.because(why)

    # -- what the runtime says ----------------------------------------------------------------------------------------------
    def on_ready(self) -> None:
        """The runtime asked for its first invocation."""
        self._asked = True
        told = self._session.init_times
        self.init_times = read_init_times(told) if told else None
        self.on_companions_moved()

    def on_free(self) -> None:
        """The runtime asked for another invocation."""
        self._is_free = True
        self.on_companions_moved()

    def on_companions_moved(self) -> None:
        """Go on with what waited for the runtime and for its extensions, if all are ready for it."""
        if self._companions is not None and not self._companions.are_waiting:
            return
        if self._asked:
            self._asked = False
            self._stop_init_timer()
            self._ready_at = self._parts.clock.monotonic()
            if self._stands:
                self._tell_ready()
        answer, self._answer = self._answer, None
        if answer is not None:
            answer()
        if self._is_free:
            self._is_free = False
            self._owner.on_free(self)

    def on_companion_failed(self, error_type: str, reason: str) -> None:
        """An extension failed: init does, or the invocation, or an environment that nobody uses ends."""
        self._stop_init_timer()
        if self.phase in (Phase.STARTING, Phase.INIT, Phase.INVOKE_INIT, Phase.RESETTING):
            message = f"Error: {reason}" if self.invocation is None else fault_message(self.invocation.id, reason)
            self.init_error = msgspec.json.encode({"errorType": error_type, "errorMessage": message})
        self.extension_fault = (error_type, reason)
        self._answer = None
        self._background.spawn(self.kill())

    async def terminate_runtime(self, seconds: float) -> None:
        """Ask the runtime process to end, and give it this long."""
        walls = self._walls
        if walls is not None and walls.pid is not None:
            with contextlib.suppress(OSError):  # it is gone, or another user's
                os.kill(walls.pid, signal.SIGTERM)
                await asyncio.wait([walls.died], timeout=seconds)

    def on_chunk(self, piece: bytes, source: Source) -> None:
        """A piece of a result that is streamed."""
        if self.invocation is not None and self.invocation.sink is not None and self.invocation.verdict is None:
            self.invocation.sink(piece, source)

    def on_response(self, payload: bytes, *, too_large: bool) -> None:
        """The handler's result."""
        self.tell_runtime_done("error" if too_large else platform_events.SUCCESS, produced_bytes=len(payload))
        self._answer = functools.partial(self._owner.on_answer, self, payload, is_error=False, too_large=too_large)
        self.on_companions_moved()

    def on_error(self, payload: bytes) -> None:
        """The handler's error."""
        self.tell_runtime_done("error", produced_bytes=len(payload))
        self._answer = functools.partial(self._owner.on_answer, self, payload, is_error=True, too_large=False)
        self.on_companions_moved()

    def on_init_error(self, payload: bytes) -> None:
        """Init failed; the process ends by itself, and is ended if it does not."""
        self._stop_init_timer()
        self.init_error = payload
        self._background.spawn(self.kill())

    def on_closed(self) -> None:
        """The runtime's own connection ended: its last words have been read."""
        if not self._session_closed.done():
            self._session_closed.set_result(None)

    # -- parts ------------------------------------------------------------------------------------------------------------
    async def _plan(self, address: str) -> Plan:
        return await plan_environment(self.version, self._identity, address, self._parts.store, self._parts.interpreters)

    async def _channels(self, spec: EnvironmentSpec) -> Channels:
        if self._door is None:
            raise SandboxError("environment", "its Runtime API is closed", "")
        companions = self._session.companions = self._companions
        runtime_fd = await self._door.connect(self._session)
        if spec.bootstrap is not None:  # speaks TCP: the socket would only keep a descriptor open
            os.close(runtime_fd)
            runtime_fd = -1
        supervisor_fd = companions.link.hand_over() if companions is not None and companions.link is not None else -1
        return Channels(runtime_fd=runtime_fd, log_fd=self.log.open(), supervisor_fd=supervisor_fd)

    def _accompany(self, spec: EnvironmentSpec) -> Companions:
        about = About(function_name=spec.function_name, function_version=spec.version, handler=spec.handler)
        self._asked = self._is_free = False
        self._answer = None
        return Companions(
            spec.extensions, self, about, self._parts.settings.account_id, self._parts.clock, log, as_json=self._logs_json
        )

    def _printed(self, piece: bytes) -> None:
        if self._companions is not None:
            self._companions.printed(piece)

    def _begin_init(self, *, limited: bool) -> None:
        self._stands = False
        self._ready_at = 0.0
        self._init_began = self._parts.clock.monotonic()
        self._init_is_limited = limited

    def _standing(self, walls: ExecutionEnvironment) -> None:
        """The runtime process stands behind its walls; it may have been ready before we were told so."""
        self._stands = True
        self._init_began = walls.walled
        walls.died.add_done_callback(self._died)
        if self._ready_at:
            self._tell_ready()
        elif self._init_is_limited and self.phase is not Phase.ENDING:  # what it took to make the walls is no part of init
            self._init_timer = self._parts.loop.call_later(self._parts.settings.init_seconds, self._init_took_too_long)

    def _tell_ready(self) -> None:
        self.init_ms = max(0.0, (self._ready_at - self._init_began) * 1000.0)
        self.tell(platform_events.init_runtime_done(provisioned=self.provisioned))
        if self._companions is not None:
            self._companions.init_is_over()
        self.tell_init_report(self.init_ms)
        if self._walls is not None:
            self._walls.init_ended()
        self._settled.set()
        self._owner.on_ready(self)

    def _init_took_too_long(self) -> None:
        self.init_timed_out = True
        self._background.spawn(self.kill())

    def _stop_init_timer(self) -> None:
        if self._init_timer is not None:
            self._init_timer.cancel()
            self._init_timer = None

    def _died(self, died: asyncio.Future[Death]) -> None:
        if not died.cancelled():
            self._background.spawn(self._tell_death(died.result()))

    async def _tell_death(self, death: Death) -> None:
        self._settled.set()
        self._stop_init_timer()
        if self._session.state is not State.INIT or death.cause is not DeathCause.KILLED:
            await asyncio.wait([self._session_closed], timeout=1.0)  # every holder of the socket is gone: its end is near
        self.log.drain()
        self.tell_runtime_done("failure")  # unless a verdict was told before
        match self.phase:
            case Phase.ENDING:
                return
            case Phase.STARTING | Phase.INIT:
                self.phase = Phase.INIT_FAILED
                self.init_ms = self.init_elapsed_ms()
                self._owner.on_init_failed(self, death)
            case Phase.BUSY | Phase.INVOKE_INIT:
                self._owner.on_died(self, death)
            case _:
                self._owner.on_gone(self, death)

    def _is_unused(self) -> bool:
        return self.phase is Phase.IDLE and self.invocation is None

    def _close_descriptors(self) -> None:
        if self._companions is not None:
            self._companions.close()
        self.log.close()
        if self._door is not None:
            self._door.close()
