"""The doors on real sockets, in front of an engine whose runtime is scripted."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest_asyncio

from jupyter_lambda.api.access import Access
from jupyter_lambda.api.control import Service
from jupyter_lambda.api.server import Server, serve
from jupyter_lambda.model.engine_api import EngineStatus, Hello
from jupyter_lambda.model.host import MachineReading
from tests.integration.engine.conftest import Bench, MakeEngine, make  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

TOKEN = "let-me-in"


@dataclass
class Reply:
    """An answer, read whole."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Served:
    """A served engine; `ask` uses one keep-alive connection unless told otherwise."""

    bench: Bench
    server: Server
    port: int
    unix_path: Path
    stops: list[bool]
    connection: http.client.HTTPConnection | None = None
    headers: dict[str, str] = field(default_factory=lambda: {"Authorization": f"Bearer {TOKEN}"})

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Reply:
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())

    async def ask(self, method: str, path: str, body: bytes | Any = None, headers: dict[str, str] | None = None) -> Reply:
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        return await asyncio.to_thread(self._ask, method, path, content, {**self.headers, **(headers or {})})

    async def invoke(self, event: bytes = b"1", headers: dict[str, str] | None = None, query: str = "", name: str = "f") -> Reply:
        return await self.ask("POST", f"/2015-03-31/functions/{name}/invocations{query}", event, headers)


@pytest_asyncio.fixture
async def serve_engine(make: MakeEngine, tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:  # noqa: F811 - the fixture
    """Serve an engine."""
    served: list[Served] = []

    async def build(*, open_aws: bool = False, **options: Any) -> Served:
        bench = await make(**options)
        tcp = socket.create_server(("127.0.0.1", 0))
        unix = socket.socket(socket.AF_UNIX)
        unix.bind(str(tmp_path / "engine.sock"))
        unix.listen()
        port, stops = tcp.getsockname()[1], []
        hello = Hello(protocol=1, version="0", pid=1, home="", sandbox="process", url="")
        status = EngineStatus(url="", pid=1, home="", sandbox="process", environments=0, version="0", protocol=1, runtime_file="")

        async def doctor() -> dict[str, str]:
            return {}

        def machine() -> MachineReading:
            return MachineReading(at=1.0, cpu_share=0.5, cpus=2.0, memory_used_mib=100, memory_mib=1000)

        service = Service(hello=lambda: hello, status=lambda: status, doctor=doctor, stop=stops.append, machine=machine)
        server = await serve(bench.engine, service, Access(TOKEN, open_aws=open_aws), (tcp, unix))
        tcp.close()
        unix.close()
        one = Served(bench, server, port, tmp_path / "engine.sock", stops)
        served.append(one)
        return one

    yield build
    for one in served:
        if one.connection is not None:
            one.connection.close()
        await one.server.aclose()


@pytest_asyncio.fixture
async def served(serve_engine: Callable[..., Any]) -> Served:
    """An engine with a function `f` that echoes."""
    result: Served = await serve_engine()
    return result
