"""The Runtime API's client: HTTP/1.1 by hand on one kept connection, because a general client costs more than the call.

Source: AWS Lambda Developer Guide, "Using the Lambda runtime API".
"""

from __future__ import annotations

import socket
from typing import NamedTuple, Optional

_PREFIX = "/2018-06-01/runtime/"
_PIECE = 65_536
_JOINED_BYTES = 131_072  # up to here one copy is cheaper than another system call


class ConnectionEnded(Exception):
    """The engine closed the connection: there is nobody left to work for."""


class Invocation(NamedTuple):
    """What `GET …/invocation/next` answered; header values as they came, None where absent."""

    request_id: str
    event: bytes
    content_type: Optional[str]
    deadline_ms: int  # epoch
    function_arn: Optional[str]
    trace_id: Optional[str]
    client_context: Optional[str]
    cognito_identity: Optional[str]
    tenant_id: Optional[str]
    invocation_id: Optional[str]


def connect(runtime_api: str) -> socket.socket:
    """Connect to `host:port`, the value of AWS_LAMBDA_RUNTIME_API."""
    host, _, port = runtime_api.rpartition(":")
    connection = socket.create_connection((host.strip("[]"), int(port)))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


class RuntimeApiClient:
    """Asks for invocations and answers them, one at a time."""

    def __init__(self, connection: socket.socket, host: str = "runtime") -> None:
        self._connection = connection
        self._host = host
        self._received = bytearray()
        self._next_request = f"GET {_PREFIX}invocation/next HTTP/1.1\r\nHost: {host}\r\n\r\n".encode("latin-1")
        self._asked = False
        self._init_times = ""

    def tell_init_times(self, text: str) -> None:
        """Send this (ASCII) with the first request for an invocation: a header of our own, which other runtimes lack."""
        self._init_times = f"Jupyter-Lambda-Init-Times: {text}\r\n"

    def next(self) -> Invocation:
        """Wait, without limit, for the next invocation.

        Raises:
            ConnectionEnded: The engine is gone or has refused.
        """
        if not self._asked:
            self._connection.sendall(self._first_request())
        self._asked = False
        status, headers, body = self._read_answer()
        if status != 200:
            raise ConnectionEnded(f"next answered {status}")
        return Invocation(
            request_id=headers.get("lambda-runtime-aws-request-id", ""),
            event=body,
            content_type=headers.get("content-type"),
            deadline_ms=int(headers.get("lambda-runtime-deadline-ms", "0")),
            function_arn=headers.get("lambda-runtime-invoked-function-arn"),
            trace_id=headers.get("lambda-runtime-trace-id"),
            client_context=headers.get("lambda-runtime-client-context"),
            cognito_identity=headers.get("lambda-runtime-cognito-identity"),
            tenant_id=headers.get("lambda-runtime-aws-tenant-id"),
            invocation_id=headers.get("lambda-runtime-invocation-id"),
        )

    def _first_request(self) -> bytes:
        return self._next_request[:-2] + self._init_times.encode("latin-1") + b"\r\n"

    def respond(self, invocation: Invocation, body: bytes, content_type: str) -> int:
        """Send the result and ask for the next invocation in the same write; returns the status of the answer."""
        return self._post_and_ask(invocation, "response", body, content_type)

    def fail(self, invocation: Invocation, body: bytes) -> int:
        """Send the handler's error and ask for the next invocation in the same write; returns the status of the answer."""
        return self._post_and_ask(invocation, "error", body, "application/json")

    def fail_init(self, body: bytes, error_type: str) -> None:
        """Say that the function could not be initialised; the process ends next."""
        extra = f"Lambda-Runtime-Function-Error-Type: {error_type}\r\n"
        self._send(self._post_head("init/error", len(body), "application/json", extra), body, b"")
        self._read_answer()

    def _post_and_ask(self, invocation: Invocation, what: str, body: bytes, content_type: str) -> int:
        # Lambda-Runtime-Invocation-Id is echoed: the platform tells a late answer of an earlier attempt by it.
        extra = f"Lambda-Runtime-Invocation-Id: {invocation.invocation_id}\r\n" if invocation.invocation_id else ""
        head = self._post_head(f"invocation/{invocation.request_id}/{what}", len(body), content_type, extra)
        self._send(head, body, self._next_request)
        self._asked = True
        status, _, _ = self._read_answer()
        return status

    def _post_head(self, path: str, length: int, content_type: str, extra: str) -> bytes:
        return (
            f"POST {_PREFIX}{path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: {content_type}\r\n"
            f"Content-Length: {length}\r\n{extra}\r\n"
        ).encode("latin-1")

    def _send(self, head: bytes, body: bytes, tail: bytes) -> None:
        try:
            if len(body) <= _JOINED_BYTES:
                self._connection.sendall(b"".join((head, body, tail)))
            else:
                self._connection.sendall(head)
                self._connection.sendall(body)
                self._connection.sendall(tail)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise ConnectionEnded(str(error)) from error

    def _read_answer(self) -> tuple[int, dict[str, str], bytes]:
        end = self._received.find(b"\r\n\r\n")
        while end < 0:
            self._receive()
            end = self._received.find(b"\r\n\r\n")
        lines = bytes(self._received[:end]).decode("latin-1").split("\r\n")
        del self._received[: end + 4]
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return int(lines[0].split(" ", 2)[1]), headers, self._read_body(int(headers.get("content-length", "0")))

    def _read_body(self, length: int) -> bytes:
        if len(self._received) >= length:
            body = bytes(self._received[:length])
            del self._received[:length]
            return body
        whole = bytearray(length)
        have = len(self._received)
        whole[:have] = self._received
        self._received.clear()
        view = memoryview(whole)
        while have < length:
            count = self._connection.recv_into(view[have:])
            if not count:
                raise ConnectionEnded("the engine closed the connection")
            have += count
        return bytes(whole)

    def _receive(self) -> None:
        try:
            piece = self._connection.recv(_PIECE)
        except ConnectionResetError as error:
            raise ConnectionEnded(str(error)) from error
        if not piece:
            raise ConnectionEnded("the engine closed the connection")
        self._received += piece
