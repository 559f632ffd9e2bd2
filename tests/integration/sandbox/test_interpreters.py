"""Workers on every Python of this machine, from 3.9 on: the runtime's files need nothing installed."""

from __future__ import annotations

import asyncio
import sys

import pytest

from jupyter_lambda.clock import SystemClock
from jupyter_lambda.sandbox.interpreters import ask, find_pythons
from jupyter_lambda.sandbox.process.sandbox import open_process_sandbox
from jupyter_lambda.sandbox.process.tier import EVERYTHING
from jupyter_lambda.sandbox.protocol import EnvironmentSpec
from jupyter_lambda.testing.runtime_bench import RuntimeBench

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(sys.platform != "linux", reason="the process sandbox needs Linux")]

SOURCE = """
import asyncio, sys
from decimal import Decimal
loops = []
async def handler(event, context):
    await asyncio.sleep(0)
    loops.append(asyncio.get_running_loop())
    if event == "raise":
        raise ValueError("boom")
    return {"version": "%d.%d" % sys.version_info[:2], "text": "ü", "number": Decimal("1.10"), "one_loop": len(set(loops)) == 1}
"""


@pytest.fixture
def anyio_backend():
    return "asyncio"


PYTHONS = find_pythons() if sys.platform == "linux" else ()


@pytest.mark.parametrize("fresh", [False, True], ids=["forked", "fresh"])
@pytest.mark.parametrize("python", PYTHONS, ids=lambda python: python.version)
async def test_a_function_runs_on(python, fresh, tmp_path):
    package = tmp_path / "package"
    package.mkdir()
    (package / "function.py").write_text(SOURCE)
    if fresh:
        (package / "uuid.py").write_text(
            ""
        )  # the zygote has another module of that name: the worker gets an interpreter of its own
    environment = await asyncio.to_thread(ask, python.executable)
    execution = f"AWS_Lambda_python{environment.minor}"
    sandbox = await open_process_sandbox(tmp_path, "boot", SystemClock(), run_folder=tmp_path / "run", allow=EVERYTHING)
    bench = RuntimeBench()
    spec = EnvironmentSpec(
        environment_id="e", function_name="f", version="1", task_root=package, handler="function.handler", memory_mib=512,
        ephemeral_mib=512, variables={"AWS_EXECUTION_ENV": execution, "LAMBDA_TASK_ROOT": str(package)}, runtime_api="x:1",
        python=environment, preload=("json", "decimal"),
    )  # fmt: skip
    try:
        await sandbox.start(spec, bench.channels())
        answers = [await bench.invoke({}) for _ in range(2)]
        failed = await bench.invoke("raise")
    finally:
        await sandbox.aclose()
        await bench.aclose()
    assert [answer.value for answer in answers] == [
        {"version": environment.minor, "text": "ü", "number": 1.1, "one_loop": True}
    ] * 2
    assert (b"\\u00fc" in answers[0].body) == (tuple(map(int, environment.minor.split("."))) < (3, 12))
    assert (failed.what, failed.value["errorType"]) == ("error", "ValueError")
    assert any('File "/var/task/function.py"' in line for line in failed.value["stackTrace"])
