"""Carries out placement: admits invocations and gives them environments; `endings` says how they end.

One `Lane` per version and revision holds a `Pool` (the decision's state) and its live environments. Everything happens in callbacks
on the loop; only starting, restarting, thawing and waiting for memory are tasks.

What can fail, and where it goes:
* no concurrency left → `Throttled`, recorded as a throttle; a patient caller (batch, queue) waits in line instead
* no memory within the wait → `Throttled` naming the budget
* an environment can't be made → the oldest waiting invocation gets the error, and the next one tries again
* init fails → the oldest waiting invocation tries it once more within its own time, and gets the failure
* the runtime dies, is killed at the timeout or cancelled → the invocation gets Lambda's error, the environment is reset
* the record can't be written → the caller gets that error instead of a result nobody recorded
"""

from __future__ import annotations

import asyncio
import logging
from itertools import islice
from typing import TYPE_CHECKING, Any

from jupyter_lambda.engine.admission import Admission
from jupyter_lambda.engine.background import Background
from jupyter_lambda.engine.endings import Endings, init_error_type
from jupyter_lambda.engine.environment_phases import Parts, Phase
from jupyter_lambda.engine.idle_watch import IdleWatch
from jupyter_lambda.engine.lanes import Lane, Lanes
from jupyter_lambda.engine.memory_ledger import MemoryLedger
from jupyter_lambda.engine.outcomes import cancelled, handler_error, response_too_large
from jupyter_lambda.engine.runtime_session import Delivery
from jupyter_lambda.engine.scaling_rates import ScalingRates
from jupyter_lambda.engine.starts import Starts
from jupyter_lambda.errors import JupyterLambdaError, PlatformError
from jupyter_lambda.model.invocation import Status
from jupyter_lambda.scheduling import placement
from jupyter_lambda.scheduling.placement import Decision, Retire, RunOn, Start

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from jupyter_lambda.engine.completion import Completion
    from jupyter_lambda.engine.environments import LiveEnvironment
    from jupyter_lambda.engine.invocations import Invocation
    from jupyter_lambda.model.engine_api import RunningView
    from jupyter_lambda.model.environment import EnvironmentLife, EnvironmentView
    from jupyter_lambda.model.function import Version
    from jupyter_lambda.model.metrics import CountedInvocation
    from jupyter_lambda.sandbox.protocol import Death
    from jupyter_lambda.scheduling.concurrency import Refusal

log = logging.getLogger(__name__)

FINISHING_SECONDS = 0.25  # between a runtime's answer and its asking for more: microseconds, unless it does something in between


