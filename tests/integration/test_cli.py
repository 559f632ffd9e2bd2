"""`jupyter lambda …` against a real engine: processes, streams, exit statuses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from jupyter_lambda.client.launch import find_engine
from jupyter_lambda.model.engine_api import DeployRequest
from jupyter_lambda.model.function import PythonEnvironment

SOURCE = """
def handler(event, context):
    print("called with", event)
    if event.get("fail"):
        raise ValueError("asked to fail")
    return {"echo": event}
"""


@pytest.fixture
def shell(jupyter_lambda_home, tmp_path):
    """Runs one command in a process of its own, in the test's home."""

    def run(*words, stdin=b"", timeout=60):
        return subprocess.run(
            [sys.executable, "-m", "jupyter_lambda.cli", *words],
            input=stdin, capture_output=True, timeout=timeout, check=False,
            env={**os.environ, "JUPYTER_LAMBDA_SANDBOX": "process", "PYTHONPATH": os.pathsep.join(sys.path)}, cwd=tmp_path,
        )  # fmt: skip

    return run


@pytest.fixture
def deployed(jupyter_lambda_engine):
    """A client of the engine, with the function `echo` in it."""
    zipped = BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("echo.py", SOURCE)
    client = jupyter_lambda_engine
    python = PythonEnvironment(
        executable=sys.executable,
        prefix=sys.prefix,
        base_prefix=sys.base_prefix,
        version=".".join(map(str, sys.version_info[:3])),
    )
    client.deploy(
        "echo",
        DeployRequest(
            package_sha256=client.upload_blob(zipped.getvalue()), content_digest="1", handler="echo.handler",
            runtime=f"python{python.minor}", python=python, source=SOURCE,
        ),
    )  # fmt: skip
    return client


def test_start_status_stop(shell, jupyter_lambda_home):
    assert shell("engine", "status").returncode == 3
    started = shell("engine", "start", "--sandbox", "process")
    assert started.returncode == 0, started.stderr
    facts = json.loads(started.stdout)
    assert facts.keys() == {"url", "pid", "home", "sandbox"}
    assert facts["home"] == str(jupyter_lambda_home)
    assert shell("engine", "start").stdout == started.stdout
    status = json.loads(shell("engine", "status", "--json").stdout)
    assert {name: status[name] for name in facts} == facts
    assert status["environments"] == 0
    assert Path(status["runtime_file"]).stat().st_mode & 0o777 == 0o600
    assert shell("engine", "stop").returncode == 0
    assert shell("engine", "stop").returncode == 3
    assert find_engine(jupyter_lambda_home) is None


def test_a_bad_setting_is_told_with_the_one_that_was_meant(shell):
    refused = shell("engine", "start", "--set", "idle_second=5")
    assert refused.returncode in (2, 3, 4)
    assert refused.stdout == b""
    assert b"idle_seconds" in refused.stderr


def test_a_sandbox_that_is_not_here_leaves_no_engine(shell, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    done = shell("engine", "start", "--sandbox", "docker")
    assert done.returncode == 3
    assert b"no Docker daemon answers" in done.stderr
    assert done.stdout == b""
    assert shell("engine", "status").returncode == 3


def test_foreground_runs_until_it_is_interrupted(jupyter_lambda_home, tmp_path):
    engine = subprocess.Popen(
        [sys.executable, "-m", "jupyter_lambda.cli", "engine", "start", "--foreground", "--sandbox", "process"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "MY_SECRET": "s3cr3t"},
    )  # fmt: skip
    try:
        assert any("serves" in line for line in engine.stderr)  # reads until it does
        assert find_engine(jupyter_lambda_home).pid == engine.pid
        assert b"s3cr3t" not in Path(f"/proc/{engine.pid}/environ").read_bytes()
        engine.send_signal(signal.SIGINT)
        engine.communicate(timeout=30)
        assert engine.returncode == 0
    finally:
        engine.kill()
        engine.wait()


def test_invoke_passes_bytes_through(shell, deployed):
    event = b'{"big": 1180591620717411303424, "text": "\xc3\xa4"}'
    done = shell("invoke", "echo", "--event", "-", stdin=event)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"echo": json.loads(event)}
    assert done.stderr == b""


def test_a_failing_function_is_1(shell, deployed):
    done = shell("invoke", "echo", "--event", '{"fail": true}', "--tail")
    assert done.returncode == 1
    assert json.loads(done.stdout)["errorType"] == "ValueError"
    assert b"called with" in done.stderr
    assert b"REPORT RequestId" in done.stderr


def test_an_event_that_is_not_json_is_refused(shell, deployed):
    done = shell("invoke", "echo", "--event", "{nope")
    assert done.returncode == 4
    assert done.stdout == b""
    assert b"JSON" in done.stderr


def test_logs_metrics_versions_alias_rm(shell, deployed):
    shell("invoke", "echo", "--event", '{"n": 1}')
    assert b"called with {'n': 1}" in shell("logs", "echo").stdout
    assert json.loads(shell("metrics", "echo", "--json").stdout)["invocations"] == 1
    assert shell("versions", "echo").stdout.decode().splitlines()[1].split()[0] == "1"
    assert shell("alias", "echo", "prod=1").stdout == "echo:prod → 1\n".encode()
    refused = shell("rm", "echo", "--qualifier", "1")
    assert refused.returncode == 4
    assert b"prod" in refused.stderr
    assert shell("rm", "echo").returncode == 0
    missing = shell("invoke", "echo")
    assert missing.returncode == 4


def test_async_is_in_the_logs_after_it_ran(shell, deployed):
    request_id = shell("invoke", "echo", "--event", '{"n": 2}', "--async").stdout.decode().strip()
    events = deployed.follow_logs("echo")
    found = deployed.logs("echo", request_id=request_id) or [next(e for e in events if e.request_id == request_id)]
    assert "called with {'n': 2}" in found[0].text


def test_follow_ends_with_the_engine(jupyter_lambda_home, deployed, tmp_path, shell):
    following = subprocess.Popen(
        [sys.executable, "-m", "jupyter_lambda.cli", "logs", "echo", "--follow"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    try:
        shown = b""
        while b"REPORT" not in shown:  # it may begin to follow after the first calls
            deployed.invoke("echo", b'{"n": 3}')
            os.set_blocking(following.stdout.fileno(), False)
            shown += following.stdout.read() or b""
        assert b"called with {'n': 3}" in shown
        following.send_signal(signal.SIGINT)
        assert following.wait(30) == 0
    finally:
        following.kill()
        following.communicate()


def test_env_lets_boto3_find_the_engine(shell, deployed):
    lines = shell("env").stdout.decode()
    script = f'set -e\n{lines}\nprintf "%s %s" "$AWS_ENDPOINT_URL_LAMBDA" "$AWS_DEFAULT_REGION"'
    said = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=30, check=True)
    assert said.stdout == f"{deployed.runtime.url} us-east-1"


def test_doctor_says_fact_and_consequence(shell, jupyter_lambda_engine):
    done = shell("doctor")
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode()
    assert "memory" in text
    assert "→" in text
    json.loads(shell("doctor", "--json").stdout)
