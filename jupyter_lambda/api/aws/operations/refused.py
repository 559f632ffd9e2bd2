"""Operations that this engine does not carry out, each with the error that AWS would give or the emptiness that it would show.

Decided in writing: reading says that there is none of it, lists are empty, making one is refused by name. Nothing pretends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jupyter_lambda.api.aws.operations.functions import refused
from jupyter_lambda.errors import NotFound

if TYPE_CHECKING:
    from jupyter_lambda.api.aws.context import Context, Handler, Values


def _makes_none(what: str) -> Handler:
    async def handler(context: Context, values: Values) -> dict[str, Any] | None:
        raise refused(f"{what} are not supported by this endpoint.")

    return handler


def _finds_none(message: str) -> Handler:
    async def handler(context: Context, values: Values) -> dict[str, Any] | None:
        text = message.format(region=context.region, account=context.account_id, **values)
        raise NotFound("request", text.rstrip("."), "", aws_message=text, members={"Type": "User"})

    return handler


def _lists_none(member: str) -> Handler:
    async def handler(context: Context, values: Values) -> dict[str, Any] | None:
        return {member: []}

    return handler


_NO_EXECUTION: Final = _finds_none("Durable execution not found: {DurableExecutionArn}")
_NO_CALLBACK: Final = _finds_none("Callback not found: {CallbackId}")
_NO_PROVIDER: Final = _finds_none(
    "Capacity provider not found: arn:aws:lambda:{region}:{account}:capacity-provider:{CapacityProviderName}"
)
_NO_POLICY: Final = _finds_none("The resource you requested does not exist.")

TABLE: Final[dict[str, Handler]] = {
    "CheckpointDurableExecution": _NO_EXECUTION,
    "DeleteDurableExecution": _NO_EXECUTION,
    "GetDurableExecution": _NO_EXECUTION,
    "GetDurableExecutionHistory": _NO_EXECUTION,
    "GetDurableExecutionState": _NO_EXECUTION,
    "PauseDurableExecution": _NO_EXECUTION,
    "ResumeDurableExecution": _NO_EXECUTION,
    "StopDurableExecution": _NO_EXECUTION,
    "ListDurableExecutionsByFunction": _lists_none("DurableExecutions"),
    "SendDurableExecutionCallbackFailure": _NO_CALLBACK,
    "SendDurableExecutionCallbackHeartbeat": _NO_CALLBACK,
    "SendDurableExecutionCallbackSuccess": _NO_CALLBACK,
    "CreateCapacityProvider": _makes_none("Capacity providers"),
    "UpdateCapacityProvider": _NO_PROVIDER,
    "DeleteCapacityProvider": _NO_PROVIDER,
    "GetCapacityProvider": _NO_PROVIDER,
    "ListCapacityProviders": _lists_none("CapacityProviders"),
    "ListFunctionVersionsByCapacityProvider": _NO_PROVIDER,
    "GetFunctionScalingConfig": _makes_none("Function scaling configurations"),
    "PutFunctionScalingConfig": _makes_none("Function scaling configurations"),
    "PutResourcePolicy": _makes_none("Whole resource policies (use AddPermission)"),
    "GetResourcePolicy": _NO_POLICY,
    "DeleteResourcePolicy": _NO_POLICY,
}
