"""An environment's log: the platform's lines stand on lines of their own, whatever the function wrote before."""

from __future__ import annotations

import asyncio
import os

import pytest

from jupyter_lambda.engine.log_pipe import LogPipe

pytestmark = pytest.mark.anyio


@pytest.fixture
async def pipe():
    pipe = LogPipe(asyncio.get_running_loop(), max_bytes=20, now=asyncio.get_running_loop().time)
    yield pipe
    pipe.close()


async def test_a_line_that_the_function_left_open_is_ended(pipe):
    worker = pipe.open()
    os.write(worker, b"no newline")
    os.close(worker)
    pipe.drain()
    pipe.write("END\n")
    pipe.write("REPORT\n")
    assert pipe.take() == b"no newline\nEND\nREPORT\n"


async def test_what_is_above_the_bound_is_counted(pipe):
    worker = pipe.open()
    os.write(worker, b"x" * 25)
    os.close(worker)
    pipe.drain()
    pipe.write("END\n")
    assert pipe.take().decode() == "x" * 20 + "\nEND\n[jupyter-lambda] 5 bytes of log above 20 were dropped\n"
    assert pipe.take() == b""
