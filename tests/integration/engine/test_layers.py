"""Layers of functions that notebooks deploy, and the one package that a version's layers make (engine/layers.py)."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import pytest

from jupyter_lambda.engine.layers import merge
from jupyter_lambda.engine.uploaded_packages import keep_package
from jupyter_lambda.errors import AccessDenied, RequestError
from jupyter_lambda.model.engine_api import ConfigurationChange
from jupyter_lambda.model.resources import LayerVersion

if TYPE_CHECKING:
    from tests.integration.engine.conftest import Bench, MakeEngine

pytestmark = pytest.mark.asyncio


def zipped(**members: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        for name, text in members.items():
            package.writestr(name.replace("__", "/"), text)
    return buffer.getvalue()


async def publish(bench: Bench, name: str, **members: str) -> str:
    package = await keep_package(bench.engine.store, zipped(**members))
    layer = await bench.engine.resources.publish_layer(package, LayerVersion(name=name, number=0))
    return bench.engine.resources.layer_arn(layer.name, layer.number)


async def test_a_deployment_with_layers_runs_on_them(make: MakeEngine) -> None:
    bench = await make()
    arn = await publish(bench, "deps", python__a="1")
    await bench.deploy("g", options={"layers": (arn,)})
    await bench.result(name="g")
    spec = bench.sandbox.started[-1]
    (shown,) = [mount for mount in spec.mounts if mount.source == mount.target]
    assert spec.extra_path == (f"{shown.source}/python/lib/python3.11/site-packages", f"{shown.source}/python")
    assert spec.variables["PATH"].endswith(f":{shown.source}/bin")
    assert f"{shown.source}/lib" in spec.variables["LD_LIBRARY_PATH"]


async def test_a_deployment_keeps_layers_that_it_does_not_name(make: MakeEngine) -> None:
    bench = await make()
    arn = await publish(bench, "deps", python__a="1")
    await bench.engine.configure("f", ConfigurationChange(options={"layers": (arn,)}))
    package = bench.engine.catalog.entry("f").function.latest.layers_package
    await bench.deploy(digest="d2")
    assert bench.engine.catalog.entry("f").function.latest.layers_package == package != ""
    await bench.engine.configure("f", ConfigurationChange(options={"layers": ()}))
    assert bench.engine.catalog.entry("f").function.latest.layers_package == ""


async def test_numbers_are_not_given_out_twice(make: MakeEngine) -> None:
    bench = await make()
    first = await publish(bench, "deps", a="1")
    await bench.engine.resources.change("layer/deps/1", lambda _: LayerVersion(name="deps", number=1, deleted=True))
    assert (await publish(bench, "deps", a="1"))[-2:] == ":2"
    with pytest.raises(RequestError, match="does not exist"):
        await bench.engine.resources.merged_package([first])


async def test_another_accounts_layer_is_refused(make: MakeEngine) -> None:
    bench = await make()
    with pytest.raises(AccessDenied):
        await bench.engine.resources.merged_package(["arn:aws:lambda:us-east-1:111111111111:layer:x:1"])


async def test_of_two_files_with_one_path_the_later_layers_holds() -> None:
    merged = zipfile.ZipFile(io.BytesIO(merge([zipped(a="1", b="1"), zipped(b="2", c="2")])))
    assert {name: merged.read(name) for name in merged.namelist()} == {"a": b"1", "b": b"2", "c": b"2"}
