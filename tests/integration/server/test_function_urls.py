"""Function URLs behind the Jupyter server: its login, its prefix, and functions that may not act for its user."""

from __future__ import annotations

import http.client
import os
import time
from typing import TYPE_CHECKING

import pytest

from jupyter_lambda.client.launch import find_engine
from tests.conformance.conftest import ROLE, RUNTIME, Keys, zipped
from tests.integration.server.conftest import PREFIX, TOKEN, Page, jupyter_server

if TYPE_CHECKING:
    from pathlib import Path

ANSWERS = """
def handler(event, context):
    if event["rawPath"] == "/page":
        return {"statusCode": 201, "headers": {"Content-Type": "text/html"}, "body": "<b>hi</b>",
                "cookies": ["seen=1; Path=/; Domain=example.org", "_xsrf=forged"]}
    if event["rawPath"] == "/fails":
        raise ValueError("no")
    return event
"""
# A runtime that streams: its second piece leaves half a second after the first.
STREAMS = """#!/usr/bin/env python3
import http.client, json, os, select
api = os.environ["AWS_LAMBDA_RUNTIME_API"]
def pieces():
    yield json.dumps({"statusCode": 203, "headers": {"Content-Type": "text/plain"}}).encode() + bytes(8) + b"first"
    select.select([], [], [], 0.5)
    yield b"second"
while True:
    connection = http.client.HTTPConnection(api)
    connection.request("GET", "/2018-06-01/runtime/invocation/next")
    answer = connection.getresponse()
    request_id = answer.getheader("Lambda-Runtime-Aws-Request-Id")
    answer.read()
    connection = http.client.HTTPConnection(api)
    headers = {"Lambda-Runtime-Function-Response-Mode": "streaming", "Transfer-Encoding": "chunked"}
    path = f"/2018-06-01/runtime/invocation/{request_id}/response"
    connection.request("POST", path, pieces(), headers, encode_chunked=True)
    connection.getresponse().read()
"""


def make_url(home: Path, *, auth: str, public: bool, stream: str | None = None) -> str:
    """A function with a URL; returns the URL's id."""
    runtime = find_engine(home)
    assert runtime is not None
    client = Keys(runtime.url, runtime.access_key_id, runtime.secret_access_key).client()
    name = f"f{os.urandom(4).hex()}"
    runtime_name, files = (RUNTIME, {}) if stream is None else ("provided.al2023", {"bootstrap": stream})
    code = {"ZipFile": zipped(ANSWERS, **files)}
    client.create_function(FunctionName=name, Runtime=runtime_name, Handler="f.handler", Role=ROLE, Code=code)
    mode = "BUFFERED" if stream is None else "RESPONSE_STREAM"
    url = client.create_function_url_config(FunctionName=name, AuthType=auth, InvokeMode=mode)["FunctionUrl"]
    if public:
        for sid, action in (("a", "lambda:InvokeFunctionUrl"), ("b", "lambda:InvokeFunction")):
            client.add_permission(FunctionName=name, StatementId=sid, Action=action, Principal="*")
    return str(url).rstrip("/").rpartition("/")[2]


@pytest.fixture
def running(page: Page, home: Path) -> Path:
    """The home of an engine that runs."""
    assert page.ask("GET", "hello").status == 200
    return home


def test_who_is_logged_in_may_call_any(page: Page, running: Path) -> None:
    url = make_url(running, auth="AWS_IAM", public=False)
    json_headers = {"Authorization": f"token {TOKEN}", "Content-Type": "application/json"}
    reply = page.ask("POST", f"url/{url}/a%20b/c?x=1&token={TOKEN}&y=%2F", b'{"n": 1}', json_headers)
    assert reply.status == 200
    event = reply.json
    assert (event["rawPath"], event["rawQueryString"], event["body"]) == ("/a b/c", "x=1&y=%2F", '{"n": 1}')
    assert event["requestContext"]["http"]["method"] == "POST"
    assert page.ask("GET", f"url/{url}").json["rawPath"] == "/"


def test_a_function_sees_neither_token_nor_login(page: Page, running: Path) -> None:
    url = make_url(running, auth="AWS_IAM", public=False)
    cookies = page.log_in()
    cookies["Cookie"] += "; mine=1"
    for headers in (cookies, {"Authorization": f"token {TOKEN}", "Cookie": "mine=1"}):
        reply = page.ask("POST", f"url/{url}/", b"x", headers)
        assert reply.status == 200, reply.text
        assert reply.json["cookies"] == ["mine=1"]
        seen = reply.text
        runtime = find_engine(running)
        assert runtime is not None
        for secret in (TOKEN, runtime.token, *headers["Cookie"].replace("mine=1", "").split("; ")):
            assert not secret or secret not in seen


def test_what_a_function_answers_is_boxed_in(page: Page, running: Path) -> None:
    url = make_url(running, auth="AWS_IAM", public=False)
    reply = page.ask("GET", f"url/{url}/page")
    assert (reply.status, reply.text, reply.headers["content-type"]) == (201, "<b>hi</b>", "text/html")
    assert reply.headers["content-security-policy"] == "sandbox allow-forms allow-popups allow-scripts"
    of_the_function = [line for line in reply.set_cookies if not line.startswith("username-")]
    assert of_the_function == [f"seen=1; Path={PREFIX}jupyter-lambda/url/{url}/"]
    assert page.ask("GET", f"url/{url}/fails").status == 502
    assert page.ask("GET", "url/abcdef/").status == 404


@pytest.mark.parametrize("public", [True, False])
def test_a_stranger_is_refused(page: Page, running: Path, public: bool) -> None:
    url = make_url(running, auth="NONE", public=public)
    assert page.ask("GET", f"url/{url}/", headers={}).status == 403


def test_another_sites_form_with_the_users_cookie_is_refused(page: Page, running: Path) -> None:
    url = make_url(running, auth="AWS_IAM", public=False)
    cookies = page.log_in()
    del cookies["X-XSRFToken"]
    assert page.ask("POST", f"url/{url}/", b"x", cookies).status == 403


def test_open_ones_are_open_where_the_server_says_so(tmp_path: Path) -> None:
    with jupyter_server(tmp_path, tmp_path / "home", "--JupyterLambda.open_function_urls=True") as port:
        page = Page(port)
        assert page.ask("GET", "hello").status == 200
        public = make_url(tmp_path / "home", auth="NONE", public=True)
        closed = make_url(tmp_path / "home", auth="AWS_IAM", public=False)
        without_policy = make_url(tmp_path / "home", auth="NONE", public=False)
        reply = page.ask("POST", f"url/{public}/x", b"n=1", headers={})
        assert (reply.status, reply.json["rawPath"]) == (200, "/x")
        assert page.ask("GET", f"url/{closed}/", headers={}).status == 403
        assert page.ask("GET", f"url/{without_policy}/", headers={}).status == 403


def test_a_stream_arrives_while_the_function_runs(page: Page, running: Path) -> None:
    url = make_url(running, auth="AWS_IAM", public=False, stream=STREAMS)
    connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=30)
    connection.request("GET", f"{PREFIX}jupyter-lambda/url/{url}/", headers={"Authorization": f"token {TOKEN}"})
    answer = connection.getresponse()
    first = answer.read1(100)
    began = time.monotonic()
    rest = answer.read()
    assert (answer.status, answer.getheader("Content-Type"), first, rest) == (203, "text/plain", b"first", b"second")
    assert time.monotonic() - began > 0.2, "all of it came at once"
    connection.close()
