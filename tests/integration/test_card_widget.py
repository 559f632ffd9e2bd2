"""The kernel's end of a card that is a widget (notebook/widget_relay.py), on a real engine."""

from __future__ import annotations

import json
import queue
from pathlib import Path
from typing import Any

import pytest

import jupyter_lambda as jl
from jupyter_lambda.client import connection
from jupyter_lambda.client.discovery import find_engine
from jupyter_lambda.notebook.widget_relay import WidgetRelay


class Card:
    """A widget's front end."""

    def __init__(self, connect: Any = jl.engine) -> None:
        self.said: queue.Queue[dict[str, Any]] = queue.Queue()
        self.relay = WidgetRelay(self.said.put, connect=connect, find=find_engine, read_log=lambda: "the log's end")

    def next(self, kind: str) -> dict[str, Any]:
        while (message := self.said.get(timeout=30))["kind"] != kind:
            pass
        return message

    def ask(self, method: str, target: str, body: str | None = None) -> tuple[int, Any]:
        self.relay.receive({"kind": "request", "id": "1", "method": method, "target": target, "body": body})
        answer = self.next("answer")
        return answer["status"], json.loads(answer["text"]) if answer["text"] else None

    def told(self, kind: str) -> dict[str, Any]:
        """The stream's next message of a type."""
        while True:
            message = self.next("stream")
            if message["event"] == "message" and (body := json.loads(message["text"]))["type"] == kind:
                return body


@pytest.fixture
def card(jupyter_lambda_engine):
    file = Path(__file__).with_name("client_functions.py")
    jl.deploy(file, entry="mirror", name="echo", memory=1769)
    made = Card()
    yield made
    made.relay.close()
    connection.forget_engines()


def test_requests_pass_and_refusals_too(card):
    status, answer = card.ask("POST", "functions/echo/invoke?qualifier=%24LATEST", '{"side": 9007199254740993}')
    assert (status, answer["payload"]) == (200, '{"side": 9007199254740993}')
    assert answer["record"]["function_name"] == "echo"
    assert card.ask("PUT", "functions/echo/test-events/big", '{"side": 1}')[1]["name"] == "big"
    assert card.ask("DELETE", "functions/echo/test-events/big") == (204, None)
    assert card.ask("GET", "functions/none")[0] == 404
    assert card.ask("POST", "functions/none/invoke", "{}")[1]["kind"] == "FunctionNotFound"
    assert card.ask("GET", "engine/log")[1] == {"text": "the log's end"}
    assert "token" not in json.dumps(card.ask("POST", "engine/start")[1])


@pytest.mark.parametrize(
    ("method", "target"),
    [("GET", "functions\r\nX: y"), ("CONNECT", "functions"), ("GET", "../../2015-03-31/functions"), ("GET", ""), ("GET", "a b")],
)
def test_what_is_no_call_of_the_engine_api_is_refused(method, target):
    status, answer = Card(connect=None).ask(method, target)
    assert (status, answer["kind"]) == (400, "RequestError")


def test_what_is_no_message_of_ours_is_left_alone():
    card = Card(connect=None)
    for message in ({}, {"kind": "request"}, {"kind": "other", "id": "1"}, {"kind": "stream", "id": "1", "open": False}):
        card.relay.receive(message)
    assert card.said.empty()


def test_the_stream_passes_until_it_is_closed(card):
    card.relay.receive({"kind": "stream", "id": "s", "open": True, "query": ""})
    assert card.told("engine")["state"] == "up"
    snapshot = card.told("snapshot")
    assert [f["function"]["name"] for f in snapshot["functions"]] == ["echo"]
    jl.function("echo")({})
    while not card.told("changes").get("counts"):
        pass

    card.relay.receive({"kind": "stream", "id": "s", "open": False, "query": ""})
    while not card.said.empty():
        card.said.get()
    jl.function("echo")({})
    assert card.ask("GET", "functions/echo/metrics")[1]["invocations"] == 2
    assert card.said.empty()
