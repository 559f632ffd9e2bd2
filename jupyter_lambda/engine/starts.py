"""Carries out the decision to start an environment: its turn, its memory, its making, and who is told when that fails.

What can fail, and where it goes: the function's own choice of a sandbox that can't be had, memory that does not come free, a sandbox that
can't make it → the invocation that waits longest gets the error; the next one tries again.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from jupyter_lambda.engine.environments import LiveEnvironment
from jupyter_lambda.engine.start_line import StartLine
from jupyter_lambda.errors import JupyterLambdaError, SandboxError, Throttled
from jupyter_lambda.scheduling import placement

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_lambda.engine.completion import Completion
    from jupyter_lambda.engine.endings import Endings
    from jupyter_lambda.engine.environment_phases import Owner, Parts
    from jupyter_lambda.engine.invocations import Invocation
    from jupyter_lambda.engine.lanes import Lane, Lanes
    from jupyter_lambda.engine.memory_ledger import MemoryLedger
    from jupyter_lambda.scheduling.placement import Decision

log = logging.getLogger(__name__)


class Starts:
    """Starts environments.

    Args:
        parts: What every environment needs.
        owner: Whom environments tell.
        completion: Tells views.
        endings: Ends invocations that get none.
        lanes: Where they live.
        ledger: Memory.
        apply: Carries out a decision about a lane.
        remove: Ends an environment, with the reason.
        admitted: Finds an invocation in flight.
    """

    def __init__(
        self,
        parts: Parts,
        owner: Owner,
        completion: Completion,
        endings: Endings,
        lanes: Lanes,
        ledger: MemoryLedger,
        *,
        apply: Callable[[Lane, Decision], None],
        remove: Callable[[Lane, LiveEnvironment, str], None],
        admitted: Callable[[str], Invocation],
    ) -> None:
        self._parts, self._owner = parts, owner
        self._completion, self._endings = completion, endings
        self._lanes, self._ledger = lanes, ledger
        self._apply, self._remove, self._admitted = apply, remove, admitted
        self._line = StartLine(parts.sandbox, parts.clock)
        self.stopping = False

    async def start(self, lane: Lane) -> None:
        """Start an environment when it is its turn, if it is still needed then."""
        try:
            await self._line.take(lane, lambda: self._start_now(lane))
        except SandboxError as error:  # the function's own choice of a sandbox can't be had
            self._failed(lane, None, error)
        self._lanes.drop_if_done(lane)

    async def _start_now(self, lane: Lane) -> LiveEnvironment | None:
        what = f'function "{lane.version.function_name}"'
        limit = self._ledger.limit(lane.version.configuration.memory_mib)
        environment = LiveEnvironment(self._parts, self._owner, lane.version, limit, provisioned=lane.pool.provisioned > 0)
        try:
            await self._ledger.charge(environment.environment_id, environment.limit_mib, what)
        except Throttled as error:
            self._failed(lane, environment, error)
            return None
        if (lane.pool.closed and not lane.pool.waiting) or self.stopping:
            self._failed(lane, environment, None)
            return None
        self._lanes.add(lane, environment)
        self._completion.environment_changed(environment)
        try:
            await environment.start()
        except JupyterLambdaError as error:
            self._failed(lane, environment, error)
            return None
        return environment

    def _failed(self, lane: Lane, environment: LiveEnvironment | None, error: JupyterLambdaError | None) -> None:
        if error is not None:
            self._tell_waiting(lane, error)
        if environment is not None:
            self._remove(lane, environment, f"it could not be made: {error}" if error else "not needed any more")
        self._apply(lane, placement.on_gone(lane.pool, None))

    def _tell_waiting(self, lane: Lane, error: JupyterLambdaError) -> None:
        """Whoever waits longest gets the error; where memory was missing, so does who has waited for it as long as one may."""
        waiting = () if self.stopping else lane.pool.waiting
        if not waiting:
            log.warning("an environment could not be made: %s", error)
        patience = self._parts.settings.budget_wait_seconds if isinstance(error, Throttled) else None
        now = self._parts.clock.monotonic()
        for position, request_id in enumerate(waiting):
            invocation = self._admitted(request_id)
            if position == 0 or (patience is not None and now - invocation.arrived >= patience):
                lane.pool, _ = placement.on_abandoned(lane.pool, request_id)
                self._endings.not_started(invocation, error)
