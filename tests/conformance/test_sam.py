"""The SAM CLI from PyPI, unmodified, in an environment of its own: `sam remote invoke` calls a function where it is, `sam logs`
reads what it logged.

Source: AWS SAM Developer Guide, "sam remote invoke", "sam logs". Its version is in the test's output.
"""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.conformance.client_environment import installed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conformance.conftest import Functions, Keys

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.timeout(600)]
ARN = "arn:aws:lambda:us-east-1:000000000000:function:"
TALKS = """
def handler(event, context):
    print("hello from the function")
    if event.get("fail"):
        raise ValueError("no such side")
    return {"got": event}
"""


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed `sam`."""
    return installed(tmp_path_factory.mktemp("sam"), "aws-sam-cli", "sam")


@pytest.fixture
def sam(command: Path, keys: Keys, tmp_path: Path) -> Callable[..., tuple[str, str]]:
    """Run `sam …`; returns stdout and stderr."""
    variables = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "AWS_ENDPOINT_URL_LAMBDA": keys.url, "AWS_ACCESS_KEY_ID": keys.key_id,
        "AWS_SECRET_ACCESS_KEY": keys.secret, "AWS_DEFAULT_REGION": keys.region, "SAM_CLI_TELEMETRY": "0",
        "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": keys.url,
    }  # fmt: skip

    def run(*words: str) -> tuple[str, str]:
        done = subprocess.run([command, *words], env=variables, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout, done.stderr

    return run


def test_remote_invoke(sam: Callable[..., tuple[str, str]], functions: Functions) -> None:
    function = ARN + functions.create(TALKS)
    result, log = sam("remote", "invoke", function, "-e", '{"a": 1}')
    assert json.loads(result) == {"got": {"a": 1}}
    assert "hello from the function" in log
    assert "REPORT RequestId: " in log

    answer = json.loads(
        sam("remote", "invoke", function, "-e", '{"a": 1}', "--output", "json", "--parameter", "InvocationType=Event")[0]
    )
    assert answer["StatusCode"] == 202

    result, log = sam("remote", "invoke", function, "-e", '{"fail": true}')
    assert json.loads(result)["errorMessage"] == "no such side"


def test_logs(sam: Callable[..., tuple[str, str]], functions: Functions) -> None:
    name = functions.create(TALKS)
    sam("remote", "invoke", ARN + name, "-e", '{"a": 1}')
    shown, _ = sam("logs", "--cw-log-group", f"/aws/lambda/{name}", "--filter", "hello")
    assert "hello from the function" in shown
    assert "REPORT" not in shown
