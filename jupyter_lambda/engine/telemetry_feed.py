"""The Telemetry API of one environment: who subscribed to what, and batches on their way to them.

    publish → each subscriber's buffer → full, old enough, or flushed → one batch at a time over a connection into the environment

Until init is over everything is kept, so that a subscriber also gets what came before it. A subscriber that takes nothing keeps at most
four buffers' worth; what is dropped then is counted, and told with its next batch as `platform.logsDropped`.

Source: AWS Lambda Developer Guide, "Lambda Telemetry API reference" and "Accessing real-time telemetry data".
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from jupyter_lambda.telemetry import platform_events

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable

    from jupyter_lambda.clock import Clock

TYPES: Final = ("platform", "function", "extension")
SCHEMAS: Final = ("2022-07-01", "2022-12-13", "2025-01-29")
_URI: Final = re.compile(r"(?:(?:http|tcp)://)?(?P<host>[^/:]+)(?::(?P<port>\d+))?(?P<path>/.*)?")
_HOSTS: Final = ("sandbox.localdomain", "sandbox")
_BACKLOG_MAX: Final = 10_000
_BUFFERS_KEPT: Final = 4
_SEND_SECONDS: Final = 5.0
_BOUNDS: Final = {"maxItems": (1_000, 10_000, 1_000), "maxBytes": (262_144, 1_048_576, 262_144), "timeoutMs": (25, 30_000, 1_000)}


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """What a subscriber asked for."""

    types: tuple[str, ...]
    protocol: str  # "HTTP" | "TCP"
    port: int
    path: str
    max_items: int
    max_bytes: int
    timeout_ms: int


def read_subscription(body: bytes) -> Subscription | str:
    """Read a subscribe request; a text says what is wrong with it, all faults in one."""
    try:
        given = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "the request body is not a JSON object"
    faults: list[str] = []
    if given.get("schemaVersion") not in SCHEMAS:
        faults.append(f"schemaVersion should be one of {', '.join(SCHEMAS)}")
    types = given.get("types")
    if not isinstance(types, list) or not types:
        faults.append("types should not be empty")
    elif any(each not in TYPES for each in types):
        faults.append(f"types should be of {', '.join(TYPES)}")
    destination = given.get("destination")
    destination = destination if isinstance(destination, dict) else {}
    protocol = destination.get("protocol")
    if protocol not in ("HTTP", "TCP"):
        faults.append("destination protocol should be HTTP or TCP")
    uri = str(destination.get("URI") or f"tcp://{_HOSTS[0]}:{destination.get('port', '')}")
    match = _URI.fullmatch(uri)
    if match is None or match["host"] not in _HOSTS:
        faults.append(f"URI host should be {_HOSTS[0]}")
    port = int(match["port"]) if match is not None and match["port"] else 0
    if not 0 < port < 65_536:
        faults.append("URI port is not provided")
    buffering = given.get("buffering")
    bounds = _buffering(buffering if isinstance(buffering, dict) else {}, faults)
    if faults or match is None or not isinstance(types, list):
        return "; ".join(faults)
    return Subscription(
        types=tuple(types), protocol=str(protocol), port=port, path=match["path"] or "/", max_items=bounds["maxItems"],
        max_bytes=bounds["maxBytes"], timeout_ms=bounds["timeoutMs"],
    )  # fmt: skip


def _buffering(given: dict[str, Any], faults: list[str]) -> dict[str, int]:
    found = {}
    for name, (low, high, default) in _BOUNDS.items():
        value = given.get(name, default)
        if not isinstance(value, int) or not low <= value <= high:
            faults.append(f"{name} should be between {low} and {high}")
            value = default
        found[name] = value
    return found


class TelemetryFeed:
    """All subscribers of one environment.

    Args:
        clock: Time.
        connect: Opens a connection to a port of the environment's own loopback, or raises ConnectionError.
    """

    def __init__(self, clock: Clock, connect: Callable[[int], Awaitable[socket.socket]]) -> None:
        self._clock = clock
        self._connect = connect
        self._subscribers: dict[str, _Subscriber] = {}
        self._backlog: list[tuple[str, bytes]] | None = []

    def subscribe(self, name: str, subscription: Subscription) -> None:
        """Send to an extension from now on, first what was said before; a second subscription replaces the first."""
        before = self._subscribers.pop(name, None)
        if before is not None:
            before.close()
        subscriber = self._subscribers[name] = _Subscriber(subscription, self._clock, self._connect)
        for kind, event in self._backlog or ():
            subscriber.take(kind, event)

    def publish(self, kind: str, event: dict[str, Any]) -> None:
        """Something was said: by the platform, the function or an extension."""
        if self._backlog is None and not self._subscribers:
            return
        encoded = msgspec.json.encode(event)
        if self._backlog is not None and len(self._backlog) < _BACKLOG_MAX:
            self._backlog.append((kind, encoded))
        for subscriber in self._subscribers.values():
            subscriber.take(kind, encoded)

    def init_is_over(self) -> None:
        """Nobody can subscribe any more."""
        self._backlog = None

    @property
    def is_open(self) -> bool:
        """Whether one may still subscribe."""
        return self._backlog is not None

    async def flush(self) -> None:
        """Send what there is now; returns when it is there, or can't be sent."""
        await asyncio.gather(*(subscriber.flush() for subscriber in self._subscribers.values()))

    def close(self) -> None:
        """Drop everything. Safe to call twice."""
        for subscriber in self._subscribers.values():
            subscriber.close()
        self._subscribers = {}
        self._backlog = None


