"""The engine API over HTTP (api/control.py, api/stream.py, api/batch_door.py)."""

from __future__ import annotations

import asyncio
import hashlib
import json
import struct
from typing import TYPE_CHECKING, Any

import pytest
import websockets

from jupyter_lambda.model.saved_event import EVENTS_MAX
from jupyter_lambda.testing.sandbox import FakeSandbox, HandlerRaisedError, Turn
from tests.integration.api.conftest import TOKEN, Served

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.asyncio
DEPLOY = {
    "content_digest": "d2", "handler": "f.handler", "runtime": "python3.11", "options": {"memory_mib": 256},
    "python": {"executable": "/usr/bin/python3", "prefix": "/usr", "base_prefix": "/usr", "version": "3.11.2"},
}  # fmt: skip


async def test_a_package_is_uploaded_once_and_deployed(served: Served) -> None:
    package = b"PK\x05\x06" + b"\0" * 18  # an empty zip
    sha256 = hashlib.sha256(package).hexdigest()

    assert (await served.ask("HEAD", f"/engine/v1/blobs/{sha256}")).status == 404
    assert (await served.ask("PUT", f"/engine/v1/blobs/{sha256}", package)).status == 201
    assert (await served.ask("HEAD", f"/engine/v1/blobs/{sha256}")).status == 200
    answer = (await served.ask("POST", "/engine/v1/functions/f/deploy", {"package_sha256": sha256, **DEPLOY})).json

    assert (answer["version"], answer["published"], answer["created"]) == ("2", True, False)
    assert set(answer["changed"]) == {"code", "memory_mib 128 MB → 256 MB"}


async def test_a_package_that_is_not_what_its_name_says_is_refused(served: Served) -> None:
    reply = await served.ask("PUT", f"/engine/v1/blobs/{'0' * 64}", b"something else")

    assert reply.json["kind"] == "CorruptBlob"
    assert (await served.ask("HEAD", f"/engine/v1/blobs/{'0' * 64}")).status == 404


async def test_versions_aliases_and_what_changed(served: Served) -> None:
    await served.bench.deploy(digest="d2", source="def handler(event, context):\n    return 2\n")

    detail = (await served.ask("GET", "/engine/v1/functions/f")).json
    assert [v["version"] for v in detail["versions"]] == ["1", "2"]
    assert detail["unpublished_changes"] is False
    alias = await served.ask(
        "PUT", "/engine/v1/functions/f/aliases/prod", {"version": "1", "additional_version": "2", "additional_weight": 0.1}
    )
    assert alias.status == 200
    difference = (await served.ask("GET", "/engine/v1/functions/f/difference?before=1&after=2")).json
    assert "+    return 2" in difference["source"]

    refused = await served.ask("DELETE", "/engine/v1/functions/f?qualifier=1")
    assert (refused.status, refused.json["kind"]) == (409, "Conflict")
    assert (await served.ask("DELETE", "/engine/v1/functions/f/aliases/prod")).status == 204
    assert (await served.ask("DELETE", "/engine/v1/functions/f?qualifier=1")).status == 204
    assert (await served.ask("DELETE", "/engine/v1/functions/f")).status == 204
    assert (await served.ask("GET", "/engine/v1/functions/f")).status == 404


async def test_a_setting_changes_latest_and_is_unpublished(served: Served) -> None:
    changed = await served.ask("PATCH", "/engine/v1/functions/f/configuration", {"options": {"memory_mib": 512}})

    assert changed.json["configuration"]["memory_mib"] == 512
    assert (await served.ask("GET", "/engine/v1/functions/f")).json["unpublished_changes"] is True
    published = await served.ask("POST", "/engine/v1/functions/f/versions", {"description": "more"})
    assert (published.json["version"], published.json["description"]) == ("2", "more")


