"""The `logging` module's root handler as Lambda sets it up: level, time, request id, message, separated by tabs.

Source: AWS Lambda Developer Guide, "Logging in Python"; awslambdaric 4.2, `_setup_logging`.
"""

from __future__ import annotations

import logging
import os
import sys
import time

_FORMAT = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
_TIME_FORMAT = "%Y-%m-%dT%H:%M:%S"


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
    """Give the root logger Lambda's handler; AWS_LAMBDA_LOG_LEVEL sets its level."""
    handler = LambdaLogHandler()
    formatter = logging.Formatter(_FORMAT, _TIME_FORMAT)
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.addHandler(handler)
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
    level = "DEBUG" if level == "TRACE" else "CRITICAL" if level == "FATAL" else level
    if level in ("DEBUG", "INFO", "WARN", "WARNING", "ERROR", "CRITICAL"):
        root.setLevel(level)
    return handler
