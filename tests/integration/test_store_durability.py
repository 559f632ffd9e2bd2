"""The two promises of durability, each by a process that is killed at random moments while it keeps what it is given.

Power loss can't be had in a test: that a commit is flushed shows in tests/unit/store (`synchronous = FULL`).
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from pathlib import Path

import pytest

from jupyter_lambda.clock import SystemClock
from jupyter_lambda.store import open_store

pytestmark = pytest.mark.anyio

ROUNDS = 20
_WRITER = Path(__file__).with_name("store_writer.py")
_ROOT = Path(__file__).parents[2]


@pytest.fixture
def anyio_backend():
    return "asyncio"


async def _killed_writer(home, what, name, acknowledgements):
    """Run the writer, kill it once it has acknowledged that many; returns all numbers that it acknowledged."""
    writer = await asyncio.create_subprocess_exec(
        sys.executable, str(_WRITER), str(home), what, name,
        stdout=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(_ROOT)},
    )  # fmt: skip
    told = []
    async with asyncio.timeout(60):
        while len(told) < acknowledgements:
            line = await writer.stdout.readline()
            assert line, "the writer ended by itself"
            told.append(line)
        writer.kill()
        rest = await writer.stdout.read()
        await writer.wait()
    lines = b"".join(told) + rest
    return [int(line) for line in lines[: lines.rfind(b"\n")].split()]


async def test_what_was_committed_survives_the_kill(tmp_path):
    chance = random.Random(1)
    for number in range(ROUNDS):
        name = f"round{number}"
        acknowledged = await _killed_writer(tmp_path, "commit", name, chance.randrange(1, 400))

        store = await open_store(tmp_path, clock=SystemClock())
        kept = {e.request_id for e in (await store.load()).events if e.function_name == name}
        await store.aclose()

        assert {f"{name}-{n}" for n in acknowledged} <= kept
        assert len(kept) <= len(acknowledged) + 4  # at most the group that was under way


async def test_what_was_recorded_survives_the_kill_once_and_whole(tmp_path):
    chance = random.Random(2)
    for number in range(ROUNDS):
        name = f"round{number}"
        acknowledged = await _killed_writer(tmp_path, "record", name, chance.randrange(1, 3_000))

        store = await open_store(tmp_path, clock=SystemClock())
        kept = await store.log_events(name, limit=1_000_000)
        counted = await store.metrics(name)
        damages = store.damages
        await store.aclose()

        assert [event.request_id for event in kept][: len(acknowledged)] == [f"{name}-{n}" for n in acknowledged]
        assert len(kept) - len(acknowledged) in (0, 1)  # at most the one that was under way
        assert counted.invocations == len(kept)
        assert all(event.text == f"log {n}\n" * (200_000 if n % 97 == 0 else 3) for n, event in enumerate(kept))
        assert damages == ()
        assert list((tmp_path / "journal").iterdir()) == []
