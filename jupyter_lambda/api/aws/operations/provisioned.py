"""Provisioned concurrency: environments that are initialised ahead and stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jupyter_lambda.api.aws.operations.concurrency import unreserved_minimum
from jupyter_lambda.api.aws.operations.functions import refused
from jupyter_lambda.api.aws.pages import page
from jupyter_lambda.errors import Conflict, ProvisionedNotFound, RequestError
from jupyter_lambda.model.function_settings import Provisioned
from jupyter_lambda.model.names import LATEST

if TYPE_CHECKING:
    from jupyter_lambda.api.aws.context import Context, Handler, Values
    from jupyter_lambda.engine.catalog import Entry
    from jupyter_lambda.model.function import Version


async def put_config(context: Context, values: Values) -> dict[str, Any]:
    """PutProvisionedConcurrencyConfig: 202, in progress."""
    entry, key, version = _target(context, values)
    asked: int = values["ProvisionedConcurrentExecutions"]
    _check_twice(entry, key, version)
    _check_room(context, entry, key, asked)
    kept = Provisioned(count=asked, last_modified=context.engine.catalog.timestamp())
    await context.engine.changes.change_settings(entry.function.name, provisioned=lambda _, present: {**present, key: kept})
    return {**_figures(kept, 0, 0), "Status": "IN_PROGRESS"}


async def get_config(context: Context, values: Values) -> dict[str, Any]:
    """GetProvisionedConcurrencyConfig."""
    entry, key, version = _target(context, values)
    return _describe(context, version, _present(entry, key))


async def delete_config(context: Context, values: Values) -> None:
    """DeleteProvisionedConcurrencyConfig: what was kept ready ends when it has been idle for long."""
    entry, key, _ = _target(context, values)
    if key in entry.function.settings.provisioned:
        await context.engine.changes.change_settings(
            entry.function.name, provisioned=lambda _, present: {name: kept for name, kept in present.items() if name != key}
        )


async def list_configs(context: Context, values: Values) -> dict[str, Any]:
    """ListProvisionedConcurrencyConfigs."""
    reference = context.reference(values)
    entry = context.entry(reference)

    def described(item: tuple[str, Provisioned]) -> dict[str, Any]:
        key, kept = item
        arn = context.arn(reference.name, key)
        return {"FunctionArn": arn, **_describe(context, _version(entry, key), kept)}

    items = [(key, (key, kept)) for key, kept in sorted(entry.function.settings.provisioned.items()) if _exists(entry, key)]
    return page(items, values, "ProvisionedConcurrencyConfigs", described)


def total_provisioned(entry: Entry, without: str | None = None) -> int:
    """What a function keeps ready in all, but for one qualifier."""
    return sum(kept.count for key, kept in entry.function.settings.provisioned.items() if key != without)


def _target(context: Context, values: Values) -> tuple[Entry, str, Version]:
    reference = context.reference(values)
    entry = context.entry(reference)
    key = reference.qualifier or LATEST
    if key == LATEST:
        raise refused("Provisioned Concurrency Configs cannot be applied to unpublished function versions.")
    if not _exists(entry, key):
        raise context.not_found(reference)
    return entry, key, _version(entry, key)


def _exists(entry: Entry, key: str) -> bool:
    return key in entry.versions or (key in entry.aliases and entry.aliases[key].version in entry.versions)


def _version(entry: Entry, key: str) -> Version:
    return entry.versions[entry.aliases[key].version if key in entry.aliases else key]


def _present(entry: Entry, key: str) -> Provisioned:
    kept = entry.function.settings.provisioned.get(key)
    if kept is None:
        raise ProvisionedNotFound(
            f'function "{entry.function.name}"', f'nothing is provisioned for "{key}"', "PutProvisionedConcurrencyConfig does that.",
            aws_message="No Provisioned Concurrency Config found for this function", members={"Type": "User"},
        )  # fmt: skip
    return kept


def _check_twice(entry: Entry, key: str, version: Version) -> None:
    """A version is provisioned by itself or by an alias, not by both."""
    for other in entry.function.settings.provisioned:
        if other == key or not _exists(entry, other) or _version(entry, other).version != version.version:
            continue
        message = (
            "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"
            if key in entry.aliases
            else "Version is pointed by a Provisioned Concurrency alias"
        )
        raise Conflict(f'function "{entry.function.name}"', message, "", aws_message=message, members={"Type": "User"})


def _check_room(context: Context, entry: Entry, key: str, asked: int) -> None:
    where = f'function "{entry.function.name}"'
    total, reserved = total_provisioned(entry, without=key) + asked, entry.function.reserved_concurrency
    if reserved is not None:
        if total > reserved:
            raise refused(
                "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function"
            )
        return
    concurrency = context.engine.settings.concurrency
    free, minimum = concurrency - context.engine.catalog.reserved_total, unreserved_minimum(concurrency)
    message = None
    if total > free:
        message = f"Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [{free}]."
    elif free - total < minimum:
        message = (
            "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value "
            f"of [{minimum}]."
        )
    if message is not None:
        raise RequestError(where, message.rstrip("."), "", aws_message=message)


def _describe(context: Context, version: Version, kept: Provisioned) -> dict[str, Any]:
    ready, starting = context.engine.dispatcher.provisioned(version)
    available = min(ready, kept.count)
    answer = _figures(kept, available, available)
    if available >= kept.count:
        return {**answer, "Status": "READY"}
    if starting:
        return {**answer, "Status": "IN_PROGRESS"}
    return {**answer, "Status": "FAILED", "StatusReason": "FUNCTION_ERROR_INIT_FAILURE"}


def _figures(kept: Provisioned, available: int, allocated: int) -> dict[str, Any]:
    return {
        "RequestedProvisionedConcurrentExecutions": kept.count, "AvailableProvisionedConcurrentExecutions": available,
        "AllocatedProvisionedConcurrentExecutions": allocated, "LastModified": kept.last_modified,
    }  # fmt: skip


TABLE: Final[dict[str, Handler]] = {
    "PutProvisionedConcurrencyConfig": put_config,
    "GetProvisionedConcurrencyConfig": get_config,
    "DeleteProvisionedConcurrencyConfig": delete_config,
    "ListProvisionedConcurrencyConfigs": list_configs,
}
