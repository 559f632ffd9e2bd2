"""Reserved concurrency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from jupyter_lambda.errors import RequestError
from jupyter_lambda.model import limits
from jupyter_lambda.store.protocol import PutFunction

if TYPE_CHECKING:
    from jupyter_lambda.api.aws.context import Context, Handler, Values
    from jupyter_lambda.engine.catalog import Entry
    from jupyter_lambda.store.protocol import Change


async def put_concurrency(context: Context, values: Values) -> dict[str, Any]:
    """PutFunctionConcurrency: what stays unreserved may not fall below AWS's minimum."""
    asked: int = values["ReservedConcurrentExecutions"]
    _check(context, asked, context.entry(context.reference(values)))
    await _put(context, context.unqualified(values), asked)
    return {"ReservedConcurrentExecutions": asked}


async def get_concurrency(context: Context, values: Values) -> dict[str, Any]:
    """GetFunctionConcurrency: empty without a reservation."""
    context.unqualified(values)
    reserved = context.entry(context.reference(values)).function.reserved_concurrency
    return {} if reserved is None else {"ReservedConcurrentExecutions": reserved}


async def delete_concurrency(context: Context, values: Values) -> None:
    """DeleteFunctionConcurrency."""
    context.entry(context.reference(values))
    await _put(context, context.unqualified(values), None)


async def _put(context: Context, name: str, reserved: int | None) -> None:
    def decide(entry: Entry) -> list[Change]:
        return [PutFunction(msgspec.structs.replace(entry.function, reserved_concurrency=reserved))]

    await context.engine.catalog.change(name, decide)


def unreserved_minimum(concurrency: int) -> int:
    """What no reservation may take: AWS's 100 of 1,000, and a tenth of a smaller limit, or nothing could be reserved."""
    return min(limits.UNRESERVED_MINIMUM, concurrency // 10)


def _check(context: Context, asked: int, entry: Entry) -> None:
    provisioned = sum(kept.count for kept in entry.function.settings.provisioned.values())
    if asked < provisioned:
        message = (
            f" ReservedConcurrentExecutions  {asked} should not be lower than function's total provisioned concurrency "
            f"[{provisioned}]."
        )
        raise RequestError(f'function "{entry.function.name}"', message.strip(" ."), "", aws_message=message)
    concurrency = context.engine.settings.concurrency
    others = context.engine.catalog.reserved_total - (entry.function.reserved_concurrency or 0)
    free, minimum = concurrency - others, unreserved_minimum(concurrency)
    if asked > free:
        message = f"Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [{free}]."
    elif free - asked < minimum:
        message = (
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its "
            f"minimum value of [{minimum}]."
        )
    else:
        return
    raise RequestError(f'function "{entry.function.name}"', message.rstrip("."), "", aws_message=message)


TABLE: Final[dict[str, Handler]] = {
    "PutFunctionConcurrency": put_concurrency,
    "GetFunctionConcurrency": get_concurrency,
    "DeleteFunctionConcurrency": delete_concurrency,
}
