"""How an invocation ends: the verdict in words, its last log lines, its record, its caller told, its concurrency given back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lambda.engine.outcomes import Failure, cancelled, ended, extension_failed, handler_error, timed_out
from jupyter_lambda.errors import JupyterLambdaError, Throttled
from jupyter_lambda.model.invocation import Status
from jupyter_lambda.sandbox.protocol import Death, DeathCause
from jupyter_lambda.telemetry import platform_events

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_lambda.clock import Clock
    from jupyter_lambda.engine.admission import Admission
    from jupyter_lambda.engine.completion import Completion
    from jupyter_lambda.engine.environments import LiveEnvironment
    from jupyter_lambda.engine.invocations import Invocation
    from jupyter_lambda.scheduling.concurrency import Refusal


class Endings:
    """Ends invocations.

    Args:
        completion: Writes records.
        admission: Counts concurrency.
        clock: Time.
        on_ended: Called after each end: concurrency came free.
    """

    def __init__(self, completion: Completion, admission: Admission, clock: Clock, on_ended: Callable[[], None]) -> None:
        self._completion = completion
        self._admission = admission
        self._clock = clock
        self._on_ended = on_ended

    def end(
        self,
        invocation: Invocation,
        environment: LiveEnvironment | None,
        payload: bytes,
        status: Status,
        error_type: str | None = None,
        error_message: str | None = None,
        *,
        told_by_platform: bool = False,
    ) -> None:
        """Record how it went and tell the caller."""
        if environment is not None:
            environment.tell(platform_events.end(invocation.id))
        outcome = self._completion.outcome(
            invocation, environment, payload, status, error_type, error_message, told_by_platform=told_by_platform
        )
        self.finish(invocation, outcome)

    def fail(self, invocation: Invocation, failure: Failure, environment: LiveEnvironment | None = None) -> None:
        """It ends with a failure that the platform tells."""
        if environment is not None:
            environment.log.write(failure.log_line)
        self.end(
            invocation, environment, failure.payload, failure.status, failure.error_type, failure.message, told_by_platform=True
        )

    def by_death(self, invocation: Invocation, environment: LiveEnvironment, death: Death) -> None:
        """Its runtime process ended: on our verdict, in its init, or by itself."""
        if invocation.verdict is Status.TIMED_OUT:
            seconds = invocation.version.configuration.timeout_seconds
            failure = timed_out(invocation.id, seconds, self._clock.epoch())
        elif invocation.verdict is Status.CANCELLED:
            failure = cancelled(invocation.id)
        elif environment.init_error is not None:
            self._by_init_error(invocation, environment, environment.init_error)
            return
        elif environment.extension_fault is not None:
            failure = extension_failed(invocation.id, *environment.extension_fault)
        else:
            failure = ended(invocation.id, death)
        self.fail(invocation, failure, environment)

    def _by_init_error(self, invocation: Invocation, environment: LiveEnvironment, payload: bytes) -> None:
        error = handler_error(payload)
        environment.tell_init_report(environment.init_elapsed_ms(), status="error", error_type=error.errorType)
        environment.tell_start(invocation)
        self.end(invocation, environment, payload, Status.FAILED, error.errorType, error.errorMessage, told_by_platform=True)

    def not_started(self, invocation: Invocation, error: JupyterLambdaError) -> None:
        """No environment could be had for it."""
        if isinstance(error, Throttled):
            self.throttle(invocation, error)
        else:
            self.finish(invocation, error)

    def refuse(self, invocation: Invocation, refusal: Refusal) -> None:
        """No concurrency is left for it."""
        self.throttle(
            invocation,
            Throttled(
                f'function "{invocation.version.function_name}"', refusal.what, refusal.suggestion,
                aws_message="Rate Exceeded.", members={"Reason": refusal.reason, "Type": "User"},
            ),
        )  # fmt: skip

    def throttle(self, invocation: Invocation, error: Throttled) -> None:
        """Count a throttle and tell the caller."""
        self._completion.throttled(invocation, error)
        self.finish(invocation, error)

    def finish(self, invocation: Invocation, outcome: Any) -> None:
        """Give its concurrency back and tell the caller."""
        self._admission.end(invocation)
        invocation.done(outcome)
        self._on_ended()


def init_error_type(environment: LiveEnvironment, death: Death) -> str:
    """What an init that failed is called in the log."""
    if environment.init_error is not None:
        return handler_error(environment.init_error).errorType
    if environment.init_timed_out:
        return "Sandbox.Timedout"
    return "Runtime.OutOfMemory" if death.cause is DeathCause.OUT_OF_MEMORY else "Runtime.ExitError"
