"""Both ends of a container's TCP connection, joined on this machine (runtime/tunnel.py, sandbox/docker/tunnel.py)."""

from __future__ import annotations

import array
import asyncio
import json
import os
import socket
import threading

import pytest

from jupyter_lambda.errors import SandboxError
from jupyter_lambda.runtime import frames
from jupyter_lambda.runtime.tunnel import Tunnel as InsideTunnel
from jupyter_lambda.sandbox.docker.tunnel import Tunnel

pytestmark = pytest.mark.anyio
SECONDS = 10
LARGE = 3_000_000  # more than a window and all buffers on the way


@pytest.fixture
def anyio_backend():
    return "asyncio"


class Inside(threading.Thread):
    """The container's end, as its first process turns it, in a thread."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(daemon=True)
        connection.setblocking(False)
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setblocking(False)
        self.address = listener.getsockname()
        self.tunnel = InsideTunnel(connection.detach(), listener.detach())
        self._woken, self._wake = os.pipe()
        self.did = threading.Event()
        self.orders = []

    def run(self) -> None:
        while not self.tunnel.is_over:
            if self.tunnel.wait(self._woken, None):
                os.read(self._woken, 1)
                self.orders.pop(0)()
                self.did.set()

    def order(self, work) -> None:
        """Have something done between two waits, as the zygote does it."""
        self.did.clear()
        self.orders.append(work)
        os.write(self._wake, b"x")

    def hello(self) -> None:
        self.tunnel.send(frames.CONTROL, 0, b'{"event": "hello"}')

    def message(self):
        """The next message and its descriptors."""
        return self.tunnel.messages.popleft()


@pytest.fixture
async def ends():
    server = socket.create_server(("127.0.0.1", 0))
    theirs = socket.create_connection(server.getsockname())
    ours, _ = server.accept()
    server.close()
    inside = Inside(theirs)
    outside = Tunnel(*await asyncio.open_connection(sock=ours))
    inside.start()
    inside.order(inside.hello)
    await asyncio.wait_for(outside.hello(), SECONDS)
    yield inside, outside
    await outside.aclose()
    outside.control.close()
    await asyncio.to_thread(inside.join, SECONDS)
    assert not inside.is_alive()


async def until(fact) -> None:
    async with asyncio.timeout(SECONDS):
        while not fact():  # noqa: ASYNC110 - two threads
            await asyncio.sleep(0.001)


async def spawn(inside, outside):
    """A worker's log and Runtime API stream: both ends of each."""
    read, write = os.pipe()
    ours, theirs = socket.socketpair()
    message = json.dumps({"op": "spawn", "descriptors": ["log", "runtime"]}).encode()
    outside.control.sendmsg([message], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [write, theirs.fileno()]))])
    os.close(write)
    theirs.close()
    await until(lambda: inside.tunnel.messages)
    got, (log, runtime) = inside.message()
    assert got["op"] == "spawn"
    reader, writer = await asyncio.open_connection(sock=ours, limit=1 << 20)
    return os.fdopen(read, "rb", 0), reader, writer, log, socket.socket(fileno=runtime)


async def test_bytes_of_a_stream_pass_both_ways_whatever_their_number(ends):
    log, reader, writer, log_inside, runtime = await spawn(*ends)
    data = os.urandom(LARGE)

    def echo():
        got = bytearray()
        while len(got) < LARGE:
            got += runtime.recv(65_536)
        runtime.sendall(got)
        runtime.close()

    thread = threading.Thread(target=echo)
    thread.start()
    writer.write(data)
    async with asyncio.timeout(SECONDS):
        assert await reader.read(-1) == data
    await asyncio.to_thread(thread.join)
    writer.close()
    os.close(log_inside)
    assert await asyncio.to_thread(log.read) == b""
    log.close()


