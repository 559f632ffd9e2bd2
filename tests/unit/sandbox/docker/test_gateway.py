"""The door for containers that come over TCP: who is let in, how often, and when it is shut (sandbox/docker/gateway.py)."""

from __future__ import annotations

import asyncio
import socket

import pytest

from jupyter_lambda.errors import SandboxError
from jupyter_lambda.runtime.frames import SECRET_BYTES, TICKET_BYTES
from jupyter_lambda.sandbox.docker import gateway as module
from jupyter_lambda.sandbox.docker.endpoint import Endpoint
from jupyter_lambda.sandbox.docker.gateway import DESKTOP_NAME, Gateway, Way, find_way

pytestmark = pytest.mark.anyio
SECONDS = 10


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
async def gateway():
    gateway = Gateway("127.0.0.1")
    yield gateway
    await gateway.aclose()


async def say(expected, data: bytes):
    reader, writer = await asyncio.open_connection("127.0.0.1", int(expected.address.rpartition(":")[2]))
    writer.write(data)
    return reader, writer


async def is_cut(reader) -> bool:
    try:
        async with asyncio.timeout(SECONDS):
            return await reader.read() == b""
    except ConnectionError:
        return True


async def test_who_shows_ticket_and_secret_is_let_in_with_what_it_says_next(gateway):
    expected = await gateway.expect("10.0.0.1")
    assert expected.address.startswith("10.0.0.1:")
    _, writer = await say(expected, expected.handed_in + b"hello")
    reader, ours = await asyncio.wait_for(expected.came, SECONDS)
    assert await reader.readexactly(5) == b"hello"
    for each in (writer, ours):
        each.close()


async def test_the_port_is_open_only_while_somebody_is_expected(gateway):
    assert gateway.port is None
    first, second = await gateway.expect("h"), await gateway.expect("h")
    port = gateway.port
    assert (await asyncio.open_connection("127.0.0.1", port))[1].close() is None
    gateway.forget(first)
    assert gateway.port == port
    gateway.forget(second)
    gateway.forget(second)
    assert gateway.port is None
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_a_secret_is_good_for_one_connection(gateway):
    other, expected = await gateway.expect("h"), await gateway.expect("h")
    _, writer = await say(expected, expected.handed_in)
    (_, ours) = await asyncio.wait_for(expected.came, SECONDS)
    again, second = await say(expected, expected.handed_in)
    assert await is_cut(again)
    assert not other.came.done()
    for each in (writer, ours, second):
        each.close()


@pytest.mark.parametrize("wrong", ["secret", "ticket", "another's secret", "http"])
async def test_whoever_has_not_both_is_cut_and_the_expected_one_still_gets_in(gateway, wrong):
    expected, another = await gateway.expect("h"), await gateway.expect("h")
    ticket, secret = expected.handed_in[:TICKET_BYTES], expected.handed_in[TICKET_BYTES:]
    said = {
        "secret": ticket + bytes(SECRET_BYTES),
        "ticket": bytes(TICKET_BYTES) + secret,
        "another's secret": ticket + another.handed_in[TICKET_BYTES:],
        "http": b"GET / HTTP/1.1\r\nHost: localhost:80\r\nUser-Agent: something\r\n\r\n",
    }[wrong]
    stranger, writer = await say(expected, said)
    assert await is_cut(stranger)
    _, right = await say(expected, expected.handed_in)
    _, ours = await asyncio.wait_for(expected.came, SECONDS)
    assert not another.came.done()
    for each in (writer, right, ours):
        each.close()


async def test_a_silent_stranger_is_cut_after_a_while(gateway, monkeypatch):
    monkeypatch.setattr(module, "_SECRET_SECONDS", 0.05)
    expected = await gateway.expect("h")
    stranger, writer = await say(expected, b"half")
    assert await is_cut(stranger)
    writer.close()


async def test_only_so_many_strangers_stand_at_the_door(gateway, monkeypatch):
    monkeypatch.setattr(module, "_STRANGERS_MAX", 2)
    expected = await gateway.expect("h")
    silent = [await say(expected, b"x") for _ in range(2)]
    async with asyncio.timeout(SECONDS):
        while len(gateway._strangers) < 2:  # noqa: ASYNC110 - nothing tells of an accepted connection
            await asyncio.sleep(0.001)
    third, writer = await say(expected, expected.handed_in)
    assert await is_cut(third)
    for _, each in [*silent, (third, writer)]:
        each.close()


async def test_an_address_of_another_machine_is_refused():
    with pytest.raises(SandboxError, match="docker_gateway"):
        await Gateway("192.0.2.77").expect("h")


# -- the way ----------------------------------------------------------------------------------------------------------------


class Networks:
    """A daemon that has networks."""

    def __init__(self, gateway: str | None, url: str = "unix:///var/run/docker.sock") -> None:
        self.endpoint = Endpoint(url)
        self.answer = None if gateway is None else {"IPAM": {"Config": [{"Subnet": "10.0.0.0/8", "Gateway": gateway}]}}

    async def call(self, method, path, *, missing_ok):
        assert (method, path, missing_ok) == ("GET", "/networks/bridge", True)
        return self.answer


def own_address() -> str:
    """An address of this machine besides 127.0.0.1: the whole block is its own."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.2", 0))
        except OSError:  # macOS has but one
            return "127.0.0.1"
    return "127.0.0.2"


async def test_a_networks_end_on_this_machine_is_the_way():
    address = own_address()
    assert await find_way(Networks(address), "bridge", "") == Way("bridge", address, address)


async def test_a_networks_end_elsewhere_is_behind_a_virtual_machine():
    way = await find_way(Networks("198.51.100.1"), "bridge", "")
    assert way == Way("bridge", "127.0.0.1", DESKTOP_NAME, ("host.docker.internal:host-gateway",))


async def test_another_machines_daemon_needs_an_address():
    with pytest.raises(SandboxError, match="on another machine") as raised:
        await find_way(Networks("198.51.100.1", "tcp://198.51.100.2:2376"), "bridge", "")
    assert "not encrypted" in raised.value.suggestion
    way = await find_way(Networks(None, "tcp://198.51.100.2:2376"), "bridge", own_address())
    assert way.listen == way.host == own_address()


@pytest.mark.parametrize("given", ["0.0.0.0", "::", "engine.example"])
async def test_it_never_listens_on_all_addresses(given):
    assert (await find_way(Networks(None), "bridge", given)).listen == "127.0.0.1"


async def test_a_network_that_is_gone_is_said():
    with pytest.raises(SandboxError, match="has no network"):
        await find_way(Networks(None), "bridge", "")
