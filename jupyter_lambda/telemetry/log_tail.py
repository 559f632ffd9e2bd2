"""The end of a log, as `X-Amz-Log-Result` carries it."""

from __future__ import annotations

import base64

from jupyter_lambda.model import limits


def log_tail(log: bytes, bytes_max: int = limits.LOG_TAIL_BYTES) -> bytes:
    """The last bytes of a log, at most `bytes_max`, never beginning inside a character of UTF-8."""
    if len(log) <= bytes_max:
        return log
    start = len(log) - bytes_max
    while start < len(log) and log[start] & 0b1100_0000 == 0b1000_0000:
        start += 1
    return log[start:]


def log_result(log: bytes) -> str:
    """The value of the `X-Amz-Log-Result` header: the tail in base64."""
    return base64.b64encode(log_tail(log)).decode("ascii")
