"""Errors of our own as the engine itself answers them: for whoever stands between a page and the engine."""

from __future__ import annotations

import msgspec

from jupyter_lambda.errors import JupyterLambdaError, aws_code
from jupyter_lambda.model.engine_api import ErrorBody


def error_body(error: JupyterLambdaError) -> tuple[int, bytes]:
    """Status and `ErrorBody` of an error, as the engine itself answers it."""
    code = aws_code(error)
    body = ErrorBody(
        kind=type(error).__name__, code=code.code, where=error.where, what=error.what, suggestion=error.suggestion,
        members=dict(error.members),
    )  # fmt: skip
    return int(code.status), msgspec.json.encode(body)
