"""Makes jupyter_lambda/api/aws/*_model.json: what botocore's models say about requests and errors, without their prose.

Run it where a newer botocore is installed: `python tools/service_models.py`. The package reads the tables, so it needs no botocore.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "jupyter_lambda" / "api" / "aws"
SERVICES = {"lambda": "2015-03-31", "logs": "2014-03-28", "cloudwatch": "2010-08-01"}
_SHAPE_KEYS = ("type", "min", "max", "pattern", "enum", "required", "payload", "streaming", "document")
_MEMBER_KEYS = ("location", "locationName")


def table_of(service: str) -> Path:
    """Where a service's table stands."""
    return FOLDER / f"{service}_model.json"


def read_botocore(service: str) -> tuple[str, dict[str, Any]]:
    """Botocore's version and its model of a service."""
    import botocore

    folder = Path(botocore.__file__).parent / "data" / service / SERVICES[service]
    packed = folder / "service-2.json.gz"
    text = gzip.decompress(packed.read_bytes()) if packed.exists() else (folder / "service-2.json").read_bytes()
    return botocore.__version__, json.loads(text)


def compact(version: str, service: dict[str, Any]) -> dict[str, Any]:
    """The operations with their paths and statuses, the shapes that their inputs reach, and errors that the query protocol renames."""
    operations: dict[str, Any] = {}
    shapes: dict[str, Any] = {}
    for name, operation in sorted(service["operations"].items()):
        http, given = operation["http"], operation.get("input")
        operations[name] = {"method": http["method"], "uri": http["requestUri"], "status": http.get("responseCode", 200)}
        if given is not None:
            operations[name]["input"] = given["shape"]
            _add(shapes, service["shapes"], given["shape"])
    table = {"source": f"botocore {version}", "operations": operations, "shapes": dict(sorted(shapes.items()))}
    errors = {
        name: shape["error"]["code"] for name, shape in sorted(service["shapes"].items()) if shape.get("error", {}).get("code")
    }
    return {**table, "errors": errors} if errors else table


def _add(shapes: dict[str, Any], known: dict[str, Any], name: str) -> None:
    if name in shapes:
        return
    shape = known[name]
    entry: dict[str, Any] = {key: shape[key] for key in _SHAPE_KEYS if key in shape}
    shapes[name] = entry
    if shape["type"] == "structure":
        entry["members"] = {
            member: {"shape": value["shape"], **{key: value[key] for key in _MEMBER_KEYS if key in value}}
            for member, value in shape.get("members", {}).items()
        }
    for part in ("member", "key", "value"):
        if part in shape:
            entry[part] = shape[part]["shape"]
    reached = [value["shape"] for value in entry.get("members", {}).values()]
    for part in (*reached, *(entry[p] for p in ("member", "key", "value") if p in entry)):
        _add(shapes, known, part)


def encode(table: dict[str, Any]) -> str:
    """One operation, one shape and one error a line: a newer model is a readable difference."""
    parts = [f'{{\n"source": {json.dumps(table["source"])}']
    for section in ("operations", "shapes", "errors"):
        if section in table:
            lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in table[section].items())
            parts.append(f'"{section}": {{\n{lines}\n}}')
    return ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    for name in SERVICES:
        table_of(name).write_text(encode(compact(*read_botocore(name))))
        print(f"wrote {table_of(name).name}")
