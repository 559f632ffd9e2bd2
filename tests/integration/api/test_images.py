"""An image that is being built, as the engine's API, its client and boto3 tell of it (api/images.py, engine/preparation.py)."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from jupyter_lambda.client.engine_client import EngineClient
from jupyter_lambda.errors import ImageBuildFailed
from jupyter_lambda.model.engine_api import ImageRequest
from jupyter_lambda.model.runtime_file import RuntimeFile
from tests.integration.api.conftest import TOKEN, Served
from tests.integration.engine_traffic import package

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.asyncio
SECONDS = 20


class Script:
    """A build that tells a line, then waits until the test lets it go on."""

    def __init__(self, *, fails: bool = False) -> None:
        self.begun, self.go_on, self.cancelled = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.asked: list[Any] = []
        self._fails = fails

    async def __call__(self, spec: Any, tell: Callable[[str], None]) -> str:
        self.asked.append(spec)
        tell("Collecting jlt-first")
        self.begun.set()
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        tell("Successfully installed")
        if self._fails:
            raise ImageBuildFailed("image build (jlt-first)", "pip failed: no such version", "Check it.")
        return "jupyter-lambda/build:1"


def client_of(served: Served) -> EngineClient:
    runtime = RuntimeFile(
        host="", boot_id="", pid=1, started=0.0, started_ticks=0, url="", socket=str(served.unix_path), token=TOKEN, protocol=1,
        version="0", home="", sandbox="process", account_id="", region="",
    )  # fmt: skip
    return EngineClient(runtime)


async def test_a_build_is_told_line_by_line_and_ends_with_the_image(served: Served) -> None:
    script = served.bench.sandbox.make_image = Script()
    told: list[str] = []
    request = ImageRequest(requirements=("jlt-first",), sandbox="docker")
    answer = asyncio.create_task(asyncio.to_thread(client_of(served).ensure_image, request, told.append))
    await script.begun.wait()
    async with asyncio.timeout(SECONDS):
        while told != ["Collecting jlt-first"]:  # noqa: ASYNC110 - it comes while the build goes on
            await asyncio.sleep(0.005)
    script.go_on.set()
    assert await answer == "jupyter-lambda/build:1"
    assert told == ["Collecting jlt-first", "Successfully installed"]
    assert (script.asked[0].requirements, script.asked[0].sandbox) == (("jlt-first",), "docker")


async def test_a_build_that_fails_raises_at_the_client_what_the_engine_raised(served: Served) -> None:
    script = served.bench.sandbox.make_image = Script(fails=True)
    script.go_on.set()
    with pytest.raises(ImageBuildFailed, match=r"pip failed: no such version\. Check it"):
        await asyncio.to_thread(client_of(served).ensure_image, ImageRequest(), str)


async def test_a_client_that_leaves_gives_its_build_up(served: Served) -> None:
    script = served.bench.sandbox.make_image = Script()
    left = threading.Event()

    def leave(_: str) -> None:
        left.set()
        raise KeyboardInterrupt

    def ask() -> None:
        with pytest.raises(KeyboardInterrupt):
            client_of(served).ensure_image(ImageRequest(), leave)

    await asyncio.to_thread(ask)
    async with asyncio.timeout(SECONDS):
        await script.cancelled.wait()
    assert left.is_set()


async def test_a_function_whose_image_is_built_is_pending_until_it_is_there(serve_engine: Callable[..., Any]) -> None:
    served = await serve_engine(open_aws=True)
    script = served.bench.sandbox.make_image = Script()
    aws = boto3.client(
        "lambda", endpoint_url=f"http://127.0.0.1:{served.port}", region_name="us-east-1",
        config=Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}),
    )  # fmt: skip
    code = {"ZipFile": package("def handler(event, context): return 1")[0]}
    role = "arn:aws:iam::000000000000:role/r"
    await asyncio.to_thread(
        aws.create_function, FunctionName="new", Runtime="provided.al2023", Handler="f.handler", Role=role, Code=code
    )
    await script.begun.wait()

    async def state() -> str:
        return (await asyncio.to_thread(aws.get_function_configuration, FunctionName="new"))["State"]

    assert await state() == "Pending"
    assert (await served.ask("GET", "/engine/v1/functions/new")).json["building"] == "Collecting jlt-first"
    script.go_on.set()
    async with asyncio.timeout(SECONDS):
        while await state() != "Active":
            pass
    assert (await served.ask("GET", "/engine/v1/functions/new")).json["building"] == ""
