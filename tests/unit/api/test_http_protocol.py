"""The hot doors' HTTP: whole requests in, answers in order (api/http_protocol.py)."""

from __future__ import annotations

import pytest

from jupyter_lambda.api.http_protocol import HttpProtocol, Request


class Wire:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.written = b""
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


class Recorder(HttpProtocol):
    """Keeps requests and answers when told."""

    max_body = 10

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[Request] = []

    def handle(self, request: Request) -> None:
        self.requests.append(request)


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def protocol(wire: Wire) -> Recorder:
    protocol = Recorder()
    protocol.connection_made(wire)  # type: ignore[arg-type]  # as much of a transport as the protocol needs
    return protocol


POST = b"POST /a?b=c HTTP/1.1\r\nHost: x\r\nX-Name: value\r\nContent-Length: 5\r\n\r\nhello"


def test_a_request_that_comes_byte_by_byte_is_one_request(protocol: Recorder) -> None:
    for i in range(len(POST)):
        protocol.data_received(POST[i : i + 1])

    (request,) = protocol.requests
    assert (request.method, request.target, request.body) == (b"POST", b"/a?b=c", b"hello")
    assert request.headers[b"x-name"] == b"value"


def test_pipelined_requests_are_answered_in_order(protocol: Recorder, wire: Wire) -> None:
    protocol.data_received(POST + POST.replace(b"hello", b"world"))
    assert [r.body for r in protocol.requests] == [b"hello"]  # the second waits

    protocol.respond(200, b"", b"one")
    protocol.respond(200, b"", b"two")

    assert [r.body for r in protocol.requests] == [b"hello", b"world"]
    assert wire.written.index(b"one") < wire.written.index(b"two")


def test_a_body_above_the_limit_is_read_past_and_told(protocol: Recorder) -> None:
    protocol.data_received(b"POST / HTTP/1.1\r\nContent-Length: 11\r\n\r\n" + b"x" * 11 + POST)

    assert protocol.requests[0].too_large == 11
    assert protocol.requests[0].body == b""
    protocol.respond(413, b"")
    assert protocol.requests[1].body == b"hello"


def test_chunked_bodies_are_joined(protocol: Recorder) -> None:
    protocol.data_received(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")

    assert protocol.requests[0].body == b"abcde"


def test_a_careful_client_is_told_to_go_on(protocol: Recorder, wire: Wire) -> None:
    protocol.data_received(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")

    assert wire.written == b"HTTP/1.1 100 Continue\r\n\r\n"


def test_nonsense_is_refused_and_the_connection_closed(protocol: Recorder, wire: Wire) -> None:
    protocol.data_received(b"\x16\x03\x01 not http\r\n\r\n")

    assert wire.written.startswith(b"HTTP/1.1 400")
    assert wire.closed


def test_knows_when_it_is_between_requests(protocol: Recorder) -> None:
    assert protocol.at_boundary
    protocol.data_received(POST[:20])
    assert not protocol.at_boundary
    protocol.data_received(POST[20:])
    assert not protocol.at_boundary
    protocol.respond(200, b"", b"")
    assert protocol.at_boundary
