"""The end of an invocation: REPORT line, record, journal, and the change that views see."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec

from jupyter_lambda.errors import StoreError, Throttled
from jupyter_lambda.model.function import sandbox_kind
from jupyter_lambda.model.invocation import InvocationRecord, InvocationResult, Status
from jupyter_lambda.telemetry import platform_events
from jupyter_lambda.telemetry.billing import billed_ms

if TYPE_CHECKING:
    from jupyter_lambda.clock import Clock
    from jupyter_lambda.engine.environments import LiveEnvironment
    from jupyter_lambda.engine.invocations import Invocation, Outcome
    from jupyter_lambda.engine.live import Live
    from jupyter_lambda.store.protocol import Store
    from jupyter_lambda.telemetry.counters import Counters

log = logging.getLogger(__name__)


class Completion:
    """Writes down how invocations ended."""

    def __init__(self, store: Store, live: Live, clock: Clock, counters: Counters, own_sandbox: str) -> None:
        self._store = store
        self._live = live
        self._clock = clock
        self._counters = counters
        self._own_sandbox = own_sandbox

    def outcome(
        self,
        invocation: Invocation,
        environment: LiveEnvironment | None,
        payload: bytes,
        status: Status,
        error_type: str | None,
        error_message: str | None,
        *,
        told_by_platform: bool,
    ) -> Outcome:
        """Record the invocation in the journal and return what its caller gets; the store's error where it can't be recorded."""
        record = self._record(invocation, environment, len(payload), status, error_type, error_message)
        text = b""
        if environment is not None:
            fault = error_type if told_by_platform and status is Status.FAILED else None
            environment.tell(platform_events.report(record, fault=fault))
            text, times = environment.log.take(), environment.log.take_times(invocation.arrived)
            if times:
                record = msgspec.structs.replace(record, log_times=times)
        try:
            self._store.record(record, text)
        except StoreError as error:
            log.error("an invocation could not be recorded: %s", error)
            return error
        self._counters.count(record)
        self._live.publish("invocation", record)
        return InvocationResult(payload=payload, record=record, log=text)

    def throttled(self, invocation: Invocation, error: Throttled) -> None:
        """Count a throttle; it has no log and no environment."""
        record = self._record(invocation, None, 0, Status.THROTTLED, type(error).__name__, error.what)
        try:
            self._store.record(record)
        except StoreError as store_error:
            log.warning("a throttle could not be recorded: %s", store_error)
        self._counters.count(record)
        self._live.publish("invocation", record)

    def began(self) -> None:
        """Tell views that something runs."""
        self._live.touch()

    def environment_changed(self, environment: LiveEnvironment) -> None:
        """Tell views that an environment came or went."""
        self._live.publish("environment", environment.view())

    def _record(
        self,
        invocation: Invocation,
        environment: LiveEnvironment | None,
        response_bytes: int,
        status: Status,
        error_type: str | None,
        error_message: str | None,
    ) -> InvocationRecord:
        now = self._clock.monotonic()
        request, version = invocation.request, invocation.version
        began = invocation.delivered or now
        duration = (now - began) * 1000.0
        timeout = version.configuration.timeout_seconds
        if status is Status.TIMED_OUT:
            duration = max(duration, timeout * 1000.0) if environment is None else timeout * 1000.0
        limit = environment.limit_mib if environment is not None else version.configuration.memory_mib
        memory = environment.memory_mib() if environment is not None else 0
        return InvocationRecord(
            request_id=request.request_id,
            function_name=version.function_name,
            version=version.version,
            qualifier=request.qualifier,
            status=status,
            environment_id=environment.environment_id if environment is not None else "",
            log_stream=environment.log_stream if environment is not None else "",
            arrived=invocation.arrived_epoch,
            queued_ms=max(0.0, (began - invocation.arrived) * 1000.0),
            cold=invocation.cold,
            start_ms=invocation.start_ms,
            init_ms=invocation.init_ms,
            init_times=invocation.init_times,
            duration_ms=duration,
            billed_ms=billed_ms(duration, invocation.init_ms if invocation.cold else 0.0),
            memory_mib=limit,
            max_memory_mib=limit if status is Status.OUT_OF_MEMORY else memory,
            timeout_seconds=timeout,
            request_bytes=len(request.payload),
            response_bytes=response_bytes,
            error_type=error_type,
            error_message=error_message,
            trace_id=request.trace_id,
            invocation_type=request.invocation_type,
            attempt=request.attempt,
            sandbox=sandbox_kind(version.configuration, self._own_sandbox),
            log_group=version.configuration.logging.get("LogGroup", ""),
            reserved=invocation.reserved,
            provisioned=invocation.provisioned,
            spilled=invocation.spilled,
        )
