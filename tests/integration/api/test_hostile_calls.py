"""Random and hostile input to CloudWatch Logs and CloudWatch, in each of their protocols: never a 500, never a hang (api/aws/rpc/)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import cbor2
import pytest
import pytest_asyncio

from jupyter_lambda.api.access import Access
from jupyter_lambda.api.aws.cloudwatch.service import cloudwatch
from jupyter_lambda.api.aws.logs.service import logs
from jupyter_lambda.api.aws.rpc.door import RpcApi
from tests.asgi_call import call
from tests.integration.api.hostile_values import Maker

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_lambda.api.aws.rpc.service import Service
    from tests.integration.engine.conftest import MakeEngine

pytestmark = pytest.mark.asyncio
ROUNDS = 30
SERVICES = (logs(), cloudwatch())
CARRIED_OUT = [(service, name) for service in SERVICES for name in sorted(service.handlers)]
NAMES = {  # what there is, so that calls get past the first check
    "logGroupName": "/aws/lambda/f", "logGroupIdentifier": "/aws/lambda/f", "Namespace": "AWS/Lambda", "MetricName": "Errors",
    "Period": 60, "retentionInDays": 7, "resourceArn": "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/f",
    "filterPattern": "START", "Stat": "Sum", "Statistics": ["Sum"], "StartTime": 1_700_000_000, "EndTime": 1_700_003_600,
}  # fmt: skip
GARBAGE = [
    b"", b"{", b"[]", b"null", b"1", b"\xff\xfe", b'{"a":' * 3_000, b"\x9b" + b"\xff" * 8, b"\x9f" * 5_000, b"\xd8\x1c\x81\xd8\x1d\x00",
    b"\xd8\x23\x60", b"\xc1\xfb\x7f\xf8" + bytes(6), b"\xa1\x80\x00", b"Action", b"Action=GetMetricData&a.b.c.d=1&a=2", b"&" * 10_000,
    b"Action=ListMetrics&Dimensions.member.x.Name=1&Dimensions.member.99999999999.Name=2", b"Action=%00%ff&=&==&.=1&..=2",
]  # fmt: skip


class Caller:
    """Calls the application as the server does."""

    def __init__(self, api: RpcApi) -> None:
        self.api = api

    async def ask(
        self, path: str, headers: dict[bytes, bytes], body: bytes, method: str = "POST", query: bytes = b""
    ) -> tuple[int, dict[bytes, bytes], bytes]:
        return await call(self.api, method, path, query=query, body=body, headers=headers.items())


@pytest_asyncio.fixture
async def caller(make: MakeEngine) -> Caller:
    bench = await make()
    for n in range(3):
        await bench.result(b"%d" % n)
    return Caller(RpcApi(bench.engine, Access("token", open_aws=True)))


def as_json(service: Service, name: str, document: Any) -> tuple[str, dict[bytes, bytes], bytes]:
    return "/", {b"x-amz-target": f"{service.target}.{name}".encode()}, json.dumps(document).encode()


def as_cbor(service: Service, name: str, document: Any) -> tuple[str, dict[bytes, bytes], bytes]:
    return f"/service/{service.target}/operation/{name}", {b"smithy-protocol": b"rpc-v2-cbor"}, cbor2.dumps(document)


def as_query(service: Service, name: str, document: Any) -> tuple[str, dict[bytes, bytes], bytes]:
    form = urlencode([("Action", name), *flat(document, "")]).encode()
    return "/", {b"content-type": b"application/x-www-form-urlencoded"}, form


def flat(value: Any, path: str) -> list[tuple[str, str]]:
    """A value as the query protocol writes it."""
    parts = enumerate(value, start=1) if isinstance(value, list) else value.items() if isinstance(value, dict) else ()
    head = f"{path}.member" if isinstance(value, list) else path
    nested = [pair for key, one in parts for pair in flat(one, f"{head}.{key}" if head else str(key))]
    return nested if isinstance(value, (dict, list)) else [(path, str(value))]


def document_of(service: Service, name: str, maker: Maker) -> Any:
    shape = service.model.operations[name].input
    document = {} if shape is None else maker.value(shape)
    if isinstance(document, dict):
        document.update({k: NAMES[k] for k in document if k in NAMES and maker.random.random() > maker.spite})
    return document


@pytest.mark.parametrize(("service", "name"), CARRIED_OUT, ids=[name for _, name in CARRIED_OUT])
async def test_nothing_that_is_sent_is_a_fault_of_ours(caller: Caller, service: Service, name: str) -> None:
    for number in range(ROUNDS):
        maker = Maker(service.model, f"{name} {number}", spite=0.2 if number % 3 == 0 else 0.02)
        document = document_of(service, name, maker)
        for write in [as_json] if service.name == "logs" else [as_json, as_cbor, as_query]:
            path, headers, body = write(service, name, document)
            status, told, answer = await caller.ask(path, headers, body)
            assert status < 500, (document, answer)
            assert len(told[b"x-amzn-requestid"]) == 36
            read(write, answer)


async def test_what_is_not_carried_out_is_refused_whatever_it_asks_for(caller: Caller) -> None:
    for service in SERVICES:
        for name in sorted(set(service.model.operations) - set(service.handlers)):
            path, headers, body = as_json(service, name, document_of(service, name, Maker(service.model, name, spite=0.1)))
            status, _, answer = await caller.ask(path, headers, body)
            assert (status, json.loads(answer)["__type"]) == (400, "UnknownOperationException")
            assert name in json.loads(answer)["message"]


def read(write: Callable[..., Any], answer: bytes) -> None:
    """The answer is what its protocol says that it is."""
    if write is as_query:
        ElementTree.fromstring(answer)
    else:
        assert isinstance(json.loads(answer) if write is as_json else cbor2.loads(answer), dict)


@pytest.mark.parametrize("body", GARBAGE, ids=range(len(GARBAGE)))
async def test_what_is_no_call_is_no_fault_of_ours(caller: Caller, body: bytes) -> None:
    for service, name in ((logs(), "FilterLogEvents"), (cloudwatch(), "GetMetricStatistics")):
        for write in (as_json, as_cbor, as_query):
            path, headers, _ = write(service, name, {})
            status, _, answer = await caller.ask(path, headers, body)
            assert status < 500, answer
            read(write, answer)


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/service/", {}), ("/service/x/operation/y", {}), ("/service/GraniteServiceVersion20100801/operation/", {}),
        ("/", {b"x-amz-target": b"DynamoDB_20120810.ListTables"}), ("/", {b"x-amz-target": b"\xff"}), ("/", {}),
        ("/", {b"x-amz-target": b"Logs_20140328."}), ("/service/\x00/operation/\xff", {}),
    ],
)  # fmt: skip
async def test_other_services_are_not_here(caller: Caller, path: str, headers: dict[bytes, bytes]) -> None:
    status, _, _ = await caller.ask(path, headers, b"{}")
    assert status == 400


async def test_a_query_may_come_as_a_get(caller: Caller) -> None:
    status, _, answer = await caller.ask("/", {}, b"", "GET", b"Action=ListMetrics&Namespace=AWS%2FLambda&Version=2010-08-01")
    assert status == 200
    names = {node.text for node in ElementTree.fromstring(answer).iter() if node.tag.endswith("}MetricName")}
    assert {"Invocations", "Errors", "Throttles", "Duration"} <= names


async def test_a_body_that_is_too_large_is_refused(caller: Caller) -> None:
    status, _, answer = await caller.ask("/", {b"x-amz-target": b"Logs_20140328.DescribeLogGroups"}, b" " * 3_000_000)
    assert (status, json.loads(answer)["__type"]) == (400, "RequestTooLargeException")
