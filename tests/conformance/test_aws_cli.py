"""The AWS CLI from PyPI, unmodified, in an environment of its own: it pins another botocore than ours.

Source: AWS CLI Command Reference, `aws lambda`, `aws logs`, `aws cloudwatch`. Its version is in the test's output.
"""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance.client_environment import installed
from tests.conformance.conftest import ROLE, RUNTIME, zipped

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conformance.conftest import Functions, Keys

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed `aws`."""
    return installed(tmp_path_factory.mktemp("awscli"), "awscli", "aws")


@pytest.fixture
def aws(command: Path, keys: Keys, tmp_path: Path) -> Callable[..., Any]:
    """Run `aws lambda …`, or another of its services, and read its JSON."""
    variables = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "AWS_ENDPOINT_URL_LAMBDA": keys.url, "AWS_ACCESS_KEY_ID": keys.key_id,
        "AWS_SECRET_ACCESS_KEY": keys.secret, "AWS_DEFAULT_REGION": keys.region, "AWS_MAX_ATTEMPTS": "1",
        "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": keys.url, "AWS_ENDPOINT_URL_CLOUDWATCH": keys.url,
    }  # fmt: skip

    def run(*words: str, fails: bool = False, service: str = "lambda") -> Any:
        done = subprocess.run([command, service, *words], env=variables, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert (done.returncode != 0) is fails, done.stderr
        return done.stderr if fails else json.loads(done.stdout) if done.stdout.strip() else None

    return run


def hour_ago(hours: int = 1) -> str:
    return (datetime.now(UTC) - timedelta(hours=hours)).isoformat()  # noqa: TID251


def test_create_publish_alias_invoke_delete(aws: Callable[..., Any], functions: Functions, tmp_path: Path) -> None:
    name = functions.name()
    (tmp_path / "code.zip").write_bytes(zipped())
    made = aws(
        "create-function", "--function-name", name, "--runtime", RUNTIME, "--role", ROLE, "--handler", "f.handler",
        "--zip-file", "fileb://code.zip", "--environment", "Variables={AB=1}", "--tags", "team=a,part=b",
    )  # fmt: skip
    assert made["State"] == "Pending"
    aws("wait", "function-active-v2", "--function-name", name)
    assert aws("publish-version", "--function-name", name)["Version"] == "1"
    assert aws("create-alias", "--function-name", name, "--name", "live", "--function-version", "1")["Name"] == "live"
    answer = aws("invoke", "--function-name", f"{name}:live", "--payload", '{"a": 1}', "out.json")
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "1")
    assert json.loads((tmp_path / "out.json").read_text()) == {"a": 1}
    found = aws("filter-log-events", "--log-group-name", f"/aws/lambda/{name}", "--filter-pattern", "REPORT", service="logs")
    assert len(found["events"]) == 1
    (stream,) = aws("describe-log-streams", "--log-group-name", f"/aws/lambda/{name}", service="logs")["logStreams"]
    assert stream["logStreamName"] == found["events"][0]["logStreamName"]
    figures = aws(
        "get-metric-statistics", "--namespace", "AWS/Lambda", "--metric-name", "Invocations", "--statistics", "Sum", "--period", "3600",
        "--dimensions", f"Name=FunctionName,Value={name}", "--start-time", hour_ago(),
        "--end-time", hour_ago(-1), service="cloudwatch",
    )  # fmt: skip
    assert sum(point["Sum"] for point in figures["Datapoints"]) == 1.0
    aws("update-function-configuration", "--function-name", name, "--timeout", "9")
    aws("wait", "function-updated-v2", "--function-name", name)
    assert aws("get-function", "--function-name", name)["Configuration"]["Timeout"] == 9
    assert name in {f["FunctionName"] for f in aws("list-functions", "--max-items", "50")["Functions"]}
    aws("delete-function", "--function-name", name)
    assert "(ResourceNotFoundException)" in aws("get-function", "--function-name", name, fails=True)
