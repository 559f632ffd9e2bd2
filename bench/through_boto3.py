"""Warm invocations through boto3: of ours, of MiniStack, and of an endpoint that does nothing; and what our Lambda API itself adds."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import zipfile
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

import jupyter_lambda as jl
from bench import ours
from bench.measure import Row, repeat
from bench.peers import connected, free_port

MEASURE = "warm invocation through boto3"
ROAD = "warm invocation by a raw socket"
EVENT = {"side": 640}
TOOLS = Path(".tools/ministack")


def measure() -> list[Row]:
    with ours.engine() as client:
        echo = jl.deploy(ours.FUNCTIONS / "echo.py", engine=client, memory=ours.MEMORY_MIB)
        runtime = client.runtime
        session = _client(runtime.url, runtime.access_key_id, runtime.secret_access_key)
        through = repeat(lambda: _invoke(session, echo.name), 1_000, warm_up=200)
        rows = [_raw_handle(echo), _raw_api(runtime, echo.name)]
    with doing_nothing() as url:
        nothing = _client(url, "test", "test")
        bare = repeat(lambda: _invoke(nothing, "echo", b"{}"), 1_000, warm_up=200)
    client_alone = Row(MEASURE, "endpoint that does nothing", bare, note="what boto3 itself costs")
    aim = client_alone.percentile(50) + 0.3
    return [
        Row(MEASURE, ours.SUBJECT, through, aim_ms=aim, note="aim: 0.3 ms above the endpoint that does nothing"),
        client_alone,
        *ministack(),
        *rows,
    ]


def _raw_handle(echo: jl.FunctionHandle) -> Row:
    return Row(
        ROAD, f"{ours.SUBJECT}: the handle", repeat(lambda: echo(EVENT), 2_000, warm_up=300), note="unix socket, own protocol"
    )


def _raw_api(runtime, name: str) -> Row:
    """The same signed request again and again on one connection: what boto3 costs is left out."""
    path, body = f"/2015-03-31/functions/{name}/invocations", json.dumps(EVENT).encode()
    request = AWSRequest("POST", runtime.url + path, data=body)
    SigV4Auth(Credentials(runtime.access_key_id, runtime.secret_access_key), "lambda", runtime.region).add_auth(request)
    host, port = runtime.url.removeprefix("http://").split(":")
    head = [f"POST {path} HTTP/1.1", f"Host: {host}:{port}", f"Content-Length: {len(body)}"]
    head += [f"{key}: {value}" for key, value in request.headers.items()]
    sent = "\r\n".join(head).encode() + b"\r\n\r\n" + body
    with socket.create_connection((host, int(port))) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def call() -> None:
            connection.sendall(sent)
            answer = b""
            while not answer.endswith(body):
                piece = connection.recv(65_536)
                assert piece, answer
                answer += piece
            assert answer.startswith(b"HTTP/1.1 200 "), answer

        samples = repeat(call, 2_000, warm_up=300)
    return Row(ROAD, f"{ours.SUBJECT}: the Lambda API", samples, note="TCP, signature checked; aim: 0.15 ms above the handle")


def ministack() -> list[Row]:
    """MiniStack's row; none where it can't be fetched."""
    if not TOOLS.exists():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-warn-conflicts", "--target", str(TOOLS), "ministack"]
        if subprocess.run(command, check=False).returncode:
            print("bench: ministack can't be fetched, so it is left out", file=sys.stderr)
            return []
    with running_ministack() as url:
        client = _client(url, "test", "test")
        client.create_function(
            FunctionName="echo", Runtime=f"python{sys.version_info.major}.{sys.version_info.minor}", Handler="echo.handler",
            Role="arn:aws:iam::000000000000:role/bench", Code={"ZipFile": _zipped()}, MemorySize=ours.MEMORY_MIB,
        )  # fmt: skip
        client.get_waiter("function_active_v2").wait(FunctionName="echo")
        samples = repeat(lambda: _invoke(client, "echo"), 200, warm_up=20)
    return [Row(MEASURE, "MiniStack", samples, note="its own default: workers as processes of this machine")]


@contextmanager
def running_ministack():
    """Its address, while it runs."""
    port = free_port()
    variables = {
        **os.environ, "PYTHONPATH": str(TOOLS.resolve()), "GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "LOG_LEVEL": "ERROR",
        "SERVICES": "lambda",
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "ministack"],
        env=variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        connected(port, 60).close()
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def doing_nothing():
    """The address of an endpoint that does nothing, while it runs."""
    process = subprocess.Popen([sys.executable, "-m", "bench.nothing"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait(10)


def _client(url: str, key_id: str, secret: str):
    return boto3.client(
        "lambda", endpoint_url=url, region_name="us-east-1", aws_access_key_id=key_id, aws_secret_access_key=secret,
        config=Config(retries={"total_max_attempts": 1}),
    )  # fmt: skip


def _invoke(client, name: str, expected: bytes | None = None) -> None:
    payload = client.invoke(FunctionName=name, Payload=json.dumps(EVENT))["Payload"].read()
    assert payload == expected if expected is not None else json.loads(payload) == EVENT, payload


def _zipped() -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.write(ours.FUNCTIONS / "echo.py", "echo.py")
    return buffer.getvalue()
