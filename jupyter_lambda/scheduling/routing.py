"""Which version a qualifier means.

Source: AWS Lambda Developer Guide, "Implement Lambda canary deployments using a weighted alias": a random draw per invocation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jupyter_lambda.model.function import Alias


def route(alias: Alias, draw: float) -> str:
    """The version that an invocation through the alias runs.

    Args:
        alias: With or without a second version.
        draw: A random number from 0.0 up to, not including, 1.0.
    """
    if alias.additional_version is not None and draw < alias.additional_weight:
        return alias.additional_version
    return alias.version
