"""Which ends of an invocation count as what.

Source: AWS Lambda Developer Guide, "Types of metrics": throttles are not invocations. Ours: a cancelled invocation counts as one and
not as an error, and a lost one (the platform's fault) as an invocation and an error, so that nothing a caller did goes uncounted.
"""

from __future__ import annotations

from typing import Final

from jupyter_lambda.model.invocation import Status

NOT_INVOCATIONS: Final = frozenset({Status.THROTTLED, Status.QUEUED, Status.RUNNING})
NOT_ERRORS: Final = frozenset({Status.SUCCEEDED, Status.CANCELLED}) | NOT_INVOCATIONS


def is_invocation(status: Status) -> bool:
    """Whether it counts under Invocations, and costs something."""
    return status not in NOT_INVOCATIONS


def is_error(status: Status) -> bool:
    """Whether it counts under Errors."""
    return status not in NOT_ERRORS
