"""One engine with two kinds of sandbox: which one an environment gets, and when the second one is opened."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jupyter_lambda.errors import SandboxError
from jupyter_lambda.model.environment import Enforcement
from jupyter_lambda.sandbox.protocol import Channels, EnvironmentSpec
from jupyter_lambda.sandbox.routed import RoutedSandbox

pytestmark = pytest.mark.asyncio


class Noted:
    """A sandbox that notes what it is asked."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.starts_at_a_time = None
        self.deeds: list[str] = []

    async def start(self, spec, channels):
        self.deeds.append("start")
        return self.kind

    async def prepare(self, spec):
        self.deeds.append("prepare")

    def enforcement(self):
        return (Enforcement(row="memory", held=True, by=self.kind),)

    async def sweep(self):
        self.deeds.append("sweep")
        return 1

    async def aclose(self):
        self.deeds.append("aclose")


class Bench:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.own, self.other = Noted("process"), Noted("docker")
        self.opened = 0
        self.failure: SandboxError | None = None
        self.sandbox = self.make()

    def make(self) -> RoutedSandbox:
        return RoutedSandbox(self.own, {"docker": self.open}, self.folder)

    async def open(self):
        self.opened += 1
        if self.failure is not None:
            raise self.failure
        return self.other


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path / "traces")


def spec(kind: str | None) -> EnvironmentSpec:
    return EnvironmentSpec(
        environment_id="e", function_name="f", version="1", task_root=Path("/task"), handler="f.handler", memory_mib=128,
        ephemeral_mib=512, variables={}, runtime_api="127.0.0.1:1", sandbox=kind,
    )  # fmt: skip


NO_CHANNELS = Channels(-1, -1)


async def test_the_own_sandbox_serves_whoever_did_not_choose_and_nothing_else_is_opened(bench):
    assert await bench.sandbox.start(spec(None), NO_CHANNELS) == "process"
    assert await bench.sandbox.start(spec("process"), NO_CHANNELS) == "process"
    assert bench.opened == 0
    assert bench.sandbox.of("docker") is None


async def test_the_other_one_is_opened_once_and_swept_before_its_first_start(bench):
    assert await bench.sandbox.start(spec("docker"), NO_CHANNELS) == "docker"
    await bench.sandbox.prepare(spec("docker"))
    assert bench.opened == 1
    assert bench.other.deeds == ["sweep", "start", "prepare"]
    assert bench.sandbox.of("docker") is bench.other
    assert [row.by for row in bench.sandbox.enforcement()] == ["process"]


async def test_what_can_not_be_had_is_said_closes_the_channels_and_is_looked_for_again(bench):
    bench.failure = SandboxError("sandbox docker", "no daemon answers", "Start it.")
    reading, writing = os.pipe()
    with pytest.raises(SandboxError, match="no daemon answers"):
        await bench.sandbox.start(spec("docker"), Channels(reading, writing))
    for descriptor in (reading, writing):
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)
    bench.failure = None
    assert await bench.sandbox.start(spec("docker"), NO_CHANNELS) == "docker"


async def test_an_unknown_kind_is_refused(bench):
    with pytest.raises(SandboxError, match="no such sandbox"):
        await bench.sandbox.require("podman")


async def test_what_a_killed_engine_used_is_swept_at_the_next_start_and_only_then(bench):
    await bench.sandbox.sweep()
    await bench.sandbox.require("docker")
    killed, bench.other = bench.other, Noted("docker")
    assert killed.deeds == ["sweep"]
    after = bench.make()
    await after.sweep()
    await after.require("docker")
    assert bench.other.deeds == ["sweep"]
    assert bench.opened == 2
    await after.aclose()
    assert bench.other.deeds == ["sweep", "aclose"]
    bench.opened = 0
    again = bench.make()
    await again.sweep()
    assert not again._sweeping
    assert bench.opened == 0
    await again.aclose()


async def test_everything_open_is_closed_and_nothing_opens_afterwards(bench):
    await bench.sandbox.require("docker")
    await bench.sandbox.aclose()
    await bench.sandbox.aclose()
    assert "aclose" in bench.own.deeds
    assert "aclose" in bench.other.deeds
