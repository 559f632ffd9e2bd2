"""The life of a Python worker: load the handler, then ask, handle, answer, for ever.

Where each failure goes:
* The function can't be loaded: `POST …/init/error`, exit status 1.
* The handler raises an `Exception`, or its result has no JSON form: `POST …/error`; the process and its globals stay.
* `SystemExit`, `KeyboardInterrupt`, a signal: the process ends, and whoever started it sees how.
* The engine is gone: the process ends quietly.
"""

from __future__ import annotations

import importlib
import json
import os
import socket
import sys
from types import CoroutineType
from typing import Any, Callable, Optional

from jupyter_lambda.runtime import failures, linux, log_lines
from jupyter_lambda.runtime.api_client import ConnectionEnded, Invocation, RuntimeApiClient, connect
from jupyter_lambda.runtime.context import LambdaContext
from jupyter_lambda.runtime.failures import Fault
from jupyter_lambda.runtime.import_times import ImportTimes
from jupyter_lambda.runtime.json_values import Encoder, read_event

Handler = Callable[[Any, Any], Any]


def run(handler_name: str, runtime_descriptor: int) -> None:
    """Serve invocations until the engine closes the connection; `runtime_descriptor` -1: connect to AWS_LAMBDA_RUNTIME_API."""
    host = os.environ.get("AWS_LAMBDA_RUNTIME_API", "runtime")
    connection = connect(host) if runtime_descriptor < 0 else socket.socket(fileno=runtime_descriptor)
    connection.setblocking(True)
    connection.set_inheritable(False)
    try:
        _Worker(RuntimeApiClient(connection, host)).serve(handler_name)
    except ConnectionEnded:
        return


def load_handler(name: str) -> Handler:
    """Import the module and return its function; `a/b.f` and `a.b.f` name the same.

    Raises:
        Fault: Lambda's own kinds: malformed name, module missing, syntax error, function missing.
        Exception: Whatever else the module raises while it runs.
    """
    module_name, dot, function_name = name.rpartition(".")
    if not dot:
        raise Fault("Runtime.MalformedHandlerName", f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)")
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise Fault("Runtime.BuiltInModuleConflict", f"Cannot use built-in module {module_name} as a handler module")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from error
    except SyntaxError as error:
        file = failures.on_lambda(error.filename or "", os.environ.get("LAMBDA_TASK_ROOT", ""))
        trace = [f'  File "{file}" Line {error.lineno}\n    {error.text}']
        raise Fault("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}", trace) from error
    try:
        handler: Handler = getattr(module, function_name)
    except AttributeError as error:
        raise Fault("Runtime.HandlerNotFound", f"Handler '{function_name}' missing on module '{module_name}'") from error
    return handler


class _Worker:
    """One process's loop and what it keeps between invocations."""

    def __init__(self, client: RuntimeApiClient) -> None:
        self._client = client
        self._task_root = os.environ.get("LAMBDA_TASK_ROOT", "")
        self._log = log_lines.set_up()
        self._encoder = Encoder(os.environ.get("AWS_EXECUTION_ENV"))
        self._loop: Optional[Any] = None

    def serve(self, handler_name: str) -> None:
        times = ImportTimes(handler_name.rpartition(".")[0]).begin()
        try:
            handler = load_handler(handler_name)
        except Exception as error:
            self._fail_init(error)
        self._client.tell_init_times(times.end())
        while True:
            self._handle(self._client.next(), handler)

    def _fail_init(self, error: Exception) -> None:
        described = failures.describe(error, "", self._task_root)
        failures.log_failure(described)
        _flush()
        self._client.fail_init(_error_body(described), described["errorType"])
        sys.exit(1)

    def _handle(self, invocation: Invocation, handler: Handler) -> None:
        self._log.request_id = invocation.request_id
        if invocation.trace_id is not None:
            os.environ["_X_AMZN_TRACE_ID"] = invocation.trace_id
        else:
            os.environ.pop("_X_AMZN_TRACE_ID", None)
        try:
            result = handler(read_event(invocation.event, invocation.content_type), _context(invocation))
            if type(result) is CoroutineType:
                result = self._finish(result)
            body, content_type = self._encoder.result(result)
        except Exception as error:
            described = failures.describe(error, invocation.request_id, self._task_root)
            failures.log_failure(described)
            _flush()
            self._client.fail(invocation, _error_body(described))
            return
        _flush()
        self._client.respond(invocation, body, content_type)

    def _finish(self, coroutine: Any) -> Any:
        """Run an `async def` handler to its end, on one loop for all invocations, so that its connections stay usable."""
        import asyncio  # 20 ms that only asynchronous handlers pay

        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)
        return self._loop.run_until_complete(coroutine)


def _context(invocation: Invocation) -> LambdaContext:
    return LambdaContext(
        invocation.request_id,
        invocation.deadline_ms,
        invocation.function_arn,
        _json_header(invocation.client_context, "Client Context"),
        _json_header(invocation.cognito_identity, "Cognito Identity"),
        invocation.tenant_id,
    )


def _json_header(value: Optional[str], name: str) -> Any:
    if not value:
        return None
    try:
        return json.loads(value)
    except ValueError as error:
        raise Fault("Runtime.LambdaContextUnmarshalError", f"Unable to parse {name} JSON: {error}") from error


def _error_body(described: dict[str, Any]) -> bytes:
    return json.dumps(described).encode()


def _flush() -> None:
    """Everything printed so far, by Python or by C code, is in the pipe before the answer is sent."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            continue  # replaced or closed by the function: its own business
    linux.flush_c_streams()
