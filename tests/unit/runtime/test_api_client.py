"""The Runtime API's client over a connection that is a list of pieces: what it writes, and what it makes of what it reads."""

from __future__ import annotations

import pytest

from jupyter_lambda.runtime.api_client import ConnectionEnded, RuntimeApiClient


class Wire:
    """A connection that was answered ahead."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces, self.sent = list(pieces), []

    def sendall(self, data: bytes) -> None:
        self.sent.append(bytes(data))

    def recv(self, count: int) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""

    def recv_into(self, view: memoryview) -> int:
        piece = self.pieces.pop(0) if self.pieces else b""
        taken, rest = piece[: len(view)], piece[len(view) :]
        if rest:
            self.pieces.insert(0, rest)
        view[: len(taken)] = taken
        return len(taken)


def answer(body: bytes = b"{}", status: str = "200 OK", **headers: str) -> bytes:
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body


NEXT = {"Lambda_Runtime_Aws_Request_Id": "id-1", "Lambda_Runtime_Deadline_Ms": "1234"}


def test_reads_an_invocation_with_its_headers():
    wire = Wire(answer(b'{"a":1}', Content_Type="application/json", Lambda_Runtime_Trace_Id="Root=1", **NEXT))
    invocation = RuntimeApiClient(wire, "host:1").next()
    assert wire.sent == [b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: host:1\r\n\r\n"]
    assert (invocation.request_id, invocation.event, invocation.deadline_ms) == ("id-1", b'{"a":1}', 1234)
    assert (invocation.trace_id, invocation.client_context) == ("Root=1", None)


@pytest.mark.parametrize("size", [1, 3, 7, 50])
def test_reads_whatever_the_pieces(size):
    whole = answer(b"x" * 100, **NEXT) + answer(b"", "202 Accepted") + answer(b"y" * 30, **NEXT)
    client = RuntimeApiClient(Wire(*(whole[n : n + size] for n in range(0, len(whole), size))))
    first = client.next()
    assert client.respond(first, b"1", "application/json") == 202
    assert (first.event, client.next().event) == (b"x" * 100, b"y" * 30)


def test_answers_and_asks_in_one_write():
    wire = Wire(answer(**NEXT), answer(b"", "202 Accepted"), answer(**NEXT))
    client = RuntimeApiClient(wire)
    client.respond(client.next(), b"[1]", "application/json")
    client.next()
    assert len(wire.sent) == 2
    head, _, rest = wire.sent[1].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /2018-06-01/runtime/invocation/id-1/response HTTP/1.1\r\n")
    assert rest.startswith(b"[1]GET /2018-06-01/runtime/invocation/next ")


@pytest.mark.parametrize("status", ["413 Too Large", "403 Forbidden", "400 Bad Request"])
def test_goes_on_after_a_refused_answer(status):
    client = RuntimeApiClient(Wire(answer(**NEXT), answer(b"{}", status), answer(b"2", **NEXT)))
    assert client.respond(client.next(), b"1", "application/json") == int(status[:3])
    assert client.next().event == b"2"


def test_a_late_answer_is_told_by_the_invocation_id():
    wire = Wire(answer(Lambda_Runtime_Invocation_Id="attempt-2", **NEXT), answer(b"", "202 Accepted"))
    client = RuntimeApiClient(wire)
    client.fail(client.next(), b"{}")
    assert b"/invocation/id-1/error " in wire.sent[1]
    assert b"\r\nLambda-Runtime-Invocation-Id: attempt-2\r\n" in wire.sent[1]


def test_an_init_error_names_its_type():
    wire = Wire(answer(b"", "202 Accepted"))
    RuntimeApiClient(wire).fail_init(b"{}", "Runtime.ImportModuleError")
    assert wire.sent[0].startswith(b"POST /2018-06-01/runtime/init/error ")
    assert b"Lambda-Runtime-Function-Error-Type: Runtime.ImportModuleError\r\n" in wire.sent[0]


@pytest.mark.parametrize("pieces", [[], [b"HTTP/1.1 200"], [answer(b"long", **NEXT)[:-2]], [answer(b"", "500 Oops")]])
def test_a_connection_that_ends_is_the_end_of_the_work(pieces):
    with pytest.raises(ConnectionEnded):
        RuntimeApiClient(Wire(*pieces)).next()
