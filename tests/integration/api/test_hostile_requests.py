"""Random and hostile input to every operation of AWS's API: never a 500, never a hang, nothing written in half (api/aws/).

Values are made from the model's shapes with a fixed seed: right ones, wrong types, missing members, huge strings, odd characters.
"""

from __future__ import annotations

import base64
import io
import json
import random
import re
import zipfile
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import pytest_asyncio

from jupyter_lambda.api.access import Access
from jupyter_lambda.api.aws.lambda_api import LambdaApi
from jupyter_lambda.api.aws.service_model import service_model

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.api.conftest import Served
    from tests.integration.engine.conftest import Bench, MakeEngine

pytestmark = pytest.mark.asyncio
MODEL = service_model()
ROUNDS = 12
NAMES = [
    "f",
    "none",
    "f:1",
    "arn:aws:lambda:us-east-1:000000000000:function:f",
    "arn:aws:lambda:eu-west-1:000000000000:function:f",
]
ODD = [
    "",
    "ü",
    "\x00",
    "../../etc/passwd",
    "x" * 70_000,
    "$LATEST",
    "{}",
    "%",
    "null",
    "a b",
    "🙂",
    "-1",
    "'; DROP TABLE functions;",
]

TEXTS = [
    "1", "$LATEST", "live", "f", "lambda:InvokeFunction", "lambda:GetLayerVersion", "*", "f.handler", "python3.11", "000000000000",
    "arn:aws:iam::000000000000:role/r", "arn:aws:lambda:us-east-1:000000000000:function:f", "s3.amazonaws.com", "layer",
    "arn:aws:lambda:us-east-1:000000000000:layer:layer:1", "arn:aws:sqs:us-east-1:000000000000:q", "https://example.com", "sg-1",
    "arn:aws:lambda:us-east-1:000000000000:code-signing-config:csc-00000000000000000", "o-0123456789", "subnet-1",
    "arn:aws:signer:us-east-1:000000000000:/signing-profiles/p/0123456789",
]  # fmt: skip


class Maker:
    """Makes values for shapes; `spite` is the share of them that are wrong on purpose."""

    def __init__(self, seed: str, spite: float) -> None:
        self.random = random.Random(seed)
        self.spite = spite

    def value(self, name: str, depth: int = 0) -> Any:
        shape = MODEL.shapes[name]
        if self.random.random() < self.spite / 3:
            return self.random.choice([None, 1, -1.5, True, "x", [], {}, [[]], {"a": {}}, 10**30])
        match shape.type:
            case "structure":
                return {
                    m: self.value(v.shape, depth + 1)
                    for m, v in shape.members.items()
                    if self.is_given(m in shape.required, depth)
                }
            case "list":
                return [self.value(shape.member or "", depth + 1) for _ in range(self.length(shape))]
            case "map":
                return {
                    str(self.value(shape.key or "", depth + 1)): self.value(shape.value or "", depth + 1)
                    for _ in range(self.length(shape))
                }
            case "boolean":
                return self.random.random() < 0.5
            case "integer" | "long" | "float" | "double" | "timestamp":
                return self.number(shape)
            case "blob":
                return base64.b64encode(self.random.choice([b"", b"PK", b"x" * 100, hostile_zip(self.random)])).decode()
            case _:
                return self.text(name, shape)

    def is_given(self, required: bool, depth: int) -> bool:
        return self.random.random() < ((1.0 - self.spite / 3) if required else 0.5 if depth == 0 else 0.2)

    def length(self, shape: Any) -> int:
        if self.random.random() < self.spite:
            return 60
        return self.random.randint(int(shape.min or 0), int(min(shape.max or 2, 2)))

    def number(self, shape: Any) -> float:
        if self.random.random() < self.spite:
            return self.random.choice([0, -1, 901, 2**31, 2**63])
        return self.random.choice([int(shape.min or 0), int(min(shape.max or 3, 2**31))])

    def text(self, name: str, shape: Any) -> str:
        if self.random.random() < self.spite:
            return self.random.choice(ODD)
        if shape.enum:
            return self.random.choice(shape.enum)
        if "FunctionName" in name:
            return self.random.choice(NAMES)
        fitting = [
            text
            for text in TEXTS
            if shape.pattern is None or re.fullmatch(shape.pattern.replace("\\p{L}\\p{Z}\\p{N}", "\\w"), text)
        ]
        return self.random.choice(fitting or TEXTS)


def hostile_zip(chance: random.Random) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        kind = chance.randrange(6)
        if kind == 0:
            package.writestr("../../escaped.py", "x")
        elif kind == 1:
            link = zipfile.ZipInfo("link")
            link.external_attr = 0o120777 << 16
            package.writestr(link, "/etc/passwd")
        elif kind == 2:
            package.writestr("bomb", b"\0" * 4_000_000)
        elif kind == 3:
            package.writestr("/etc/absolute", "x")
        elif kind == 4:
            package.writestr("a", "x")
            package.writestr("a/b", "x")
        else:
            package.writestr("f.py", "def handler(event, context):\n    return event\n")
    data = buffer.getvalue()
    return data if chance.random() < 0.8 else data[: len(data) // 2]


class Caller:
    """Calls the application as the server does."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.api = LambdaApi(bench.engine, Access("token", open_aws=True))

    async def ask(
        self, method: str, path: str, query: str = "", body: bytes = b"", headers: tuple[tuple[bytes, bytes], ...] = ()
    ) -> tuple[int, dict[bytes, bytes], bytes]:
        sent: list[dict[str, Any]] = []
        scope = {
            "type": "http", "method": method, "path": path, "raw_path": path.encode("latin-1", "replace"),
            "query_string": query.encode(), "headers": [(b"host", b"127.0.0.1"), *headers],
        }  # fmt: skip

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.api(scope, receive, send)
        return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


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
        request = request_of(name, Maker(f"{name} {number}", spite=0.2 if number % 3 == 0 else 0.02))
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
