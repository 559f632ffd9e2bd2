"""The one way in which a pattern is refused."""

from __future__ import annotations

from jupyter_lambda.errors import InvalidParameter


def invalid(what: str) -> InvalidParameter:
    """The error for a pattern that is none."""
    return InvalidParameter(
        "filter pattern", what, "See AWS's page on filter pattern syntax.", aws_message=f"Invalid filter pattern: {what}"
    )