@pytest.mark.parametrize(
    ("method", "path", "body", "kind"),
    [
        ("PATCH", "configuration", {"options": {"memory_mib": 64}}, "ValidationError"),
        ("PATCH", "configuration", {"options": {"memory": 128}}, "RequestError"),
        ("PATCH", "configuration", {"options": {"memory_mib": "much"}}, "RequestError"),
        ("PATCH", "configuration", b"{", "RequestError"),
        ("PUT", "aliases/12", {"version": "1"}, "ValidationError"),
        ("PUT", "aliases/prod", {"version": "7"}, "VersionNotFound"),
        ("PUT", "aliases/prod", {"version": "1", "additional_version": "1", "additional_weight": 0.5}, "RequestError"),
        ("GET", "versions/7", None, "VersionNotFound"),
        ("GET", "difference", None, "RequestError"),
        ("GET", "invocations?limit=x", None, "RequestError"),
        ("GET", "nonsense", None, "NotFound"),
        ("PUT", "test-events/big", b"{", "InvalidRequestContent"),
        ("PUT", "test-events/big", b"1" * 1_100_000, "PayloadTooLarge"),
        ("PUT", "test-events/a%20b", b"1", "RequestError"),
        ("PUT", f"test-events/{'x' * 26}", b"1", "RequestError"),
    ],
)
async def test_bad_requests_say_what_is_wrong(served: Served, method: str, path: str, body: Any, kind: str) -> None:
    reply = await served.ask(method, f"/engine/v1/functions/f/{path}", body)

    assert reply.json["kind"] == kind
    assert 400 <= reply.status < 500


async def test_test_events_are_kept_told_and_go_with_their_function(served: Served) -> None:
    with served.bench.engine.live.watch() as watcher:
        saved = await served.ask("PUT", "/engine/v1/functions/f/test-events/big", b'{"side": 9007199254740993}')
        await served.ask("PUT", "/engine/v1/functions/f/test-events/a.small", b"1")
        assert [(c.kind, c.body) for c in watcher.take()] == [("test-events", "f")] * 2

    assert saved.json["event"] == '{"side": 9007199254740993}'
    listed = (await served.ask("GET", "/engine/v1/functions/f/test-events")).json
    assert [e["name"] for e in listed] == ["a.small", "big"]
    assert (await served.ask("DELETE", "/engine/v1/functions/f/test-events/a.small")).status == 204
    assert (await served.ask("DELETE", "/engine/v1/functions/f/test-events/a.small")).status == 404
    await served.ask("DELETE", "/engine/v1/functions/f")
    await served.bench.deploy()
    assert (await served.ask("GET", "/engine/v1/functions/f/test-events")).json == []


async def test_a_function_has_so_many_test_events(served: Served) -> None:
    for number in range(EVENTS_MAX):
        await served.bench.engine.test_events.put("f", f"e{number}", b"{}")

    refused = await served.ask("PUT", "/engine/v1/functions/f/test-events/more", b"{}")
    assert (refused.status, refused.json["suggestion"]) == (400, "Remove one first.")
    assert (await served.ask("PUT", "/engine/v1/functions/f/test-events/e0", b"1")).json["event"] == "1"


async def test_records_logs_and_metrics(served: Served) -> None:
    await served.invoke(b"1", {"X-Jupyter-Lambda-Request-Id": "r-1"})

    page = (await served.ask("GET", "/engine/v1/functions/f/invocations")).json
    assert [r["request_id"] for r in page["invocations"]] == ["r-1"]
    one = (await served.ask("GET", "/engine/v1/invocations/r-1")).json
    assert "END RequestId: r-1" in one["log"]
    (event,) = (await served.ask("GET", "/engine/v1/functions/f/logs")).json
    assert event["text"] == one["log"]
    assert (await served.ask("GET", "/engine/v1/functions/f/metrics")).json["invocations"] == 1


