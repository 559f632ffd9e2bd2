"""The `context` argument of a handler.

Source: AWS Lambda Developer Guide, "Using the Lambda context object to retrieve Python function information".
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any, Optional

_TRACE_FIELDS = ("traceparent", "tracestate", "baggage")


class _Record:
    """An object with a fixed set of attributes, None where nothing was given."""

    __slots__: tuple[str, ...] = ()

    def __init__(self, values: dict[str, Any]) -> None:
        for name in self.__slots__:
            setattr(self, name, values.get(name))

    def __repr__(self) -> str:
        return f"{type(self).__name__}([{','.join(f'{n}={getattr(self, n)}' for n in self.__slots__)}])"


class CognitoIdentity(_Record):
    """Who the caller is, where a mobile SDK called."""

    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")
    cognito_identity_id: Optional[str]
    cognito_identity_pool_id: Optional[str]


class Client(_Record):
    """The calling application, where a mobile SDK called."""

    __slots__ = ("app_package_name", "app_title", "app_version_code", "app_version_name", "installation_id")


class ClientContext(_Record):
    """What the caller put into `ClientContext`."""

    __slots__ = ("client", "custom", "env")
    client: Any
    custom: Any
    env: Any


class LambdaContext:
    """What a handler may know of its invocation, function and environment."""

    def __init__(
        self,
        request_id: str,
        deadline_ms: int,
        function_arn: Optional[str],
        client_context: Any,
        cognito_identity: Any,
        tenant_id: Optional[str],
    ) -> None:
        self.aws_request_id = request_id
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = function_arn
        self.tenant_id = tenant_id
        self._trace = _take_trace(client_context)
        self.client_context = None if client_context is None else ClientContext(client_context)
        if self.client_context is not None and self.client_context.client is not None:
            self.client_context.client = Client(self.client_context.client)
        identity = cognito_identity or {}
        self.identity = CognitoIdentity(
            {
                "cognito_identity_id": identity.get("cognitoIdentityId"),
                "cognito_identity_pool_id": identity.get("cognitoIdentityPoolId"),
            }
        )
        # The deadline is a wall clock's; from here on it counts down with a clock that nobody can set.
        self._ends = time.monotonic() + (deadline_ms / 1000 - time.time())

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function times out, 0 when that is past."""
        return max(0, int((self._ends - time.monotonic()) * 1000))

    def w3c(self) -> dict[str, str]:
        """The W3C trace context that came with the invocation."""
        return dict(self._trace)

    def log(self, message: object) -> None:
        """Write to the log as it is: no newline is added."""
        sys.stdout.write(str(message))

    def __repr__(self) -> str:
        names = (
            "aws_request_id", "log_group_name", "log_stream_name", "function_name", "memory_limit_in_mb",
            "function_version", "invoked_function_arn", "client_context", "identity", "tenant_id",
        )  # fmt: skip
        return f"LambdaContext([{','.join(f'{n}={getattr(self, n)}' for n in names)}])"


def _take_trace(client_context: Any) -> dict[str, str]:
    if not isinstance(client_context, dict):
        return {}
    given = client_context.pop("w3c", None)
    if not isinstance(given, dict):
        return {}
    return {name: given[name] for name in _TRACE_FIELDS if isinstance(given.get(name), str)}
