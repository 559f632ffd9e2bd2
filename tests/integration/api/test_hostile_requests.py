"""Random and hostile input to every operation of AWS's API: never a 500, never a hang, nothing written in half (api/aws/).

Values are made from the model's shapes with a fixed seed: right ones, wrong types, missing members, huge strings, odd characters.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import pytest_asyncio

from jupyter_lambda.api.access import Access
from jupyter_lambda.api.aws.lambda_api import LambdaApi
from jupyter_lambda.api.aws.service_model import service_model
from tests.asgi_call import call
from tests.integration.api.hostile_values import Maker

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.api.conftest import Served
    from tests.integration.engine.conftest import Bench, MakeEngine

pytestmark = pytest.mark.asyncio
MODEL = service_model()
ROUNDS = 12


class Caller:
    """Calls the application as the server does."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.api = LambdaApi(bench.engine, Access("token", open_aws=True))

    async def ask(
        self, method: str, path: str, query: str = "", body: bytes = b"", headers: tuple[tuple[bytes, bytes], ...] = ()
    ) -> tuple[int, dict[bytes, bytes], bytes]:
        return await call(self.api, method, path, query=query.encode(), body=body, headers=headers)


@pytest_asyncio.fixture
async def caller(make: MakeEngine) -> Caller:
    return Caller(await make())


def request_of(name: str, maker: Maker) -> dict[str, Any]:
    operation = MODEL.operations[name]
    path, _, query = operation.uri.partition("?")
    parts, body, headers = [query] if query else [], {}, []
    shape = MODEL.shapes[operation.input] if operation.input else None
    for member, where in (shape.members if shape else {}).items():
        value = maker.value(where.shape)
        if where.location == "uri":
            path = path.replace(f"{{{where.locationName}}}", quote(str(value) or "x", safe=""))
        elif where.location == "querystring":
            parts += [f"{where.locationName}={quote(str(one))}" for one in (value if isinstance(value, list) else [value])]
        elif where.location == "header":
            headers.append(((where.locationName or "").lower().encode(), str(value).encode("latin-1", "replace")))
        else:
            body[member] = value
    content = json.dumps(body).encode()
    if maker.random.random() < 0.05:
        content = maker.random.choice([b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"a":' * 3_000, b"1"])
    path = re.sub(r"\{\w+\}", "x", path)
    return {"method": operation.method, "path": path, "query": "&".join(parts), "body": content, "headers": tuple(headers)}


@pytest.mark.parametrize("name", sorted(MODEL.operations))
async def test_nothing_that_is_sent_is_a_fault_of_ours(caller: Caller, name: str) -> None:
    for number in range(ROUNDS):
        request = request_of(name, Maker(MODEL, f"{name} {number}", spite=0.2 if number % 3 == 0 else 0.02))
        status, headers, body = await caller.ask(**request)
        assert status < 500 or headers[b"x-amzn-errortype"] in (b"InvalidRuntimeException", b"InvalidZipFileException"), (
            request,
            body,
        )
        assert len(headers[b"x-amzn-requestid"]) == 36
        if status >= 400:
            assert json.loads(body)["message"]
            assert headers[b"x-amzn-errortype"]
    assert (await caller.ask("GET", "/2015-03-31/functions"))[0] == 200


@pytest.mark.parametrize(
    "path", ["/", "//", "/2015-03-31/functions/%00", "/packages/", "/packages/../x", "/packages/" + "a" * 64, "/url/x/"]
)
async def test_odd_paths_are_not_found(caller: Caller, path: str) -> None:
    status, _, _ = await caller.ask("GET", path)
    assert 400 <= status < 500


async def test_a_function_that_was_refused_is_not_there(caller: Caller) -> None:
    for body in ({"ZipFile": "eA=="}, {"ZipFile": ""}, {"S3Bucket": "bbb", "S3Key": "k"}, {}):
        given = {
            "FunctionName": "half", "Role": "arn:aws:iam::000000000000:role/r", "Runtime": "python3.11", "Handler": "f.h", "Code": body
        }  # fmt: skip
        status, _, _ = await caller.ask("POST", "/2015-03-31/functions", body=json.dumps(given).encode())
        assert status == 400
    assert caller.bench.engine.catalog.find("half") is None


async def test_doubled_headers_and_half_requests_leave_the_server_well(serve_engine: Callable[..., Any]) -> None:
    import asyncio

    served: Served = await serve_engine(open_aws=True)
    for raw in (
        b"GET /2015-03-31/functions HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n",
        b"POST /2015-03-31/functions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{",
        b"POST /2015-03-31/functions/f/invocations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n{",
        b"GET /2015-03-31/functions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"NONSENSE\r\n\r\n",
        b"\x16\x03\x01\x00\xff" * 10 + b"\r\n",
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(raw)
        writer.write_eof()
        async with asyncio.timeout(5):
            answer = await reader.read(200_000)
        assert not answer.startswith(b"HTTP/1.1 500"), raw
        writer.close()
    assert (await served.ask("GET", "/2015-03-31/functions")).status == 200
