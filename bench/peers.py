"""The peers: a process pool, and AWS's runtime interface emulator with AWS's own Python runtime client."""

from __future__ import annotations

import json
import os
import platform
import socket
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from bench.functions.echo import handler
from bench.measure import Row, repeat, timed
from bench.ours import EVENTS, FUNCTIONS

TOOLS = Path(".tools/aws-sam-cli")
POOL = "ProcessPoolExecutor"
EMULATOR = "runtime interface emulator"


def measure() -> list[Row]:
    return [*pool(), bare_import(), *emulator()]


def pool() -> list[Row]:
    event = {"side": 640}
    events = [{"side": n} for n in range(EVENTS)]
    with ProcessPoolExecutor(1) as one:
        warm = repeat(lambda: one.submit(handler, event, None).result(), 2_000, warm_up=300)
    with ProcessPoolExecutor() as many:
        nothing = [None] * EVENTS
        whole = repeat(lambda: list(many.map(handler, events, nothing)), 15, warm_up=2)
    return [
        Row("warm invocation", POOL, warm, note="one process; no isolation, no limits, pickle"),
        Row(f"map of {EVENTS:,} events", POOL, whole, note="a process for each CPU"),
    ]


def bare_import() -> Row:
    samples = repeat(lambda: subprocess.run([sys.executable, "-c", "import numpy, pandas"], check=True), 10, warm_up=1)
    return Row("cold start, numpy and pandas", "python -c 'import numpy, pandas'", samples)


def emulator() -> list[Row]:
    """The emulator's rows; none where its binary or AWS's client is not to be had."""
    binary = emulator_binary()
    if binary is None:
        return []
    with running(on_this_machine(binary, "echo.handler")) as call:
        event = json.dumps({"side": 640}).encode()
        warm = repeat(lambda: call(event), 2_000, warm_up=300)
        payloads = [json.dumps({"side": n}).encode() for n in range(EVENTS)]
        whole = repeat(lambda: [call(payload) for payload in payloads], 5, warm_up=1)
    return [
        Row("warm invocation", EMULATOR, warm, note="with awslambdaric, raw socket client"),
        Row(f"map of {EVENTS:,} events", EMULATOR, whole, note="one after the other: it runs one at a time"),
        Row(
            "cold start, numpy and pandas",
            EMULATOR,
            tuple(_first_answer(binary) for _ in range(5)),
            note="both processes included",
        ),
    ]


def emulator_binary() -> Path | None:
    """The emulator of PyPI's aws-sam-cli, fetched once without its dependencies."""
    machine = {"x86_64": "x86_64", "aarch64": "arm64"}.get(platform.machine())
    binary = TOOLS / f"samcli/local/rapid/aws-lambda-rie-{machine}"
    if not binary.exists():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(TOOLS), "aws-sam-cli"]
        if subprocess.run(command, check=False).returncode:
            print("bench: aws-sam-cli can't be fetched, so its emulator is left out", file=sys.stderr)
            return None
    if machine is None or not binary.exists():
        print("bench: no emulator for this machine in aws-sam-cli", file=sys.stderr)
        return None
    try:
        version("awslambdaric")
    except ModuleNotFoundError:
        print("bench: awslambdaric is not installed, so the emulator is left out", file=sys.stderr)
        return None
    binary.chmod(0o755)
    return binary.resolve()


def on_this_machine(binary: Path, function: str):
    """The command of the emulator with a function, by its two ports."""

    def command(front: int, api: int) -> list[str]:
        return [
            str(binary), "--log-level", "error", "--runtime-interface-emulator-address", f"127.0.0.1:{front}",
            "--runtime-api-address", f"127.0.0.1:{api}", sys.executable, "-m", "awslambdaric", function,
        ]  # fmt: skip

    return command


@contextmanager
def running(command):
    """The emulator that a command starts on two ports; gives a call that takes an event's bytes and returns the answer's."""
    front, api = free_port(), free_port()
    process = subprocess.Popen(
        command(front, api), cwd=FUNCTIONS, env={**os.environ, "AWS_LAMBDA_FUNCTION_TIMEOUT": "60"}, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        with connected(front) as connection:
            yield lambda event: _post(connection, event)
    finally:
        process.terminate()
        process.wait(10)


def _first_answer(binary: Path) -> float:
    def whole() -> None:
        with running(on_this_machine(binary, "frame.handler")) as call:
            assert call(b'{"n": 10}') == b"45.0"

    return timed(whole)


def connected(port: int, seconds: float = 20) -> socket.socket:
    until = time.monotonic() + seconds
    while True:
        try:
            connection = socket.create_connection(("127.0.0.1", port))
        except ConnectionRefusedError:
            if time.monotonic() > until:
                raise
            time.sleep(0.001)
        else:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connection


def _post(connection: socket.socket, event: bytes) -> bytes:
    head = b"POST /2015-03-31/functions/function/invocations HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(event)
    connection.sendall(head + event)
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65_536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65_536)
    return body


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
