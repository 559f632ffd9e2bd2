"""Runtimes that are not ours, by the Runtime API alone: the unmodified awslambdaric, and a shell script as `bootstrap`."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import sys
import zipfile

import pytest

import jupyter_lambda as jl
from jupyter_lambda.client.outcome import FunctionError
from jupyter_lambda.model.engine_api import DeployRequest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the process sandbox needs Linux")

HANDLER = """
import os

def handler(event, context):
    print("hello from", context.function_name)
    if event == "raise":
        raise ValueError("asked to")
    if event == "exit":
        os._exit(4)
    return {"event": event, "id": context.aws_request_id, "left": context.get_remaining_time_in_millis()}
"""

SHELL = """#!/bin/sh
# The smallest runtime there is: every event is answered with its length.
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
while true; do
    event=$(curl -sS -D /tmp/head "$api/next")
    id=$(sed -n 's/^lambda-runtime-aws-request-id: *\\([^[:space:]]*\\).*/\\1/ip' /tmp/head)
    echo "answering $id"
    curl -sS -o /dev/null -X POST "$api/$id/response" -d "${#event}"
done
"""


def deploy(folder, name, files):
    """A function whose package has these files; `bootstrap` is its runtime."""
    package = folder / f"{name}.zip"
    with zipfile.ZipFile(package, "w") as archive:
        for path, text in files.items():
            member = zipfile.ZipInfo(path)
            member.external_attr = (0o755 if path == "bootstrap" else 0o644) << 16
            archive.writestr(member, text)
    sha256 = hashlib.sha256(package.read_bytes()).hexdigest()
    engine = jl.engine()
    engine.upload_blob(package, sha256)
    engine.deploy(
        name,
        DeployRequest(
            package_sha256=sha256, content_digest=sha256, handler="main.handler", runtime="provided.al2023",
            options={"timeout_seconds": 20, "memory_mib": 512},
        ),
    )  # fmt: skip
    return jl.function(name)


@pytest.mark.skipif(importlib.util.find_spec("awslambdaric") is None, reason="awslambdaric is not installed")
def test_the_unmodified_runtime_interface_client(jupyter_lambda_engine, tmp_path):
    bootstrap = f'#!/bin/sh\nexec {sys.executable} -m awslambdaric "$_HANDLER"\n'
    ric = deploy(tmp_path, "ric", {"bootstrap": bootstrap, "main.py": HANDLER})

    first, second = ric.invoke({"n": 1}), ric.invoke([2**70])

    assert first.result()["event"] == {"n": 1}
    assert first.result()["id"] == first.request_id
    assert 15_000 < first.result()["left"] <= 20_000
    assert second.result()["event"] == [2**70]
    assert (first.record.cold, second.record.cold) == (True, False)
    assert "hello from ric\n" in first.logs

    with pytest.raises(FunctionError, match="ValueError"):
        ric("raise")
    ended = ric.invoke("exit")
    assert json.loads(ended.payload)["errorType"] == "Runtime.ExitError"
    assert "exit status 4" in json.loads(ended.payload)["errorMessage"]
    assert ric("again")["event"] == "again"


@pytest.mark.skipif(shutil.which("curl") is None or not os.path.exists("/bin/sh"), reason="needs a shell and curl")  # noqa: PTH110
def test_a_shell_script_is_a_runtime(jupyter_lambda_engine, tmp_path):
    counted = deploy(tmp_path, "counted", {"bootstrap": SHELL})

    call = counted.invoke("hello")

    assert call.result() == len('"hello"')
    assert f"answering {call.request_id}" in call.logs
    assert counted([1, 2]) == len("[1, 2]")