async def test_environments_tell_what_they_did_when(served: Served) -> None:
    await served.invoke(b"1")

    (life,) = (await served.ask("GET", "/engine/v1/functions/f/environments")).json
    states = [span["state"] for span in life["spans"]]
    assert states[:3] == ["starting", "initialising", "idle"]
    (busy,) = [span for span in life["spans"] if span["state"] == "busy"]
    assert busy["calls"] == 1
    assert life["environment"]["started"] <= busy["since"]

    with served.bench.engine.live.watch() as watcher:
        environment = f"/engine/v1/environments/{life['environment']['environment_id']}"
        assert (await served.ask("DELETE", environment)).status == 202
        async with asyncio.timeout(5):
            async for change in watcher.changes():
                if change.kind == "environment" and change.body.ended is not None:
                    break
    (life,) = (await served.ask("GET", "/engine/v1/functions/f/environments")).json
    assert life["spans"][-1]["until"] == life["environment"]["ended"]
    later = life["environment"]["ended"] + 1
    assert (await served.ask("GET", f"/engine/v1/functions/f/environments?since={later}")).json == []


async def test_logs_can_be_followed(served: Served) -> None:
    await served.invoke(b"0")
    reader, writer = await asyncio.open_unix_connection(str(served.unix_path))
    writer.write(
        f"GET /engine/v1/functions/f/logs?follow=1 HTTP/1.1\r\nHost: engine\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode()
    )
    head = await reader.readuntil(b"\r\n\r\n")
    assert b"x-ndjson" in head

    await served.invoke(b"1", {"X-Jupyter-Lambda-Request-Id": "r-1"})
    async with asyncio.timeout(5):
        size = int(await reader.readline(), 16)
        event = json.loads(await reader.readexactly(size))
    writer.close()

    assert event["request_id"] == "r-1"


async def test_the_stream_starts_with_a_snapshot_and_can_be_resumed(served: Served) -> None:
    url = f"ws://127.0.0.1:{served.port}/engine/v1/stream"
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with websockets.connect(url, additional_headers=headers) as socket:
        snapshot = json.loads(await socket.recv())
        await served.invoke()
        change = json.loads(await socket.recv())
    assert (snapshot["type"], snapshot["functions"][0]["function"]["name"]) == ("snapshot", "f")
    assert change["number"] == snapshot["number"] + 1

    async with websockets.connect(f"{url}?since={snapshot['number']}", additional_headers=headers) as socket:
        assert json.loads(await socket.recv()) == change


async def test_the_stream_wants_the_token(served: Served) -> None:
    with pytest.raises(websockets.InvalidStatus):
        await websockets.connect(f"ws://127.0.0.1:{served.port}/engine/v1/stream")


async def test_stop_is_passed_on(served: Served) -> None:
    assert (await served.ask("POST", "/engine/v1/stop?drain=1")).status == 202
    assert served.stops == [True]


async def run_batch(served: Served, events: list[bytes], query: str = "") -> dict[int, tuple[dict[str, Any], bytes, bytes]]:
    reader, writer = await asyncio.open_unix_connection(str(served.unix_path))
    writer.write(
        f"POST /engine/v1/functions/f/batch{query} HTTP/1.1\r\nHost: engine\r\nAuthorization: Bearer {TOKEN}\r\n"
        "Connection: Upgrade\r\nUpgrade: jupyter-lambda-batch\r\n\r\n".encode()
    )
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101"), head
        for index, event in enumerate(events):
            writer.write(struct.pack("<II", len(event), index) + event)
        writer.write(struct.pack("<II", 0xFFFFFFFF, 0))
        return await read_results(reader)
    finally:
        writer.close()


async def read_results(reader: asyncio.StreamReader) -> dict[int, tuple[dict[str, Any], bytes, bytes]]:
    results = {}
    async with asyncio.timeout(10):
        while True:
            index, record_bytes, payload_bytes, log_bytes = struct.unpack("<IIII", await reader.readexactly(16))
            if index == 0xFFFFFFFF:
                break
            record = json.loads(await reader.readexactly(record_bytes))
            results[index] = (record, await reader.readexactly(payload_bytes), await reader.readexactly(log_bytes))
    assert await reader.read() == b""
    return results


