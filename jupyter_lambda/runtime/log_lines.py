"""The `logging` module's root handler as Lambda sets it up: level, time, request id, message, separated by tabs; or JSON.

Source: AWS Lambda Developer Guide, "Logging in Python"; awslambdaric 4.2, `_setup_logging`.
"""

from __future__ import annotations

import logging
import os
import sys
import time

_FORMAT = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
_TIME_FORMAT = "%Y-%m-%dT%H:%M:%S"


_OF_EVERY_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "aws_request_id"}


class JsonFormatter(logging.Formatter):
    """One object to a line, as with `LogFormat: JSON`; what `extra=` adds stands beside the rest."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one record."""
        import json  # few functions log JSON, and a cold start should not pay for them

        moment = time.strftime(_TIME_FORMAT, time.gmtime(record.created))
        told: dict[str, object] = {
            "timestamp": f"{moment}.{int(record.msecs):03d}Z",
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            "requestId": getattr(record, "aws_request_id", "") or None,
        }
        if record.exc_info and record.exc_info[0] is not None:
            told["stackTrace"] = self.formatException(record.exc_info).splitlines()
            told["errorType"] = record.exc_info[0].__name__
            told["errorMessage"] = str(record.exc_info[1])
            told["location"] = f"{record.pathname}:{record.funcName}:{record.lineno}"
        for name, value in vars(record).items():
            if name not in _OF_EVERY_RECORD:
                told.setdefault(name, value)
        return json.dumps({name: value for name, value in told.items() if value is not None}, default=str, ensure_ascii=False)


class LambdaLogHandler(logging.Handler):
    """Writes records to the standard output of the moment, under the invocation that is running."""

    request_id = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record, ended by a newline also where a traceback follows the message."""
        record.aws_request_id = self.request_id
        try:
            text = self.format(record)
            sys.stdout.write(text if text.endswith("\n") else text + "\n")
        except Exception:  # logging's own rule: a handler reports what a record's values raise, and goes on
            self.handleError(record)


def set_up() -> LambdaLogHandler:
    """Give the root logger Lambda's handler; AWS_LAMBDA_LOG_FORMAT chooses its form, AWS_LAMBDA_LOG_LEVEL its level."""
    handler = LambdaLogHandler()
    in_json = os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON"
    formatter = JsonFormatter() if in_json else logging.Formatter(_FORMAT, _TIME_FORMAT)
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.addHandler(handler)
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
    level = "DEBUG" if level == "TRACE" else "CRITICAL" if level == "FATAL" else level
    if level in ("DEBUG", "INFO", "WARN", "WARNING", "ERROR", "CRITICAL"):
        root.setLevel(level)
    return handler
