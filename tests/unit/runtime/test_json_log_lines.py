"""Log lines as JSON (runtime/log_lines.py).

Source: AWS Lambda Developer Guide, "Using structured JSON logs with Python"; awslambdaric 4.2, its JSON formatter.
"""

from __future__ import annotations

import json
import logging

from jupyter_lambda.runtime.log_lines import JsonFormatter


def told(**values):
    record = logging.makeLogRecord(
        {"name": "app", "levelname": "INFO", "msg": "a %s", "args": ("b",), "created": 1_795_600_800.25, "msecs": 250.0, **values}
    )
    return json.loads(JsonFormatter().format(record))


def test_a_record_is_one_object():
    assert told(aws_request_id="r-1") == {
        "timestamp": "2026-11-25T10:00:00.250Z", "level": "INFO", "message": "a b", "logger": "app", "requestId": "r-1"
    }  # fmt: skip


def test_what_extra_adds_stands_beside():
    assert told(order=7, thing=object)["order"] == 7
    assert "class 'object'" in told(thing=object)["thing"]


def test_an_exception_is_told_apart():
    try:
        raise ValueError("boom")
    except ValueError as error:
        found = told(exc_info=(type(error), error, error.__traceback__), pathname="f.py", funcName="g", lineno=3)
    assert (found["errorType"], found["errorMessage"], found["location"]) == ("ValueError", "boom", "f.py:g:3")
    assert found["stackTrace"][-1] == "ValueError: boom"
