"""Ten thousand signed calls over many connections at once: answers, metrics, log lines and all other figures agree exactly.

Source: AWS Lambda Developer Guide, "Lambda function scaling": what is above a function's reserved concurrency is answered with 429, is
no invocation, and is counted under Throttles.
"""

from __future__ import annotations

import asyncio
import json
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from jupyter_lambda.model.runtime_file import RuntimeFile
    from tests.conformance.conftest import Functions, Keys

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
CALLS, CONNECTIONS, RESERVED = 10_000, 100, 8
SOURCE = """
def handler(event, context):
    print("line of", context.aws_request_id)
    return event
"""


def signed(keys: Keys, name: str) -> bytes:
    """A call as it goes over the wire."""
    url = f"{keys.url}/2015-03-31/functions/{name}/invocations"
    request = AWSRequest(method="POST", url=url, data=b"1", headers={"Host": urlsplit(url).netloc})
    SigV4Auth(Credentials(keys.key_id, keys.secret), "lambda", keys.region).add_auth(request)
    head = "".join(f"{key}: {value}\r\n" for key, value in request.headers.items())
    return f"POST {urlsplit(url).path} HTTP/1.1\r\n{head}Content-Length: 1\r\n\r\n1".encode()


async def call(keys: Keys, name: str, count: int) -> list[tuple[int, str]]:
    """So many calls on a connection, one after the other: status and request id of each."""
    parts = urlsplit(keys.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    request = signed(keys, name)
    answers = []
    for _ in range(count):
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        headers = dict(line.lower().split(": ", 1) for line in head.splitlines()[1:] if line)
        await reader.readexactly(int(headers["content-length"]))
        answers.append((int(head.split()[1]), headers["x-amzn-requestid"]))
    writer.close()
    return answers


async def call_all(keys: Keys, name: str) -> list[tuple[int, str]]:
    many = await asyncio.gather(*(call(keys, name, CALLS // CONNECTIONS) for _ in range(CONNECTIONS)))
    return [answer for answers in many for answer in answers]


def figure(cloudwatch: Any, name: str, metric: str, statistic: str = "Sum") -> float:
    now = datetime.now(UTC)  # noqa: TID251
    answer = cloudwatch.get_metric_statistics(
        Namespace="AWS/Lambda", MetricName=metric, Dimensions=[{"Name": "FunctionName", "Value": name}], Statistics=[statistic],
        StartTime=now - timedelta(minutes=30), EndTime=now + timedelta(minutes=1), Period=3600,
    )  # fmt: skip
    values = [point[statistic] for point in answer["Datapoints"]]
    return max(values) if statistic == "Maximum" else sum(values)


def ask(engine: RuntimeFile, path: str) -> bytes:
    request = urllib.request.Request(f"{engine.url}{path}", headers={"Authorization": f"Bearer {engine.token}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return bytes(answer.read())


def test_ten_thousand_calls_are_told_alike_everywhere(engine: RuntimeFile, keys: Keys, client: Any, functions: Functions) -> None:
    name = functions.create(SOURCE)
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=RESERVED)

    answers = asyncio.run(call_all(keys, name))

    served = {request_id for status, request_id in answers if status == 200}
    throttled = sum(status == 429 for status, _ in answers)
    print(len(served), "served,", throttled, "throttled")
    assert len(answers) == CALLS
    assert len(served) + throttled == CALLS
    assert len(served) >= 100
    assert throttled >= 100

    cloudwatch = keys.client("cloudwatch")
    assert (figure(cloudwatch, name, "Invocations"), figure(cloudwatch, name, "Throttles")) == (len(served), throttled)
    assert figure(cloudwatch, name, "Errors") == 0
    assert figure(cloudwatch, name, "Duration", "SampleCount") == len(served)
    assert 2 <= figure(cloudwatch, name, "ConcurrentExecutions", "Maximum") <= RESERVED

    logs = keys.client("logs").get_paginator("filter_log_events")
    for pattern, place in (('"START RequestId: "', 2), ('"REPORT RequestId: "', 2), ('"line of "', 2)):
        pages = logs.paginate(logGroupName=f"/aws/lambda/{name}", filterPattern=pattern)
        told = [event["message"].split()[place] for page in pages for event in page["events"]]
        assert len(told) == len(served)
        assert set(told) == served

    metrics = json.loads(ask(engine, f"/engine/v1/functions/{name}/metrics"))
    assert (metrics["invocations"], metrics["throttles"], metrics["errors"]) == (len(served), throttled, 0)
    families = text_string_to_metric_families(ask(engine, "/metrics").decode())
    counted = {s.name: s.value for family in families for s in family.samples if s.labels.get("function") == name}
    assert counted["jupyter_lambda_invocations_total"] == len(served)
    assert counted["jupyter_lambda_throttles_total"] == throttled
