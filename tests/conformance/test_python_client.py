"""AWS's own Python client, vendored into a zip, beside our runtime: the same handlers have to give the same answers.

Source: awslambdaric as PyPI gives it, which is what AWS's Python runtimes run; nothing of it is changed.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance import odd_results
from tests.conformance.conftest import zipped

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(importlib.util.find_spec("awslambdaric") is None, reason="awslambdaric is not installed")

BOOTSTRAP = f"""#!/bin/sh
# The client decides by this variable how it writes text.
export AWS_EXECUTION_ENV=AWS_Lambda_python3.{sys.version_info[1]} PYTHONPATH="$LAMBDA_TASK_ROOT"
exec {sys.executable} -m awslambdaric "$_HANDLER"
"""

SOURCE = Path(odd_results.__file__).read_text()
CASES = tuple(odd_results.RESULTS)
# What counts the frames between a runtime and its handler, or names the C code that ran out of stack.
_DEPTHS = re.compile(r"repeated \d+ more times|(?<=maximum recursion depth exceeded) while [a-z JSON]+")
_TASK_ROOT = re.compile(r"/[^ \"]*/tasks/[0-9a-f]{64}/")
EVENTS = ["{}", "[]", "null", "0", '"\\ud800"', "1e400", str(2**70), '{"a": 1, "a": 2}', '" \\u20ac"', "-0.0", "1.10"]


def vendored() -> dict[str, bytes]:
    """The client and what it imports, as `pip install --target` lays them out."""
    files: dict[str, bytes] = {}
    for name in ("awslambdaric", "simplejson", "snapshot_restore_py", "runtime_client"):
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            continue
        origin = Path(spec.origin)
        found = [file for file in origin.parent.rglob("*") if file.is_file()] if spec.submodule_search_locations else [origin]
        files.update({str(file.relative_to(origin.parent.parent if spec.submodule_search_locations else origin.parent)): file.read_bytes()
                      for file in found if file.suffix != ".pyc"})  # fmt: skip
    return files


@pytest.fixture(scope="module")
def pair(client: Any) -> Iterator[Any]:
    """Makes a function twice: on our runtime, and on AWS's."""
    made: list[str] = []
    packages = {
        "ours": (f"python3.{sys.version_info[1]}", zipped(SOURCE)),
        "theirs": ("provided.al2023", zipped(SOURCE, bootstrap=BOOTSTRAP, **vendored())),
    }

    def make(handler: str) -> tuple[str, str]:
        for whose, (runtime, package) in packages.items():
            name = f"python-{whose}-{handler.replace('.', '-')}"
            if name not in made:
                client.create_function(
                    FunctionName=name, Runtime=runtime, Handler=handler, Role="arn:aws:iam::000000000000:role/r", Timeout=20,
                    MemorySize=512, Code={"ZipFile": package},
                )  # fmt: skip
                made.append(name)
        first, second = (f"python-{whose}-{handler.replace('.', '-')}" for whose in packages)
        return first, second

    yield make
    for name in made:
        client.delete_function(FunctionName=name)


def answers(client: Any, names: tuple[str, str], payload: str, **options: Any) -> list[tuple[str, Any, list[str]]]:
    """What each of the two said: payload, FunctionError, and its own lines of the log without what differs by nature."""
    found = []
    for name in names:
        answer = client.invoke(FunctionName=name, Payload=payload, LogType="Tail", **options)
        log = base64.b64decode(answer["LogResult"]).decode("utf-8", "replace")
        # Where Lambda's framed log is not offered, the client keeps an error together by carriage returns.
        lines = [line for line in re.split("[\r\n]", log[log.index("START RequestId") :]) if line][1:]
        own = [line for line in lines if not line.startswith(("END", "REPORT"))]
        request_id = answer["ResponseMetadata"]["RequestId"]
        own = [_TASK_ROOT.sub("/var/task/", line) for line in own]  # ours says so by itself in an error's traceback
        text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "<time>", "\n".join(own).replace(request_id, "<id>"))
        payload_said = _TASK_ROOT.sub("/var/task/", answer["Payload"].read().decode("latin-1")).replace(request_id, "<id>")
        payload_said, text = (_DEPTHS.sub("", said) for said in (payload_said, text))
        found.append((payload_said, answer.get("FunctionError"), text.split("\n")))
    return found


@pytest.mark.parametrize("case", CASES)
def test_a_result_or_an_error_is_the_same(client: Any, pair: Any, case: str) -> None:
    ours, theirs = answers(client, pair("f.handler"), json.dumps({"case": case}))
    assert ours[1] == theirs[1]
    if ours[1] is None:
        assert ours[0] == theirs[0]
    else:
        mine, other = json.loads(ours[0]), json.loads(theirs[0])
        assert (mine["errorType"], mine["errorMessage"], list(mine)) == (other["errorType"], other["errorMessage"], list(other))
        assert mine["stackTrace"] == other["stackTrace"]
    assert ours[2] == theirs[2]


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_is_read_the_same(client: Any, pair: Any, event: str) -> None:
    context = base64.b64encode(b'{"custom": {"k": "v"}}').decode()
    ours, theirs = answers(client, pair("f.echo"), event, ClientContext=context)
    assert ours[0].replace("python-ours", "python") == theirs[0].replace("python-theirs", "python")
    assert ours[1] is theirs[1] is None


def test_log_lines_are_the_same(client: Any, pair: Any) -> None:
    ours, theirs = answers(client, pair("f.logs"), "{}")
    assert ours[2] == theirs[2]
    assert ours[2][0] == "[WARNING]\t<time>\t<id>\ta warning 1"


@pytest.mark.parametrize("handler", ["f.absent", "absent.handler", "f", "sys.handler", "f.Level"])
def test_a_handler_that_can_not_be_loaded_is_the_same(client: Any, pair: Any, handler: str) -> None:
    ours, theirs = answers(client, pair(handler), "{}")
    mine, other = json.loads(ours[0]), json.loads(theirs[0])
    assert (ours[1], mine["errorType"], mine["errorMessage"]) == (theirs[1], other["errorType"], other["errorMessage"])
