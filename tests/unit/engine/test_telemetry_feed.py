"""The Telemetry API: what a subscription may ask for, and how batches leave."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any

import pytest

from jupyter_lambda.clock import SystemClock
from jupyter_lambda.engine.telemetry_feed import Subscription, TelemetryFeed, read_subscription

DESTINATION = {"protocol": "HTTP", "URI": "http://sandbox.localdomain:8080/sink"}
GOOD = {"schemaVersion": "2022-12-13", "types": ["platform"], "destination": DESTINATION}


def read(**changes: Any) -> Subscription | str:
    return read_subscription(json.dumps({**GOOD, **changes}).encode())


def test_the_defaults():
    assert read() == Subscription(
        types=("platform",), protocol="HTTP", port=8080, path="/sink", max_items=1_000, max_bytes=262_144, timeout_ms=1_000
    )


def test_a_tcp_destination_and_bounds():
    buffering = {"maxItems": 10_000, "maxBytes": 1_048_576, "timeoutMs": 25}
    asked = read(destination={"protocol": "TCP", "URI": "tcp://sandbox.localdomain:9"}, buffering=buffering)
    assert isinstance(asked, Subscription)
    assert (asked.protocol, asked.port, asked.max_items, asked.timeout_ms) == ("TCP", 9, 10_000, 25)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"schemaVersion": "2020-08-15"}, "schemaVersion should be one of"),
        ({"types": []}, "types should not be empty"),
        ({"types": ["platform", "kernel"]}, "types should be of"),
        ({"destination": {"protocol": "UDP", "URI": DESTINATION["URI"]}}, "protocol should be HTTP or TCP"),
        ({"destination": {"protocol": "HTTP", "URI": "http://sandbox.localdomain"}}, "URI port is not provided"),
        ({"destination": {"protocol": "HTTP", "URI": "http://10.0.0.1:80"}}, "URI host should be sandbox.localdomain"),
        ({"buffering": {"timeoutMs": 24}}, "timeoutMs should be between 25 and 30000"),
        ({"buffering": {"maxItems": "many"}}, "maxItems should be between 1000 and 10000"),
        ({"destination": None}, "URI port is not provided"),
    ],
)
def test_what_is_wrong_is_said(changes: dict[str, Any], fault: str):
    said = read(**changes)
    assert isinstance(said, str)
    assert fault in said


def test_what_is_no_object_is_said():
    for body in (b"", b"[]", b"\xff"):
        assert read_subscription(body) == "the request body is not a JSON object"


class Sink:
    """A listener inside the environment, reached as the supervisor would reach it."""

    def __init__(self) -> None:
        self.batches: list[list[Any]] = []
        self.came = asyncio.Event()
        self.refuses = False

    async def connect(self, port: int) -> socket.socket:
        if self.refuses:
            raise ConnectionError("nobody listens")
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=theirs)
        self.serving = asyncio.ensure_future(self._serve(reader, writer))
        return ours

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.split("content-length: ")[1].split("\r\n")[0])
        self.batches.append(json.loads(await reader.readexactly(length)))
        self.came.set()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()


def subscription(**changes: Any) -> Subscription:
    values = {"types": ("platform", "function"), "protocol": "HTTP", "port": 1, "path": "/", "max_items": 1_000, "max_bytes": 262_144,
              "timeout_ms": 25, **changes}  # fmt: skip
    return Subscription(**values)


@pytest.mark.asyncio
async def test_what_came_before_is_sent_too_and_only_what_was_asked_for():
    sink = Sink()
    feed = TelemetryFeed(SystemClock(), sink.connect)
    feed.publish("platform", {"n": 1})
    feed.subscribe("a", subscription())
    feed.publish("extension", {"n": 2})
    feed.publish("function", {"n": 3})
    await asyncio.wait_for(sink.came.wait(), 5)
    assert sink.batches == [[{"n": 1}, {"n": 3}]]
    feed.close()


@pytest.mark.asyncio
async def test_after_init_nothing_is_kept_for_who_has_not_subscribed():
    sink = Sink()
    feed = TelemetryFeed(SystemClock(), sink.connect)
    assert feed.is_open
    feed.init_is_over()
    feed.publish("platform", {"n": 1})
    assert not feed.is_open
    feed.subscribe("a", subscription())
    await feed.flush()
    assert sink.batches == []
    feed.close()


@pytest.mark.asyncio
async def test_a_batch_is_never_larger_than_asked_for():
    sink = Sink()
    feed = TelemetryFeed(SystemClock(), sink.connect)
    feed.subscribe("a", subscription(max_items=3, timeout_ms=30_000))
    for number in range(7):
        feed.publish("platform", {"n": number})
    await feed.flush()
    assert [len(batch) for batch in sink.batches] == [3, 3, 1]
    feed.close()


@pytest.mark.asyncio
async def test_a_subscriber_that_does_not_listen_yet_gets_it_later_and_hears_what_was_dropped():
    sink = Sink()
    sink.refuses = True
    feed = TelemetryFeed(SystemClock(), sink.connect)
    feed.subscribe("a", subscription(max_bytes=100, timeout_ms=30_000))
    for number in range(100):
        feed.publish("platform", {"number": number})
    await feed.flush()
    assert sink.batches == []
    sink.refuses = False
    await feed.flush()
    events = [event for batch in sink.batches for event in batch]
    kept = [event["number"] for event in events if "number" in event]
    dropped = next(event["record"] for event in events if event.get("type") == "platform.logsDropped")
    assert kept == list(range(len(kept)))
    assert dropped["droppedRecords"] == 100 - len(kept) > 0
    feed.close()
