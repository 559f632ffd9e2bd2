"""What is measured of jupyter-lambda, on an engine and a home of its own."""

from __future__ import annotations

import tempfile
import time
from contextlib import closing, contextmanager
from pathlib import Path

import jupyter_lambda as jl
from bench.measure import Row, repeat, timed
from jupyter_lambda.client.engine_client import EngineClient
from jupyter_lambda.client.launch import ensure_engine, stop_engine

FUNCTIONS = Path(__file__).parent / "functions"
MEMORY_MIB = 1_769  # one whole CPU, as on Lambda; below it the CPU share is what is measured
SUBJECT = "jupyter-lambda"
EVENTS = 1_000


@contextmanager
def engine(sandbox: str = "process"):
    """An engine in a home that goes with it."""
    with tempfile.TemporaryDirectory(prefix="jl-bench-") as home:
        try:
            with closing(
                EngineClient(ensure_engine(home, sandbox=sandbox))
            ) as client:  # in $DOCKER_HOST's daemon, if it is docker
                yield client
        finally:
            stop_engine(home)


def measure() -> list[Row]:
    """All but the notebook's row."""
    with engine() as client:
        echo = jl.deploy(FUNCTIONS / "echo.py", engine=client, memory=MEMORY_MIB)
        frame = jl.deploy(FUNCTIONS / "frame.py", engine=client, memory=MEMORY_MIB, timeout=30)
        return [warm(echo), mapped(echo), *cold(client, frame)]


def warm(echo: jl.FunctionHandle) -> Row:
    event = {"side": 640}
    return Row(
        "warm invocation", SUBJECT, repeat(lambda: echo(event), 2_000, warm_up=300), aim_ms=0.3, note="one handle, one caller"
    )


def mapped(echo: jl.FunctionHandle) -> Row:
    events = [{"side": n} for n in range(EVENTS)]

    def run() -> None:
        assert list(echo.map(events, progress=False).results()) == events

    return Row(f"map of {EVENTS:,} events", SUBJECT, repeat(run, 15, warm_up=2), aim_ms=300.0, note="as many at once as CPUs")


def cold(client: EngineClient, frame: jl.FunctionHandle) -> list[Row]:
    """Cold starts, each after the environment before it was ended; the first one of all warms the zygote and is not counted."""
    whole, start, init = [], [], []
    for number in range(21):
        end_environments(client, frame.name)
        begin = time.perf_counter()
        record = frame.invoke({"n": 10}).record
        elapsed = (time.perf_counter() - begin) * 1_000
        assert record.cold, "an environment was left"
        if number:
            whole.append(elapsed)
            start.append(record.start_ms)
            init.append(record.init_ms)
    measured = "cold start, numpy and pandas"
    return [
        Row(measured, f"{SUBJECT}: whole call", tuple(whole), aim_ms=15.0, note="from a zygote that has imported both"),
        Row(measured, f"{SUBJECT}: environment's start", tuple(start), note="part of the whole"),
        Row(measured, f"{SUBJECT}: init", tuple(init), note="part of the whole"),
    ]


def end_environments(client: EngineClient, name: str) -> None:
    """End a function's environments, and wait until they are gone."""
    while alive := [e.environment_id for e in client.environments() if e.function_name == name and e.state != "ended"]:
        for one in alive:
            try:
                client.end_environment(one)
            except jl.JupyterLambdaError:
                continue  # it ended meanwhile
        time.sleep(0.01)


CELL = """%%lambda twice
def handler(event, context):
    return event * 2
"""


def first_cell(samples: int = 3) -> Row:
    """From `%load_ext` in a fresh kernel, with no engine, to the first result."""
    return Row(
        "first %%lambda in a fresh kernel to first result", SUBJECT, tuple(_fresh_kernel() for _ in range(samples)), aim_ms=1_500.0,
        note="no engine before: its start is part of it",
    )  # fmt: skip


def _fresh_kernel() -> float:
    from jupyter_client.manager import start_new_kernel

    with tempfile.TemporaryDirectory(prefix="jl-bench-") as home:
        manager, client = start_new_kernel(extra_arguments=["--HistoryManager.enabled=False"])
        try:
            _execute(client, f"import os; os.environ.update(JUPYTER_LAMBDA_HOME={home!r}, JUPYTER_LAMBDA_SANDBOX='process')")

            def cells() -> None:
                _execute(client, "%load_ext jupyter_lambda")
                _execute(client, CELL)
                _execute(client, "assert twice(21) == 42")

            return timed(cells)
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
            stop_engine(home)


def _execute(client, code: str) -> None:
    reply = client.execute_interactive(code, timeout=60, output_hook=lambda message: None)
    content = reply["content"]
    assert content["status"] == "ok", "\n".join(content.get("traceback", [str(content)]))
