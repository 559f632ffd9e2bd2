"""Errors as the engine's own API and as AWS answer them."""

from __future__ import annotations

import msgspec

from jupyter_lambda.errors import JupyterLambdaError, aws_code
from jupyter_lambda.model.engine_api import ErrorBody


def engine_error(error: JupyterLambdaError) -> tuple[int, bytes]:
    """Status and body for the engine's own clients."""
    return int(aws_code(error).status), msgspec.json.encode(error_body(error))


def error_body(error: JupyterLambdaError) -> ErrorBody:
    """The body alone, for an answer that has begun."""
    return ErrorBody(
        kind=type(error).__name__, code=aws_code(error).code, where=error.where, what=error.what, suggestion=error.suggestion,
        members=error.members,
    )  # fmt: skip


def aws_error(error: JupyterLambdaError) -> tuple[int, str, bytes]:
    """Status, `x-amzn-errortype` and body for AWS's clients; AWS's own text where it is known."""
    code = aws_code(error)
    message = error.aws_message or str(error)
    return int(code.status), code.code, msgspec.json.encode({**error.members, "message": message, "Message": message})
