"""`--provisioned` on a cell's line: environments of the published version are ready before anybody calls."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
import pytest

from jupyter_lambda.errors import RequestError
from jupyter_lambda.model.function_settings import EventInvokeConfig
from jupyter_lambda.store.protocol import PutFunction

if TYPE_CHECKING:
    from tests.integration.engine.conftest import Bench, MakeEngine

pytestmark = pytest.mark.asyncio


async def ready(bench: Bench, version: str, count: int) -> None:
    entry = bench.engine.catalog.entry("f")
    async with asyncio.timeout(5):
        while bench.engine.dispatcher.provisioned(entry.versions[version]) != (count, 0):  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0)


async def test_so_many_are_ready_and_the_first_call_of_each_has_no_init(make: MakeEngine) -> None:
    bench = await make(deploy={"provisioned_concurrency": 2})
    await ready(bench, "1", 2)
    results = await asyncio.gather(*(bench.result(qualifier="1") for _ in range(2)))
    assert [(r.record.cold, r.record.init_ms) for r in results] == [(False, 0.0)] * 2
    assert {spec.variables["AWS_LAMBDA_INITIALIZATION_TYPE"] for spec in bench.sandbox.started} == {"provisioned-concurrency"}


async def test_the_answer_says_what_to_call(make: MakeEngine) -> None:
    bench = await make()
    answer = await bench.deploy(digest="d2", provisioned_concurrency=1)
    [sentence] = answer.warnings
    assert "f:2" in sentence
    assert 'qualifier="2"' in sentence


async def test_a_new_version_takes_the_readiness_over_and_0_ends_it(make: MakeEngine) -> None:
    bench = await make(deploy={"provisioned_concurrency": 1})
    await bench.deploy(digest="d2", provisioned_concurrency=2)
    settings = bench.engine.catalog.entry("f").function.settings
    assert {key: kept.count for key, kept in settings.provisioned.items()} == {"2": 2}
    await ready(bench, "2", 2)
    await bench.deploy(digest="d2", provisioned_concurrency=0)
    assert bench.engine.catalog.entry("f").function.settings.provisioned == {}


async def test_with_an_alias_it_is_the_alias_that_keeps_them(make: MakeEngine) -> None:
    bench = await make(deploy={"provisioned_concurrency": 1, "alias": "live"})
    await ready(bench, "1", 1)
    answer = await bench.deploy(digest="d2", alias="live")
    assert answer.warnings == ()
    assert list(bench.engine.catalog.entry("f").function.settings.provisioned) == ["live"]
    await ready(bench, "2", 1)


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        ({"provisioned_concurrency": 2, "publish": False, "digest": "d9"}, "not of \\$LATEST"),
        ({"provisioned_concurrency": 3, "reserved_concurrency": 2}, "more than its --reserved 2"),
    ],
)
async def test_what_can_not_be_kept_ready_is_refused(make: MakeEngine, request_: dict[str, object], says: str) -> None:
    bench = await make()
    with pytest.raises(RequestError, match=says):
        await bench.deploy(**request_)


async def test_a_deployment_keeps_what_was_set_on_the_function(make: MakeEngine) -> None:
    bench = await make()
    config = EventInvokeConfig(last_modified=0.0, maximum_retry_attempts=0)

    def put(entry):
        settings = msgspec.structs.replace(entry.function.settings, event_invoke={"$LATEST": config})
        return [PutFunction(msgspec.structs.replace(entry.function, settings=settings))]

    await bench.engine.catalog.change("f", put)
    await bench.deploy(digest="d2")
    assert bench.engine.catalog.entry("f").function.settings.event_invoke["$LATEST"].maximum_retry_attempts == 0