class Dispatcher:
    """Owns lanes, environments and running invocations."""

    def __init__(
        self, parts: Parts, completion: Completion, reserved: Callable[[str], int | None], reserved_total: Callable[[], int]
    ) -> None:
        self._parts = parts
        self._completion = completion
        self._rates = ScalingRates(parts.settings.scaling_rate, parts.clock, parts.loop, self._rate_allows)
        self._admission = Admission(parts.settings.concurrency, reserved, reserved_total, self._scales_too_fast)
        self._endings = Endings(completion, self._admission, parts.clock, self._place_next_in_line)
        self._lanes = Lanes()
        self._background = Background(parts.loop, log)
        self._idle_watch = IdleWatch(
            self._lanes, parts.settings, parts.clock, parts.loop, apply=self._apply, freeze=lambda e: self._spawn(self._freeze(e))
        )
        self.ledger = MemoryLedger(parts.settings.budget_mib, parts.settings.budget_wait_seconds, self._lanes.idle, self._reclaim)
        self._starts = Starts(
            parts, self, completion, self._endings, self._lanes, self.ledger,
            apply=self._apply, remove=self._remove, admitted=self._admitted,
        )  # fmt: skip
        self.stopping = False

    # -- readings ---------------------------------------------------------------------------------------------------------
    @property
    def running(self) -> int:
        """Invocations that were admitted and have not ended."""
        return len(self._admission)

    def running_views(self, limit: int) -> list[RunningView]:
        """The first `limit` of them, as they are shown."""
        return [i.view() for i in islice(self._admission.in_flight(), limit)]

    def counted(self) -> tuple[CountedInvocation, ...]:
        """The same as metrics count them; one that waits for its environment counts from its arrival."""
        return tuple(i.counted() for i in self._admission.in_flight())

    @property
    def environments(self) -> int:
        """Live environments."""
        return self._lanes.environments

    def views(self) -> list[EnvironmentView]:
        """Live environments, then those that ended not long ago."""
        return self._lanes.views(self._parts.clock.epoch())

    def lives(self, name: str, after: float) -> list[EnvironmentLife]:
        """What a function's environments did later than `after` (epoch seconds)."""
        return self._lanes.lives(name, after)

    # -- from callers -------------------------------------------------------------------------------------------------------
    def submit(self, invocation: Invocation) -> None:
        """Admit the invocation and place it; its `done` is told how it ended."""
        refusal = self._admission.ask(invocation)
        if refusal is not None:
            self._endings.refuse(invocation, refusal)
        elif self._admission.find(invocation.id) is not None:
            self._arrive(invocation)
            self._completion.began()
        else:
            self._rates.call_again()

    def provision(self, version: Version, wanted: int) -> None:
        """Keep so many environments of a version ready; what is not wanted any more goes when it has been idle for long."""
        if wanted or version in self._lanes:
            lane = self._lanes.of(version)
            if lane.pool.provisioned != wanted:
                self._apply(lane, placement.on_provision(lane.pool, wanted))

    def provisioned(self, version: Version) -> tuple[int, int]:
        """How many environments of a version are ready, and how many are on their way."""
        if version not in self._lanes:
            return 0, 0
        pool = self._lanes.of(version).pool
        return pool.ready, pool.starting

    def cancel(self, request_id: str) -> bool:
        """End an invocation; its caller gets the cancelled error. False when it is not running."""
        waiting = self._admission.leave_line(request_id)
        if waiting is not None:
            self._endings.fail(waiting, cancelled(request_id))
            return True
        invocation = self._admission.find(request_id)
        if invocation is None:
            return False
        if invocation.verdict is None:
            invocation.verdict = Status.CANCELLED
            if invocation.environment is None:
                lane = self._lanes.of(invocation.version)
                self._apply(lane, placement.on_abandoned(lane.pool, request_id))
                self._endings.fail(invocation, cancelled(request_id))
            else:
                invocation.stop_timer()
                self._spawn(invocation.environment.kill())
        return True

    def close_function(self, name: str, keep: Callable[[Version], bool], reason: str) -> None:
        """Retire the environments of revisions that are no longer wanted."""
        for lane in self._lanes:
            if lane.key[0] == name and not lane.pool.closed and not keep(lane.version):
                self._apply(lane, placement.on_closed(lane.pool, reason))

    async def until_quiet(self) -> None:
        """Wait until nothing runs."""
        await self._admission.until_quiet()

    async def end_environment(self, environment_id: str) -> bool:
        """End one environment, whatever it does; an invocation in it ends as killed."""
        lane = self._lanes.holding(environment_id)
        if lane is None:
            return False
        environment = lane.environments[environment_id]
        if environment.phase is Phase.IDLE:
            self._apply(lane, placement.on_reclaim(lane.pool, environment_id, "ended by hand"))
        else:
            await environment.kill()
        return True

    async def aclose(self) -> None:
        """End every environment. Safe to call twice."""
        self.stopping = self._starts.stopping = True
        self._idle_watch.close()
        self._rates.close()
        for invocation in self._admission.all():
            invocation.stop_timer()
            self._endings.finish(invocation, PlatformError("engine", "it is stopping", "Invoke again: it starts by itself."))
        await asyncio.gather(*(e.aclose("the engine stopped") for e in self._lanes.live()), return_exceptions=True)
        await self._background.aclose()

    # -- from environments --------------------------------------------------------------------------------------------------
    def on_ready(self, environment: LiveEnvironment) -> None:
        """Init is over."""
        lane = self._lanes.holding(environment.environment_id)
        if lane is None or environment.phase is Phase.ENDING or self.stopping:
            return
        invocation = environment.invocation
        if environment.phase is Phase.INVOKE_INIT and invocation is not None:
            self._hand_over(environment, invocation)
            return
        self._becomes_idle(environment)
        lane.started((environment.start_ms + environment.init_ms) / 1000.0)
        self._apply(lane, placement.on_started(lane.pool, environment.environment_id, environment.idle_since))

    def on_free(self, environment: LiveEnvironment) -> None:
        """The runtime asked for its next invocation."""
        lane = self._lanes.holding(environment.environment_id)
        if lane is None or environment.phase is Phase.ENDING or self.stopping:
            return
        self._becomes_idle(environment)
        self._apply(lane, placement.on_finished(lane.pool, environment.environment_id, environment.idle_since))

    def on_answer(self, environment: LiveEnvironment, payload: bytes, *, is_error: bool, too_large: bool) -> None:
        """The handler answered."""
        invocation = environment.invocation
        if invocation is None:
            return
        if invocation.verdict is not None:
            self._spawn(environment.kill())  # its death tells how it ended; a kill may have come before there was a process
            return
        environment.invocation = None
        invocation.stop_timer()
        lane = self._lane(environment)
        lane.ran(self._parts.clock.monotonic() - invocation.delivered)
        self._apply(lane, placement.on_answered(lane.pool, environment.environment_id))
        environment.log.drain()
        if too_large:
            self._endings.fail(invocation, response_too_large(invocation.id), environment)
        elif is_error:
            error = handler_error(payload)
            self._endings.end(invocation, environment, payload, Status.FAILED, error.errorType, error.errorMessage)
        else:
            self._endings.end(invocation, environment, payload, Status.SUCCEEDED)

    def on_init_failed(self, environment: LiveEnvironment, death: Death) -> None:
        """Init failed: whoever waits longest tries once more."""
        lane = self._lane(environment)
        error_type = init_error_type(environment, death)
        environment.ended_because(f"init failed: {error_type}")
        status = "timeout" if environment.init_timed_out else "error"
        environment.tell_init_report(environment.init_ms, status=status, error_type=None if status == "timeout" else error_type)
        if not lane.pool.waiting:
            self._apply(lane, placement.on_gone(lane.pool, None))
            self._remove(lane, environment, f"init failed: {error_type}")
            return
        environment.idle_since = self._parts.clock.monotonic()
        self._apply(lane, placement.on_started(lane.pool, environment.environment_id, environment.idle_since))

    def on_died(self, environment: LiveEnvironment, death: Death) -> None:
        """The runtime died with an invocation."""
        lane = self._lanes.holding(environment.environment_id)
        invocation, environment.invocation = environment.invocation, None
        if invocation is not None:
            invocation.stop_timer()
            environment.ended_because((invocation.verdict or death.cause).value)
            self._endings.by_death(invocation, environment, death)
        if lane is None:
            return
        if environment.phase is Phase.INVOKE_INIT or lane.pool.closed or self.stopping:
            self._apply(lane, placement.on_gone(lane.pool, environment.environment_id))
            self._remove(lane, environment, f"ended: {death.cause.value}")
            return
        self._apply(lane, placement.on_resetting(lane.pool, environment.environment_id))
        self._spawn(self._reset(lane, environment))

    def on_gone(self, environment: LiveEnvironment, death: Death) -> None:
        """The runtime died without an invocation, or before it was handed over."""
        invocation, environment.invocation = environment.invocation, None
        if invocation is not None:
            invocation.stop_timer()
            self._endings.by_death(invocation, environment, death)
        lane = self._lanes.holding(environment.environment_id)
        if lane is None:
            return
        was_starting = environment.phase is Phase.RESETTING
        self._apply(lane, placement.on_gone(lane.pool, None if was_starting else environment.environment_id))
        self._remove(lane, environment, f"its process ended: {death.cause.value} {death.code}")

    # -- placing ------------------------------------------------------------------------------------------------------------
    def _scales_too_fast(self, version: Version, reserved: bool) -> Refusal | None:
        return self._rates.ask(version.function_name, reserved=reserved) if self._lanes.needs_start(version) else None

    def _rate_allows(self) -> None:
        while not self.stopping and (following := self._admission.next_in_line()) is not None:
            self._arrive(following)
        if self._admission.has_line:
            self._rates.call_again()

    def _arrive(self, invocation: Invocation) -> None:
        lane = self._lanes.of(invocation.version)
        if placement.needs_start(lane.pool):
            self._rates.take(invocation.version.function_name)
        self._apply(lane, placement.on_arrival(lane.pool, invocation.id))
        if lane.pool.finishing and lane.pool.waiting:
            self._parts.loop.call_later(FINISHING_SECONDS, self._finishing_is_overdue, lane, invocation.id)

    def _finishing_is_overdue(self, lane: Lane, invocation_id: str) -> None:
        if invocation_id in lane.pool.waiting and not self.stopping:
            self._apply(lane, placement.on_overdue(lane.pool))

    def _lane(self, environment: LiveEnvironment) -> Lane:
        lane = self._lanes.holding(environment.environment_id)
        if lane is None:
            raise PlatformError(f"environment {environment.environment_id}", "it belongs to no lane", "")
        return lane

    def _apply(self, lane: Lane, decision: Decision) -> None:
        lane.pool, effects = decision
        for effect in effects:
            match effect:
                case RunOn(environment_id, invocation_id):
                    invocation = self._admitted(invocation_id)
                    invocation.provisioned = lane.pool.provisioned
                    invocation.spilled = 0 < lane.pool.provisioned < len(lane.pool.busy)
                    self._run_on(lane.environments[environment_id], invocation)
                case Start():
                    lane.in_line += 1
                    self._spawn(self._starts.start(lane))
                case Retire(environment_id, reason):
                    self._remove(lane, lane.environments[environment_id], reason)
        self._lanes.drop_if_done(lane)

    def _admitted(self, invocation_id: str) -> Invocation:
        invocation = self._admission.find(invocation_id)
        if invocation is None:
            raise PlatformError(f"invocation {invocation_id}", "it is placed, and not in flight", "")
        return invocation

    def _run_on(self, environment: LiveEnvironment, invocation: Invocation) -> None:
        invocation.environment = environment
        environment.invocation = invocation
        if environment.phase is Phase.INIT_FAILED:
            self._spawn(self._init_again(environment, invocation))
        elif environment.frozen or not self.ledger.charge_now(environment.environment_id, environment.limit_mib):
            self._spawn(self._wake(environment, invocation))
        else:
            self._hand_over(environment, invocation)

    def _hand_over(self, environment: LiveEnvironment, invocation: Invocation) -> None:
        if invocation.verdict is not None:
            self._spawn(environment.kill())
            return
        now = self._parts.clock.monotonic()
        timeout = float(invocation.version.configuration.timeout_seconds)
        if environment.phase is not Phase.INVOKE_INIT:
            invocation.delivered = now
            invocation.timer = self._parts.loop.call_later(timeout, self._time_is_up, invocation)
            if environment.invocations == 0 and not environment.provisioned:
                invocation.cold, invocation.start_ms = True, environment.start_ms
                invocation.init_ms, invocation.init_times = environment.init_ms, environment.init_times
        environment.log.drain()
        environment.tell_start(invocation)
        left = timeout - (now - invocation.delivered)
        request = invocation.request
        environment.deliver(
            invocation,
            Delivery(
                request.request_id, int((self._parts.clock.epoch() + left) * 1000.0), request.function_arn,
                request.trace_id or "", request.payload, request.client_context,
            ),
        )  # fmt: skip

    async def _wake(self, environment: LiveEnvironment, invocation: Invocation) -> None:
        try:
            await self.ledger.charge(
                environment.environment_id, environment.limit_mib, f'function "{invocation.version.function_name}"'
            )
            await environment.thaw()
        except JupyterLambdaError as error:
            environment.invocation = None
            self._endings.not_started(invocation, error)
            self.on_free(environment)
            return
        if self._admission.find(invocation.id) is not None and environment.phase is Phase.IDLE:
            self._hand_over(environment, invocation)

    async def _init_again(self, environment: LiveEnvironment, invocation: Invocation) -> None:
        """Init within the invocation, as Lambda does when init failed before it."""
        invocation.delivered = self._parts.clock.monotonic()
        invocation.cold, invocation.start_ms = True, environment.start_ms
        timeout = float(invocation.version.configuration.timeout_seconds)
        invocation.timer = self._parts.loop.call_later(timeout, self._time_is_up, invocation)
        try:
            await environment.restart(Phase.INVOKE_INIT)
        except JupyterLambdaError as error:
            environment.invocation = None
            invocation.stop_timer()
            self._endings.finish(invocation, error)
            self._lose(environment, str(error))

    async def _reset(self, lane: Lane, environment: LiveEnvironment) -> None:
        try:
            await environment.restart(Phase.RESETTING)
        except JupyterLambdaError as error:
            log.warning("an environment could not be reset: %s", error)
            self._apply(lane, placement.on_gone(lane.pool, None))
            self._remove(lane, environment, f"it could not be reset: {error}")

    def _lose(self, environment: LiveEnvironment, reason: str) -> None:
        lane = self._lanes.holding(environment.environment_id)
        if lane is not None:
            self._apply(lane, placement.on_gone(lane.pool, environment.environment_id))
            self._remove(lane, environment, reason)

    def _remove(self, lane: Lane, environment: LiveEnvironment, reason: str) -> None:
        lane.environments.pop(environment.environment_id, None)
        environment.phase = Phase.ENDING
        self._spawn(self._close(environment, reason))

    async def _close(self, environment: LiveEnvironment, reason: str) -> None:
        try:
            await environment.aclose(reason)
        finally:
            self.ledger.release(environment.environment_id)
            if self._lanes.ended(environment):
                self._completion.environment_changed(environment)

    # -- ending -------------------------------------------------------------------------------------------------------------
    def _time_is_up(self, invocation: Invocation) -> None:
        invocation.timer = None
        if invocation.verdict is None and invocation.environment is not None:
            invocation.verdict = Status.TIMED_OUT
            self._spawn(invocation.environment.kill("timeout"))

    def _place_next_in_line(self) -> None:
        """An invocation ended: whoever waits for concurrency may have it."""
        if not self.stopping and (following := self._admission.next_in_line()) is not None:
            self._arrive(following)

    # -- idle environments --------------------------------------------------------------------------------------------------
    def _becomes_idle(self, environment: LiveEnvironment) -> None:
        environment.phase, environment.freeze_tried = Phase.IDLE, False
        environment.idle_since = self._parts.clock.monotonic()
        self.ledger.settle(environment.environment_id, min(environment.limit_mib, max(1, environment.held_mib)))
        self._idle_watch.became_idle(environment.idle_since)

    async def _freeze(self, environment: LiveEnvironment) -> None:
        await environment.freeze()
        if environment.frozen:
            self._completion.environment_changed(environment)

    def _reclaim(self, environment_id: str) -> None:
        lane = self._lanes.holding(environment_id)
        if lane is not None:
            self._apply(lane, placement.on_reclaim(lane.pool, environment_id, "its memory was needed elsewhere"))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._background.spawn(work)
