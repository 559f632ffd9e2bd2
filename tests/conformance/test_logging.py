"""LoggingConfig: JSON lines with levels.

Source: AWS Lambda Developer Guide, "Configuring advanced logging controls".
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.conformance.conftest import Functions

SOURCE = """
import logging, os
log = logging.getLogger("app")
def handler(event, context):
    log.debug("quiet")
    log.info("told %d", 1)
    log.warning("loud", extra={"order": 7})
    return [os.environ.get("AWS_LAMBDA_LOG_FORMAT"), os.environ.get("AWS_LAMBDA_LOG_LEVEL"), os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]]
"""


def lines(answer: Any) -> list[dict[str, Any]]:
    text = base64.b64decode(answer["LogResult"]).decode()
    return [json.loads(line) for line in text.splitlines() if line.startswith('{"timestamp"')]


def test_json_lines_from_the_chosen_level_on(client: Any, functions: Functions) -> None:
    logging = {"LogFormat": "JSON", "ApplicationLogLevel": "WARN", "LogGroup": "/own/group"}
    name = functions.create(SOURCE, LoggingConfig=logging)
    answer = client.invoke(FunctionName=name, LogType="Tail")
    assert json.loads(answer["Payload"].read()) == ["JSON", "WARN", "/own/group"]
    (line,) = lines(answer)
    assert (line["level"], line["message"], line["logger"], line["order"]) == ("WARNING", "loud", "app", 7)
    assert line["requestId"] == answer["ResponseMetadata"]["RequestId"]
    client.update_function_configuration(FunctionName=name, LoggingConfig={"ApplicationLogLevel": "DEBUG"})
    assert [line["message"] for line in lines(client.invoke(FunctionName=name, LogType="Tail"))] == ["quiet", "told 1", "loud"]


def test_text_is_the_default(client: Any, functions: Functions) -> None:
    name = functions.create(SOURCE)
    answer = client.invoke(FunctionName=name, LogType="Tail")
    assert json.loads(answer["Payload"].read())[:2] == [None, None]
    assert b"[WARNING]\t" in base64.b64decode(answer["LogResult"])


def platform(answer: Any) -> list[dict[str, Any]]:
    text = base64.b64decode(answer["LogResult"]).decode()
    return [json.loads(line) for line in text.splitlines() if line.startswith('{"time":')]


def test_the_platforms_lines_are_json_from_the_system_level_on(client: Any, functions: Functions) -> None:
    name = functions.create(LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": "DEBUG"})
    answer = client.invoke(FunctionName=name, LogType="Tail")
    request_id = answer["ResponseMetadata"]["RequestId"]
    said = {line["type"]: line["record"] for line in platform(answer)}
    assert list(said) == [
        "platform.initStart", "platform.initRuntimeDone", "platform.initReport", "platform.start", "platform.runtimeDone",
        "platform.report",
    ]  # fmt: skip
    assert said["platform.initStart"]["functionName"] == name
    assert said["platform.start"]["requestId"] == said["platform.report"]["requestId"] == request_id
    assert said["platform.runtimeDone"]["metrics"]["producedBytes"] == len("{}")
    assert said["platform.report"]["metrics"]["memorySizeMB"] == 128
    assert said["platform.report"]["metrics"]["initDurationMs"] > 0
    assert b"START RequestId" not in base64.b64decode(answer["LogResult"])

    client.update_function_configuration(FunctionName=name, LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": "INFO"})
    types = [line["type"] for line in platform(client.invoke(FunctionName=name, LogType="Tail"))]
    assert types == ["platform.initStart", "platform.start", "platform.report"]
    client.update_function_configuration(FunctionName=name, LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": "WARN"})
    assert platform(client.invoke(FunctionName=name, LogType="Tail")) == []


def test_a_failure_is_a_warning(client: Any, functions: Functions) -> None:
    source = "import os\n\ndef handler(event, context):\n    if event: os._exit(3)\n    raise ValueError('x')\n"
    name = functions.create(source, LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": "WARN"})
    raised, ended = (platform(client.invoke(FunctionName=name, LogType="Tail", Payload=event)) for event in ("0", "1"))
    assert [(line["type"], line["record"]["status"]) for line in raised] == [
        ("platform.runtimeDone", "error"), ("platform.report", "error"),
    ]  # fmt: skip
    assert raised[-1]["record"]["errorType"] == "ValueError"
    assert [(line["type"], line["record"]["status"]) for line in ended] == [
        ("platform.runtimeDone", "failure"), ("platform.report", "error"),
    ]  # fmt: skip
    assert ended[-1]["record"]["errorType"] == "Runtime.ExitError"


def test_a_timeout_is_one(client: Any, functions: Functions) -> None:
    source = "import time\n\ndef handler(event, context):\n    time.sleep(30)\n"
    name = functions.create(source, Timeout=1, LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": "WARN"})
    said = [(line["type"], line["record"]["status"]) for line in platform(client.invoke(FunctionName=name, LogType="Tail"))]
    assert said == [("platform.runtimeDone", "timeout"), ("platform.report", "timeout")]
