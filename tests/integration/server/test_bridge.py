"""The bridge in a real Jupyter server, below a prefix: who may, what passes, and that it outlives engines."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import uuid
import zipfile
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from websockets.exceptions import InvalidStatus

from jupyter_lambda.client.launch import ensure_engine, find_engine, stop_engine

if TYPE_CHECKING:
    from tests.integration.server.conftest import Page

SOURCE = """
def handler(event, context):
    print("called with", event)
    return event
"""


def deploy(page: Page, name: str = "echo", **options: int) -> None:
    """Deploy an echo function as a page could."""
    zipped = BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("echo.py", SOURCE)
    sha256 = hashlib.sha256(zipped.getvalue()).hexdigest()
    assert page.ask("PUT", f"blobs/{sha256}", zipped.getvalue()).status == 201
    minor = f"{sys.version_info.major}.{sys.version_info.minor}"
    python = {"executable": sys.executable, "prefix": sys.prefix, "base_prefix": sys.base_prefix, "version": f"{minor}.0"}
    request = {
        "package_sha256": sha256, "content_digest": "1", "handler": "echo.handler", "runtime": f"python{minor}", "python": python,
        "options": options,
    }  # fmt: skip
    reply = page.ask("POST", f"functions/{name}/deploy", request)
    assert reply.status == 200, reply.text


def test_a_request_of_a_page_starts_the_engine_and_passes_on(page, home):
    assert page.ask("GET", "engine").json["engine"] is None

    hello = page.ask("GET", "hello").json

    running = find_engine(home)
    assert hello["pid"] == running.pid
    assert page.ask("GET", "engine").json["engine"]["pid"] == running.pid


def test_a_page_deploys_configures_and_invokes(page):
    deploy(page)

    changed = page.ask("PATCH", "functions/echo/configuration", {"options": {"memory_mib": 256}}).json
    request_id = str(uuid.uuid4())
    answer = page.ask("POST", f"functions/echo/invoke?request_id={request_id}", b'{"n": 1180591620717411303424}').json

    assert changed["configuration"]["memory_mib"] == 256
    assert answer["payload"] == '{"n": 1180591620717411303424}'  # text: no number is rounded on the way
    assert (answer["record"]["request_id"], answer["record"]["memory_mib"]) == (request_id, 256)
    assert "Memory Size: 256 MB" in answer["log"]
    assert page.ask("DELETE", "functions/echo").status == 204
    assert page.ask("GET", "functions").json == []


def test_errors_keep_their_shape(page):
    unknown = page.ask("GET", "functions/nobody")
    refused = page.ask("POST", "functions/nobody/invoke", b"{}")

    assert (unknown.status, unknown.json["kind"]) == (404, "FunctionNotFound")
    assert (refused.status, refused.json["kind"]) == (404, "FunctionNotFound")
    assert page.ask("GET", "functions/nobody/logs?follow=1").status == 400
    assert page.ask("POST", "functions/nobody/invoke?request_id=x%0d%0aEvil:1", b"{}").status == 400


def test_the_engines_token_never_reaches_a_page(page, home):
    replies = [page.ask("GET", path) for path in ("engine", "hello", "status", "doctor", "functions")]
    secret = find_engine(home).token

    with page.stream() as stream:
        seen = [stream.next(type="engine"), stream.next(type="snapshot")]

    assert secret not in json.dumps([[r.text, r.headers] for r in replies]) + json.dumps(seen)


@pytest.mark.parametrize("path", ["engine", "functions", "engine/log"])
def test_an_unauthenticated_request_is_refused(page, home, path):
    assert page.ask("GET", path, headers={}).status == 403
    assert find_engine(home) is None


def test_a_page_that_logged_in_may(page):
    assert page.ask("POST", "engine/start", {}, headers=page.log_in()).status == 200
    with page.stream(headers={"Cookie": page.log_in()["Cookie"]}) as stream:
        assert stream.next(type="engine")["state"] == "up"


@pytest.mark.parametrize("change", [{"Origin": "https://evil.example"}, {"X-XSRFToken": "guessed"}])
def test_another_sites_request_with_the_users_cookie_is_refused(page, home, change):
    reply = page.ask("POST", "engine/start", {}, headers={**page.log_in(), **change})

    assert reply.status in (403, 404)
    assert find_engine(home) is None


def test_a_stream_of_strangers_is_refused(page):
    evil = {"Cookie": page.log_in()["Cookie"], "Origin": "https://evil.example"}
    for headers in ({}, {"Authorization": "token wrong"}, evil):
        with pytest.raises(InvalidStatus, match="403"), page.stream(headers=headers):
            pass


def test_the_stream_waits_for_an_engine_and_shows_it(page, home):
    with page.stream() as stream:
        assert stream.next(type="engine")["state"] == "down"
        running = ensure_engine(home, sandbox="process")
        up = stream.next(type="engine")
        snapshot = stream.next(type="snapshot")

    assert (up["state"], up["engine"]["pid"]) == ("up", running.pid)
    assert snapshot["status"]["pid"] == running.pid


def test_the_stream_goes_on_from_a_number(page):
    deploy(page)
    with page.stream() as stream:
        engine = stream.next(type="engine")["engine"]["id"]
        number = stream.next(type="snapshot")["number"]

    missed = page.ask("POST", "functions/echo/invoke", b"1").json["record"]["request_id"]
    with page.stream(f"?since={number}&engine={engine}") as stream:
        first = stream.next(type="engine")
        changes = stream.next(type="changes")["changes"]
        assert first["resumed"]
        assert [c["body"]["request_id"] for c in changes if c["kind"] == "invocation"] == [missed]
        assert all(number < c["number"] for c in changes)
    with page.stream(f"?since={number}&engine=1-1") as stream:  # a number of another engine's life means nothing
        assert not stream.next(type="engine")["resumed"]
        stream.next(type="snapshot")


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_the_stream_outlives_the_engine(page, home, end):
    deploy(page)
    with page.stream() as stream:
        stream.next(type="snapshot")
        if end == "stop":
            stop_engine(home)
        else:
            os.kill(find_engine(home).pid, signal.SIGKILL)
        assert stream.next(type="engine")["state"] == "down"

        started = page.ask("POST", "engine/start", {}).json
        assert stream.next(type="engine")["engine"]["pid"] == started["pid"]
        snapshot = stream.next(type="snapshot")

    assert [f["function"]["name"] for f in snapshot["functions"]] == ["echo"]
    assert page.ask("POST", "functions/echo/invoke", b"7").json["payload"] == "7"
