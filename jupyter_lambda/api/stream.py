"""`/engine/v1/stream`: a snapshot, then numbered changes, over a websocket.

Messages are JSON: `{"type": "snapshot", "number": N, …}` and `{"type": "change", "number": N, "kind": …, "body": …}`. `?since=N`
resumes where the ring still has every change after N; a reader that falls behind gets a new snapshot, and nobody waits for it.

`?merged=1` is for pages: what changed within 50 ms, or within `window_ms`, comes as one message (`merged_stream`), and every two
seconds how busy the machine is.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.websockets import WebSocketDisconnect

from jupyter_lambda.api.merged_stream import (
    MACHINE_SECONDS,
    WINDOW_SECONDS,
    WINDOW_SECONDS_MAX,
    WINDOW_SECONDS_MIN,
    MergedStream,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.websockets import WebSocket

    from jupyter_lambda.engine.engine import Engine
    from jupyter_lambda.engine.live import Change, Watcher
    from jupyter_lambda.model.engine_api import EngineStatus
    from jupyter_lambda.model.host import MachineReading


async def stream(
    socket: WebSocket, engine: Engine, status: Callable[[], EngineStatus], machine: Callable[[], MachineReading] | None = None
) -> None:
    """Serve one watcher until it leaves or the engine stops."""
    await socket.accept()
    since = socket.query_params.get("since", "")
    with engine.live.watch() as watcher:
        missed = engine.live.since(int(since)) if since.isdigit() else None
        if socket.query_params.get("merged") == "1":
            page = MergedStream(engine, status, machine)
            window = _window_seconds(socket.query_params.get("window_ms", ""))
            sending = asyncio.create_task(_send_merged(socket, engine, status, watcher, missed, page, window))
        else:
            sending = asyncio.create_task(_send(socket, engine, status, watcher, missed))
        leaving = asyncio.create_task(_until_it_leaves(socket))
        done, pending = await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        await asyncio.gather(*done, *pending, return_exceptions=True)
    with contextlib.suppress(RuntimeError):
        await socket.close()


async def _send(
    socket: WebSocket, engine: Engine, status: Callable[[], EngineStatus], watcher: Watcher, missed: list[Change] | None
) -> None:
    if missed is None:
        await _send_snapshot(socket, engine, status)
    else:
        for change in missed:
            await _send_change(socket, change)
    async for change in watcher.changes():
        if watcher.missed:
            watcher.restart()
            await _send_snapshot(socket, engine, status)
        else:
            await _send_change(socket, change)


def _window_seconds(text: str) -> float:
    """The window that a page wishes for, in milliseconds, within what makes sense."""
    return min(max(int(text) / 1000.0, WINDOW_SECONDS_MIN), WINDOW_SECONDS_MAX) if text.isdigit() else WINDOW_SECONDS


async def _send_merged(
    socket: WebSocket,
    engine: Engine,
    status: Callable[[], EngineStatus],
    watcher: Watcher,
    missed: list[Change] | None,
    page: MergedStream,
    window: float,
) -> None:
    if missed is None:
        await _send_snapshot(socket, engine, status)
    changes = missed or []
    while not watcher.ended:
        if watcher.missed:
            watcher.restart()
            await _send_snapshot(socket, engine, status)
        elif (message := page.message(changes)) is not None:
            await socket.send_text(message)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(MACHINE_SECONDS):
                await watcher.news()
                await engine.clock.sleep(window)
        changes = watcher.take()


async def _send_snapshot(socket: WebSocket, engine: Engine, status: Callable[[], EngineStatus]) -> None:
    number = engine.live.number
    snapshot: dict[str, Any] = {
        "type": "snapshot",
        "number": number,
        "status": status(),
        "functions": [engine.detail(e) for e in engine.catalog.entries()],
        "environments": engine.environments(),
        "invocations": await engine.store.invocations(limit=100),
    }
    await socket.send_text(msgspec.json.encode(snapshot).decode())


async def _send_change(socket: WebSocket, change: Change) -> None:
    message = {"type": "change", "number": change.number, "kind": change.kind, "body": change.body}
    await socket.send_text(msgspec.json.encode(message).decode())


async def _until_it_leaves(socket: WebSocket) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        while True:
            await socket.receive()
