"""An engine over a real store and the real doors, on a sandbox whose runtime the test scripts."""

from __future__ import annotations

import hashlib
import io
import uuid
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest_asyncio

from jupyter_lambda.api.runtime_door import RuntimeDoors
from jupyter_lambda.clock import SystemClock
from jupyter_lambda.engine.engine import Engine
from jupyter_lambda.engine.invocations import InvokeRequest, Outcome
from jupyter_lambda.engine.settings import EngineSettings
from jupyter_lambda.model.engine_api import DeployAnswer, DeployRequest
from jupyter_lambda.model.function import PythonEnvironment
from jupyter_lambda.model.invocation import InvocationResult
from jupyter_lambda.store import open_store
from jupyter_lambda.testing.sandbox import FakeSandbox

if TYPE_CHECKING:
    from pathlib import Path

PYTHON = PythonEnvironment(executable="/usr/bin/python3", prefix="/usr", base_prefix="/usr", version="3.11.2")
MakeEngine = Callable[..., Awaitable["Bench"]]


class Bench:
    """An engine with a function `f`, and short words for what tests do with it."""

    def __init__(self, engine: Engine, sandbox: FakeSandbox) -> None:
        self.engine = engine
        self.sandbox = sandbox

    async def deploy(self, name: str = "f", digest: str = "d1", **request: Any) -> DeployAnswer:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as package:
            package.writestr("f.py", f"# {digest}\n")
        package_bytes = buffer.getvalue()
        sha256 = hashlib.sha256(package_bytes).hexdigest()
        await self.engine.store.put_blob(package_bytes, sha256)
        defaults: dict[str, Any] = {"handler": "f.handler", "runtime": "python3.11", "python": PYTHON}
        return await self.engine.deploy(
            name, DeployRequest(package_sha256=sha256, content_digest=digest, **{**defaults, **request})
        )

    async def call(self, event: bytes = b"1", name: str = "f", **request: Any) -> Outcome:
        return await self.engine.run(
            InvokeRequest(function_name=name, payload=event, request_id=request.pop("request_id", str(uuid.uuid4())), **request)
        )

    async def result(self, event: bytes = b"1", name: str = "f", **request: Any) -> InvocationResult:
        outcome = await self.call(event, name, **request)
        assert isinstance(outcome, InvocationResult), outcome
        return outcome


@pytest_asyncio.fixture
async def make(tmp_path: Path) -> AsyncIterator[MakeEngine]:
    """Make engines; each is closed, and has left nothing behind."""
    benches: list[Bench] = []

    async def build(sandbox: FakeSandbox | None = None, *, deploy: dict[str, Any] | None = None, **settings: Any) -> Bench:
        sandbox = sandbox or FakeSandbox()
        store = await open_store(tmp_path, clock=SystemClock())
        doors = RuntimeDoors()
        chosen = EngineSettings(**{"stop_grace_seconds": 0.0, "budget_mib": 4_096, **settings})
        engine = Engine(store=store, sandbox=sandbox, doors=doors, clock=SystemClock(), settings=chosen)
        doors.engine = engine
        await engine.open()
        bench = Bench(engine, sandbox)
        benches.append(bench)
        if engine.catalog.find("f") is None:
            await bench.deploy(**(deploy or {}))
        return bench

    yield build
    for bench in benches:
        await bench.engine.aclose()
        assert not bench.sandbox.environments
