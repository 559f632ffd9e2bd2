"""Values for the shapes of a service model: right ones, wrong types, missing members, huge strings, odd characters; by a fixed seed."""

from __future__ import annotations

import base64
import io
import random
import re
import zipfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_lambda.api.aws.service_model import ServiceModel

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

    def __init__(self, model: ServiceModel, seed: str, spite: float) -> None:
        self.model = model
        self.random = random.Random(seed)
        self.spite = spite

    def value(self, name: str, depth: int = 0) -> Any:
        shape = self.model.shapes[name]
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
        fitting = [text for text in TEXTS if shape.pattern is None or re.fullmatch(in_python(shape.pattern), text)]
        return self.random.choice(fitting or TEXTS)


def in_python(pattern: str) -> str:
    """A Java pattern, near enough."""
    return re.sub(r"\\p\{\w+\}", r"\\w", pattern)


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
