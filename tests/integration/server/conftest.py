"""A real Jupyter server with the bridge, below a prefix, and a client that behaves as a page does."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from websockets.sync.client import connect

from jupyter_lambda.testing.plugin import end_engine
from tests.listening import wait_until_it_listens

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "a-page-has-this"
PREFIX = "/user/ada/"
_EXTENSIONS = {"jupyter_lambda.server": True, "jupyterlab": False, "jupyter_lsp": False, "notebook_shim": False}
_LISTENS = re.compile(r"http://127\.0\.0\.1:(\d+)/")


@dataclass
class Reply:
    """An answer, read whole."""

    status: int
    headers: dict[str, str]
    text: str
    set_cookies: list[str] = field(default_factory=list)

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Stream:
    """A page's live stream."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket

    def next(self, **wanted: Any) -> Any:
        """The next message that has these members, within ten seconds between any two."""
        while True:
            message = json.loads(self._socket.recv(timeout=10))
            if all(message.get(name) == value for name, value in wanted.items()):
                return message


class Page:
    """What a page does: requests with Jupyter's token, and the stream."""

    def __init__(self, port: int) -> None:
        self.port = port

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        given = {"Authorization": f"token {TOKEN}"} if headers is None else headers
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        connection.request(method, f"{PREFIX}jupyter-lambda/{path}", content, given)
        answer = connection.getresponse()
        reply = Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode())
        reply.set_cookies = answer.headers.get_all("Set-Cookie", [])
        connection.close()
        return reply

    def log_in(self) -> dict[str, str]:
        """What a browser has after its user logged in: its cookies, and Jupyter's XSRF token."""
        cookies: dict[str, str] = {}
        for path in ("login", f"api/status?token={TOKEN}"):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            connection.request("GET", PREFIX + path)
            lines = connection.getresponse().headers.get_all("Set-Cookie", [])
            connection.close()
            cookies |= dict(line.split(";")[0].split("=", 1) for line in lines)
        return {"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items()), "X-XSRFToken": cookies["_xsrf"]}

    @contextmanager
    def stream(self, query: str = "", **options: Any) -> Iterator[Stream]:
        address = f"ws://127.0.0.1:{self.port}{PREFIX}jupyter-lambda/stream{query}"
        headers = options.pop("headers", {"Authorization": f"token {TOKEN}"})
        with connect(address, additional_headers=headers, max_size=None, **options) as socket:
            yield Stream(socket)


@pytest.fixture(scope="module")
def served_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """A Jupyter server's port, and the home of its engine."""
    root = tmp_path_factory.mktemp("server")
    with jupyter_server(root, root / "home") as port:
        yield port, root / "home"


@pytest.fixture
def home(served_home: tuple[int, Path]) -> Iterator[Path]:
    """The engine's home, empty, and no engine in it."""
    yield served_home[1]
    end_engine(served_home[1])
    shutil.rmtree(served_home[1], ignore_errors=True)


@pytest.fixture
def page(served_home: tuple[int, Path], home: Path) -> Page:
    """A page of that server."""
    return Page(served_home[0])


@contextmanager
def jupyter_server(root: Path, home: Path, *arguments: str) -> Iterator[int]:
    """Run a server while the block runs; gives its port."""
    process = subprocess.Popen(
        [
            sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0",
            f"--ServerApp.root_dir={root}", f"--ServerApp.base_url={PREFIX}", f"--IdentityProvider.token={TOKEN}",
            f"--ServerApp.jpserver_extensions={_EXTENSIONS}", "--JupyterLambda.sandbox=process",
            f"--JupyterLambda.home={home}", *arguments,
        ],
        stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert process.stderr is not None
    try:
        port = next(int(found[1]) for line in process.stderr if (found := _LISTENS.search(line)))
        wait_until_it_listens(port)
        yield port
    finally:
        process.terminate()
        process.communicate(timeout=20)
