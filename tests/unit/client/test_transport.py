from __future__ import annotations

import os
import socket
import threading
from io import BytesIO

import pytest

from jupyter_lambda.client.http_answer import CutOff, NotTaken, parse_head
from jupyter_lambda.client.transport import Transport


class Peer:
    """The other end of one connection, moved by the test."""

    def __init__(self, path):
        self.path = str(path)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        self.accepted = []

    def script(self, *steps):
        """Accept connections and play a step on each, in a thread."""
        thread = threading.Thread(target=self._play, args=(steps,), daemon=True)
        thread.start()
        return thread

    def _play(self, steps):
        for step in steps:
            one, _ = self.listener.accept()
            self.accepted.append(one)
            step(one)

    def close(self):
        for one in self.accepted:
            one.close()
        self.listener.close()


@pytest.fixture
def peer(short_folder):
    peer = Peer(short_folder / "s")
    yield peer
    peer.close()


@pytest.fixture
def transport(peer):
    transport = Transport(peer.path, "token")
    yield transport
    transport.close()


def read_request(one):
    data = b""
    while b"\r\n\r\n" not in data:
        data += one.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += one.recv(65536)
    return head, body


def answering(*answers):
    def step(one):
        for answer in answers:
            read_request(one)
            one.sendall(answer)

    return step


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


def test_a_connection_is_used_again(peer, transport):
    peer.script(answering(OK, OK))

    bodies = [transport.exchange(b"GET /a").body, transport.exchange(b"GET /b").body]

    assert bodies == [b"hi", b"hi"]
    assert len(peer.accepted) == 1


def test_an_answer_may_come_in_single_bytes(peer, transport):
    def drip(one):
        read_request(one)
        for byte in OK:
            one.sendall(bytes([byte]))

    peer.script(drip)

    assert transport.exchange(b"GET /").body == b"hi"


def test_a_large_body_goes_and_comes_whole(peer, transport):
    body = os.urandom(3_000_000)

    def echo(one):
        _, got = read_request(one)
        one.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(got), got))

    peer.script(echo)

    assert transport.exchange(b"POST /", body=body).body == body


def test_a_file_is_streamed(peer, transport):
    seen = []

    def store(one):
        seen.append(read_request(one)[1])
        one.sendall(OK)

    peer.script(store)

    transport.exchange(b"PUT /", body=BytesIO(b"x" * 200_000), length=200_000)

    assert seen == [b"x" * 200_000]


def test_chunks_are_joined(peer, transport):
    peer.script(answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", OK))

    assert transport.exchange(b"GET /").body == b"abcde"
    assert transport.exchange(b"GET /").body == b"hi"  # the connection stands at a boundary


def test_an_idle_connection_that_was_closed_is_replaced_before_anything_is_sent(peer, transport):
    closed = threading.Event()

    def answer_and_close(one):
        answering(OK)(one)
        one.shutdown(socket.SHUT_RDWR)
        closed.set()

    peer.script(answer_and_close, answering(OK))
    transport.exchange(b"GET /")
    assert closed.wait(5)

    assert transport.exchange(b"POST /once").body == b"hi"
    assert len(peer.accepted) == 2


def test_close_is_asked_for_and_done(peer, transport):
    peer.script(answering(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"), answering(OK))

    transport.exchange(b"GET /")

    assert transport.exchange(b"GET /").body == b"hi"
    assert len(peer.accepted) == 2


def test_nobody_listens(short_folder):
    with pytest.raises(NotTaken, match="no engine listens"):
        Transport(str(short_folder / "nothing"), "token").exchange(b"GET /")


def test_an_engine_that_read_the_request_and_went_may_have_done_it(peer, transport):
    def read_and_go(one):
        read_request(one)
        one.close()

    peer.script(read_and_go)

    with pytest.raises(CutOff):
        transport.exchange(b"POST /")


def test_an_engine_that_left_the_request_unread_has_not_done_it(peer, transport):
    """A unix socket closed with unread bytes resets its peer: what `transport` builds on."""

    def read_a_part_and_go(one):
        one.recv(10)
        one.close()

    peer.script(read_a_part_and_go)

    with pytest.raises(NotTaken):
        transport.exchange(b"POST /", body=b"x" * 1000)


def test_a_refusal_that_comes_before_the_body_was_read_is_heard(peer, transport):
    def refuse(one):
        one.recv(100)
        one.sendall(b"HTTP/1.1 507 Insufficient Storage\r\nContent-Length: 4\r\n\r\nfull")
        one.close()

    peer.script(refuse)

    answer = transport.exchange(b"PUT /", body=b"x" * 5_000_000)

    assert (answer.status, answer.body) == (507, b"full")


def test_an_answer_cut_in_the_middle(peer, transport):
    def half(one):
        read_request(one)
        one.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhi")
        one.close()

    peer.script(half)

    with pytest.raises(CutOff, match="middle"):
        transport.exchange(b"GET /")


def test_a_timeout_is_kept_only_where_asked_for(peer, transport):
    release = threading.Event()

    def wait(one):
        read_request(one)
        release.wait(10)

    peer.script(wait)

    with pytest.raises(TimeoutError):
        transport.exchange(b"GET /", timeout=0.02)
    release.set()


def test_a_forked_child_makes_connections_of_its_own(server, client):
    client.hello()
    child = os.fork()
    if child == 0:
        try:
            client.hello()
        except BaseException:  # a child of a test must not go on with the tests
            os._exit(1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0

    client.hello()

    assert server.connections == 2  # the child's, and ours, which goes on


def test_threads_get_connections_of_their_own(server, client):
    barrier = threading.Barrier(4)
    results = []

    def handler(event):
        barrier.wait(5)
        return event

    server.engine.add("meet", handler)
    threads = [threading.Thread(target=lambda n=n: results.append(client.invoke("meet", b"%d" % n).payload)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)

    assert sorted(results) == [b"0", b"1", b"2", b"3"]


@pytest.mark.parametrize("head", [b"SSH-2.0-x", b"HTTP/1.0 200 OK", b"HTTP/1.1 abc"])
def test_what_is_not_http_is_refused(head):
    with pytest.raises(CutOff, match="not HTTP"):
        parse_head(head)


def test_headers_are_found_in_lower_case():
    answer = parse_head(b"HTTP/1.1 204 No Content\r\nX-Thing:  a value \r\nContent-Length: 7")

    assert (answer.status, answer.headers[b"x-thing"], answer.body_length) == (204, b"a value", 0)
