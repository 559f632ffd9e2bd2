"""Another function's handle inside a function: invokes it by name, here and on real Lambda.

Here the environment's own port (`AWS_LAMBDA_RUNTIME_API`) serves the Lambda API; on AWS that port knows no such path, and boto3,
which is there, takes over. Goes into the package as it stands; standard library only.
"""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.parse import quote


class FunctionError(Exception):
    """The function that was called failed; carries what Lambda answered."""

    def __init__(self, function_name: str, answer: dict[str, Any]) -> None:
        self.error_type = answer.get("errorType", "Error")
        self.error_message = answer.get("errorMessage", "")
        self.stack_trace = answer.get("stackTrace", [])
        super().__init__(f'function "{function_name}" failed: {self.error_type}: {self.error_message}')


class LambdaFunction:
    """A function known by its name; calling it invokes it and waits for its result."""

    def __init__(self, name: str) -> None:
        self.function_name = name
        self.__jupyter_lambda_function__ = name

    def __call__(self, event: Any = None) -> Any:
        """Invoke `$LATEST` and return the decoded result.

        Raises:
            FunctionError: The function failed.
        """
        return self.invoke(event)

    def invoke(self, event: Any = None, qualifier: str | None = None, invocation_type: str = "RequestResponse") -> Any:
        """Invoke a version or an alias; `invocation_type` `Event` only queues the event and returns None.

        Raises:
            FunctionError: The function failed.
            RuntimeError: It could not be invoked.
        """
        payload = json.dumps(event).encode()
        answer = self._over_own_port(payload, qualifier, invocation_type)
        if answer is None:
            answer = self._over_boto3(payload, qualifier, invocation_type)
        body, failed = answer
        result = json.loads(body) if body.strip() else None
        if failed:
            raise FunctionError(self.function_name, result if isinstance(result, dict) else {})
        return result

    def __repr__(self) -> str:
        return f"<LambdaFunction {self.function_name}>"

    def _over_own_port(self, payload: bytes, qualifier: str | None, invocation_type: str) -> tuple[bytes, bool] | None:
        import http.client  # costs 15 ms, and only functions that call functions need it

        address = os.environ.get("AWS_LAMBDA_RUNTIME_API")
        if not address:
            return None
        path = f"/2015-03-31/functions/{quote(self.function_name)}/invocations"
        if qualifier:
            path += f"?Qualifier={quote(qualifier)}"
        connection = http.client.HTTPConnection(address)
        try:
            token = os.environ.get("AWS_SESSION_TOKEN", "")  # this environment's own: it opens this port and nothing else
            headers = {
                "Content-Type": "application/json",
                "X-Amz-Invocation-Type": invocation_type,
                "Authorization": f"Bearer {token}",
            }
            connection.request("POST", path, payload, headers)
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        if response.status >= 300:
            if response.status in (403, 404, 405) and response.getheader("X-Amzn-ErrorType") is None:
                return None  # AWS's own Runtime API: it knows nothing of functions
            raise RuntimeError(f'function "{self.function_name}" could not be invoked: {_message(body)}')
        return body, response.getheader("X-Amz-Function-Error") is not None

    def _over_boto3(self, payload: bytes, qualifier: str | None, invocation_type: str) -> tuple[bytes, bool]:
        import boto3  # part of AWS's Python runtimes

        arguments = {"FunctionName": self.function_name, "Payload": payload, "InvocationType": invocation_type}
        if qualifier:
            arguments["Qualifier"] = qualifier
        answer = boto3.client("lambda").invoke(**arguments)
        return answer["Payload"].read(), "FunctionError" in answer


def _message(body: bytes) -> str:
    try:
        answer = json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")[:500]
    if not isinstance(answer, dict):
        return str(answer)
    return str(answer.get("Message") or answer.get("message") or answer)