async def test_what_was_logged_before_an_answer_is_there_when_the_answer_is(ends):
    inside, _ = ends
    log, reader, writer, log_inside, runtime = await spawn(*ends)
    os.set_blocking(log.fileno(), False)

    def answer():
        """The tunnel sees the answer first, as it may when the worker wrote both after the last look."""
        os.write(log_inside, b"x" * 20_000)
        runtime.sendall(b"yes")
        inside.tunnel._read(next(each for each in inside.tunnel._channels.values() if not each.is_log))
        inside.tunnel.flush()
        looked.wait(SECONDS)

    looked = threading.Event()
    inside.order(answer)
    async with asyncio.timeout(SECONDS):
        await reader.readexactly(3)
    logged = log.read(65_536)
    looked.set()
    assert len(logged or b"") == 20_000
    writer.close()
    runtime.close()
    os.close(log_inside)
    log.close()


async def test_a_stream_that_nobody_reads_stops_only_itself(ends):
    inside, _ = ends
    log, reader, writer, log_inside, runtime = await spawn(*ends)
    writer.write(bytes(LARGE))  # the worker reads none of it
    runtime.sendall(b"still")
    async with asyncio.timeout(SECONDS):
        assert await reader.readexactly(5) == b"still"
    waiting = [len(channel.waiting) for channel in inside.tunnel._channels.values()]
    assert max(waiting) <= frames.WINDOW_BYTES
    writer.close()
    runtime.close()
    os.close(log_inside)
    log.close()


async def test_connections_to_the_runtime_api_lead_to_the_engine(ends):
    inside, outside = ends

    async def serve(reader, writer):
        writer.write((await reader.readexactly(4)).upper())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        outside.serve_runtime_api(f"127.0.0.1:{server.sockets[0].getsockname()[1]}")
        for _ in range(3):
            reader, writer = await asyncio.open_connection(*inside.address)
            writer.write(b"next")
            async with asyncio.timeout(SECONDS):
                assert await reader.read(-1) == b"NEXT"
            writer.close()
    await until(lambda: not inside.tunnel._channels and not outside._streams)


async def test_a_connection_before_anything_is_served_is_ended(ends):
    inside, _ = ends
    reader, writer = await asyncio.open_connection(*inside.address)
    async with asyncio.timeout(SECONDS):
        assert await reader.read(-1) == b""
    writer.close()


async def test_the_end_of_a_worker_sends_what_is_left_and_closes_its_log(ends):
    inside, _ = ends
    log, reader, writer, log_inside, runtime = await spawn(*ends)

    def die():
        os.write(log_inside, b"last words")
        os.close(log_inside)
        runtime.close()
        inside.tunnel.end_worker()

    inside.order(die)
    async with asyncio.timeout(SECONDS):
        assert await asyncio.to_thread(log.readall) == b"last words"
        assert await reader.read(-1) == b""
    writer.close()
    log.close()


async def test_what_the_container_holds_is_told_before_what_it_answers(ends):
    inside, outside = ends
    inside.order(lambda: inside.tunnel.send(frames.MEMORY, 0, frames.MEMORY_OF.pack(5_000_000, 2)))
    await until(lambda: outside.kernel_kills)
    assert (outside.held_bytes, outside.kernel_kills) == (5_000_000, 2)


async def test_each_end_hears_of_the_others_end(ends):
    inside, outside = ends
    outside.control.close()
    await asyncio.to_thread(inside.join, SECONDS)
    assert inside.tunnel.is_over


@pytest.mark.parametrize(
    "said", [b"\x09" + bytes(8), b"\x01" + bytes(4) + b"\xff\xff\xff\xff", frames.frame(frames.CONTROL, 0, b"{}")]
)
async def test_what_is_no_frame_or_no_hello_ends_the_connection(said):
    ours, theirs = tcp_pair()
    outside = Tunnel(*await asyncio.open_connection(sock=ours))
    theirs.sendall(said)
    with pytest.raises(SandboxError, match="before it said hello"):
        await asyncio.wait_for(outside.hello(), SECONDS)
    await outside.aclose()
    outside.control.close()
    theirs.close()


def tcp_pair():
    with socket.create_server(("127.0.0.1", 0)) as server:
        theirs = socket.create_connection(server.getsockname())
        return server.accept()[0], theirs