class _Subscriber:
    """One subscriber's buffer."""

    def __init__(self, subscription: Subscription, clock: Clock, connect: Callable[[int], Awaitable[socket.socket]]) -> None:
        self._subscription = subscription
        self._clock = clock
        self._connect = connect
        self._events: list[bytes] = []
        self._size = 0
        self._dropped = self._dropped_bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._sending = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, kind: str, event: bytes) -> None:
        wanted = self._subscription
        if kind not in wanted.types:
            return
        if self._size + len(event) > wanted.max_bytes * _BUFFERS_KEPT:
            self._dropped += 1
            self._dropped_bytes += len(event)
            return
        self._events.append(event)
        self._size += len(event)
        if len(self._events) >= wanted.max_items or self._size >= wanted.max_bytes:
            self._send_soon()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(wanted.timeout_ms / 1000.0, self._send_soon)

    async def flush(self) -> None:
        self._stop_timer()
        async with self._sending:
            while self._events:
                batch = self._next_batch()
                try:
                    async with asyncio.timeout(_SEND_SECONDS):
                        await self._send(batch)
                except (OSError, TimeoutError, asyncio.IncompleteReadError):
                    self._events[:0] = batch  # for the next time: it may not listen yet
                    self._size += sum(map(len, batch))
                    return

    def close(self) -> None:
        self._stop_timer()
        for task in self._tasks:
            task.cancel()
        self._events, self._size = [], 0

    def _next_batch(self) -> list[bytes]:
        wanted = self._subscription
        size = count = 0
        for event in self._events[: wanted.max_items]:
            if count and size + len(event) > wanted.max_bytes:
                break
            size += len(event)
            count += 1
        batch, self._events = self._events[:count], self._events[count:]
        self._size -= size
        if self._dropped:
            said = platform_events.logs_dropped("the subscriber did not take them in time", self._dropped, self._dropped_bytes)
            batch.append(msgspec.json.encode(said.as_event(self._clock.epoch())))
            self._dropped = self._dropped_bytes = 0
        return batch

    async def _send(self, batch: list[bytes]) -> None:
        wanted = self._subscription
        reader, writer = await asyncio.open_connection(sock=await self._connect(wanted.port))
        try:
            if wanted.protocol == "TCP":
                writer.write(b"".join(event + b"\n" for event in batch))
                await writer.drain()
                return
            body = b"[" + b",".join(batch) + b"]"
            head = (
                f"POST {wanted.path} HTTP/1.1\r\nHost: {_HOSTS[0]}:{wanted.port}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            )
            writer.write(head.encode("latin-1") + body)
            await writer.drain()
            await reader.readuntil(b"\n")  # whatever the status: it was taken
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _send_soon(self) -> None:
        self._stop_timer()
        if not self._tasks:
            task = asyncio.get_running_loop().create_task(self.flush())
            self._tasks.add(task)
            task.add_done_callback(self._sent)

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if self._events and self._timer is None and not task.cancelled():
            self._timer = asyncio.get_running_loop().call_later(self._subscription.timeout_ms / 1000.0, self._send_soon)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
