"""The kernel's end of a card that is a widget: carries its requests to the engine, and the engine's stream to it.

What passes (labextension/src/cell/commLink.ts is the other end):

    from the card   {"kind": "request", "id", "method", "target", "body"}    target: what stands below /engine/v1/
                    {"kind": "stream", "id", "open", "query"}
    to the card     {"kind": "answer", "id", "status", "text"}
                    {"kind": "stream", "id", "event": "open" | "message" | "close", "text"}

Nothing waits in the kernel's own thread: each request and each stream has one of its own, which ends with the process.
"""

from __future__ import annotations

import json
import re
import threading
import uuid
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from jupyter_lambda._version import __version__
from jupyter_lambda.client.engine_identity import engine_id, engine_identity
from jupyter_lambda.client.error_body import error_body
from jupyter_lambda.errors import JupyterLambdaError, RequestError
from jupyter_lambda.model.engine_api import PROTOCOL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from websockets.sync.connection import Connection

    from jupyter_lambda.client.engine_client import EngineClient
    from jupyter_lambda.model.runtime_file import RuntimeFile

    Send = Callable[[dict[str, Any]], None]

LOOK_AGAIN_SECONDS: Final = 0.5  # reading one small file; a card is told of a new engine within this time

_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_TARGET: Final = re.compile(r"[!-~]{1,4000}")
_INVOKE: Final = re.compile(r"functions/([^/?]+)/invoke(?:\?|$)")


class WidgetRelay:
    """One widget's requests and streams.

    Args:
        send: Gives the widget a message; called from threads.
        connect: Finds or starts the engine.
        find: The engine that runs now, None if none does; starts nothing.
        read_log: The end of the engine's log.
    """

    def __init__(
        self,
        send: Send,
        *,
        connect: Callable[[], EngineClient],
        find: Callable[[], RuntimeFile | None],
        read_log: Callable[[], str],
    ) -> None:
        self._send, self._connect, self._find, self._read_log = send, connect, find, read_log
        self._streams: dict[str, _Stream] = {}

    def receive(self, message: Mapping[str, Any]) -> None:
        """Take a message of the widget; returns at once. What is none of ours is left alone."""
        number = message.get("id")
        if not isinstance(number, str):
            return
        if message.get("kind") == "request":
            _in_a_thread(lambda: self._answer(number, message), "jupyter-lambda-card-request")
        elif message.get("kind") == "stream":
            if (old := self._streams.pop(number, None)) is not None:
                old.close()
            if message.get("open"):
                stream = self._streams[number] = _Stream(number, str(message.get("query") or ""), self._send, self._find)
                _in_a_thread(stream.run, "jupyter-lambda-card-stream")

    def close(self) -> None:
        """End the streams. Safe to call twice."""
        for stream in self._streams.values():
            stream.close()
        self._streams.clear()

    def _answer(self, number: str, message: Mapping[str, Any]) -> None:
        try:
            body = message.get("body")
            status, text = self._ask(
                str(message.get("method")), str(message.get("target")), body if isinstance(body, str) else ""
            )
        except JupyterLambdaError as error:
            status, refused = error_body(error)
            text = refused.decode()
        self._send({"kind": "answer", "id": number, "status": status, "text": text})

    def _ask(self, method: str, target: str, body: str) -> tuple[int, str]:
        if method not in _METHODS or not _TARGET.fullmatch(target) or ".." in target:
            raise RequestError(f"{method} {target[:80]}", "the engine has no such call", "See docs/engine-api.md.")
        if (method, target) == ("POST", "engine/start"):
            return 200, json.dumps(engine_identity(self._connect().runtime))
        if (method, target) == ("GET", "engine/log"):
            return 200, json.dumps({"text": self._read_log()})
        content = body.encode("utf-8", "surrogatepass")
        if method == "POST" and (found := _INVOKE.match(target)) is not None:
            return 200, self._invoke(unquote(found[1]), target, content)
        answer = self._connect().pass_on(method, f"/engine/v1/{target}", content)
        return answer.status, answer.body.decode(errors="replace")

    def _invoke(self, name: str, target: str, event: bytes) -> str:
        """Call a function; record, payload and log at once, as Jupyter's server answers a page."""
        query = {key: values[-1] for key, values in parse_qs(urlsplit(target).query).items()}
        result = self._connect().invoke(
            name, event, qualifier=query.get("qualifier"), request_id=query.get("request_id") or str(uuid.uuid4())
        )
        answer = {
            "record": result.record,
            "payload": result.payload.decode(errors="replace"),
            "log": result.log.decode(errors="replace"),
        }
        return msgspec.json.encode(answer).decode()


class _Stream:
    """The engine's merged stream for one view, across the engine's lives."""

    def __init__(self, number: str, query: str, send: Send, find: Callable[[], RuntimeFile | None]) -> None:
        self._number, self._send, self._find = number, send, find
        asked = {key: values[-1] for key, values in parse_qs(query.lstrip("?")).items()}
        self._since, self._of_engine = asked.get("since", ""), asked.get("engine", "")
        self._ended = threading.Event()
        self._socket: Connection | None = None
        self._told_down = False

    def run(self) -> None:
        """Pass messages until closed."""
        self._say("open")
        while not self._ended.is_set():
            runtime = self._find()
            if runtime is None:
                self._tell_down()
            else:
                self._pass_on(runtime)
            self._ended.wait(LOOK_AGAIN_SECONDS)

    def close(self) -> None:
        """End it; its thread ends soon after."""
        self._ended.set()
        if self._socket is not None:
            self._socket.close()

    def _pass_on(self, runtime: RuntimeFile) -> None:
        """The messages of one engine until they end."""
        from websockets.exceptions import WebSocketException  # 40 ms that a kernel does without where no card is a widget
        from websockets.sync.client import unix_connect

        resumed = self._since if self._since.isdigit() and self._of_engine == engine_id(runtime) else ""
        address = f"ws://engine/engine/v1/stream?merged=1{f'&since={resumed}' if resumed else ''}"
        try:
            with unix_connect(
                runtime.socket, address, additional_headers={"Authorization": f"Bearer {runtime.token}"},
                compression=None, max_size=None, open_timeout=5, close_timeout=1,
            ) as self._socket:  # fmt: skip
                self._told_down, self._since = False, ""  # what comes after this engine begins with a snapshot
                self._tell({"state": "up", "engine": engine_identity(runtime), "resumed": bool(resumed)})
                for message in self._socket:
                    if self._ended.is_set():
                        break
                    self._say("message", message if isinstance(message, str) else message.decode())
        except (OSError, WebSocketException):
            pass  # it is ending, or another took its place: the caller looks again
        finally:
            self._socket = None

    def _tell_down(self) -> None:
        if not self._told_down:
            self._told_down = True
            self._tell({"state": "down", "may_start": True})

    def _tell(self, facts: dict[str, Any]) -> None:
        self._say("message", json.dumps({"type": "engine", "bridge": {"version": __version__, "protocol": PROTOCOL}, **facts}))

    def _say(self, event: str, text: str = "") -> None:
        if not self._ended.is_set():
            self._send({"kind": "stream", "id": self._number, "event": event, "text": text})


def _in_a_thread(work: Callable[[], None], name: str) -> None:
    threading.Thread(target=work, name=name, daemon=True).start()
