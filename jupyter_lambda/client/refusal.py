"""An error answer turned back into the error that the engine raised."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from jupyter_lambda.errors import AccessDenied, JupyterLambdaError, PlatformError, error_classes
from jupyter_lambda.model.engine_api import ErrorBody

if TYPE_CHECKING:
    from jupyter_lambda.client.http_answer import Answer

_decode = msgspec.json.Decoder(ErrorBody).decode


def refusal(answer: Answer) -> JupyterLambdaError:
    """The error to raise for an answer whose status is 400 or above."""
    try:
        body = _decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _unreadable(answer)
    return raised(body)


def raised(body: ErrorBody) -> JupyterLambdaError:
    """The error that a body tells of."""
    cls = error_classes().get(body.kind, PlatformError)
    return cls(body.where, body.what, body.suggestion, members=body.members)


def _unreadable(answer: Answer) -> JupyterLambdaError:
    """An answer that no `ErrorBody` explains: another version's, or an AWS-shaped one."""
    text = answer.body[:500].decode("utf-8", "replace").strip() or "no reason given"
    cls = AccessDenied if answer.status == 403 else PlatformError
    return cls("engine", f"it refused with HTTP {answer.status}: {text}", "Its log may say more: `jupyter lambda engine status`.")