async def test_a_batch_answers_each_event_once(serve_engine: Callable[..., Any]) -> None:
    running, most = 0, 0

    async def count(turn: Turn) -> bytes:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return turn.event

    served: Served = await serve_engine(sandbox=FakeSandbox(count))

    results = await run_batch(served, [str(i).encode() for i in range(300)], "?concurrency=3&logs=1")

    assert {i: r[1] for i, r in results.items()} == {i: str(i).encode() for i in range(300)}
    assert most <= 3
    assert all(b"END RequestId" in r[2] for r in results.values())


async def test_failures_in_a_batch_are_data(serve_engine: Callable[..., Any]) -> None:
    async def odd_fails(turn: Turn) -> bytes:
        if json.loads(turn.event) % 2:
            raise HandlerRaisedError("ValueError", "odd")
        return turn.event

    served: Served = await serve_engine(sandbox=FakeSandbox(odd_fails))

    results = await run_batch(served, [b"0", b"1", b"not json", b"2"])

    assert [results[i][0].get("status", "succeeded") for i in range(4)] == ["succeeded", "failed", "lost", "succeeded"]
    assert results[2][0]["error_type"] == "InvalidRequestContentException"


async def test_a_client_that_leaves_cancels_its_batch(serve_engine: Callable[..., Any]) -> None:
    entered, ended = asyncio.Event(), asyncio.Event()

    async def hang(_: Turn) -> bytes:
        entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return b""

    served: Served = await serve_engine(sandbox=FakeSandbox(hang), deploy={"options": {"timeout_seconds": 900}})
    batch = asyncio.create_task(run_batch(served, [b"1"] * 50, "?concurrency=1"))
    await entered.wait()
    batch.cancel()
    await asyncio.gather(batch, return_exceptions=True)

    async with asyncio.timeout(5):
        await ended.wait()
        await served.bench.engine.dispatcher.until_quiet()


async def test_a_merged_stream_tells_how_busy_the_machine_is_and_merges_what_a_page_wishes(served: Served) -> None:
    address = f"ws://127.0.0.1:{served.port}/engine/v1/stream?merged=1&window_ms=400"
    async with (
        websockets.connect(address, additional_headers={"Authorization": f"Bearer {TOKEN}"}) as socket,
        asyncio.timeout(10),
    ):
        assert json.loads(await socket.recv())["type"] == "snapshot"
        assert json.loads(await socket.recv())["machine"]["cpu_share"] == 0.5
        for n in range(3):
            await served.invoke(b"1", {"X-Jupyter-Lambda-Request-Id": f"r-{n}"})
        while not (message := json.loads(await socket.recv())).get("counts"):
            pass
    assert message["counts"][0]["invocations"] == 3


async def test_a_merged_stream_tells_what_runs_then_how_it_ended(serve_engine: Callable[..., Any]) -> None:
    release = asyncio.Event()

    async def handler(turn: Turn) -> bytes:
        await release.wait()
        return turn.event

    served = await serve_engine(sandbox=FakeSandbox(handler))
    address = f"ws://127.0.0.1:{served.port}/engine/v1/stream?merged=1"
    async with (
        websockets.connect(address, additional_headers={"Authorization": f"Bearer {TOKEN}"}) as socket,
        asyncio.timeout(10),
    ):
        assert json.loads(await socket.recv())["type"] == "snapshot"
        calling = asyncio.create_task(served.invoke(b"1", {"X-Jupyter-Lambda-Request-Id": "r-1"}))
        while not (message := json.loads(await socket.recv())).get("running"):
            pass
        assert message["running"][0]["request_id"] == "r-1"
        release.set()
        while not (message := json.loads(await socket.recv())).get("counts"):
            pass
        await calling
    assert message["changes"][0]["body"]["request_id"] == "r-1"
    assert message["counts"] == [{"function_name": "f", "invocations": 1, "errors": 0, "throttles": 0, "cold_starts": 1}]
    assert message["running"] == []
