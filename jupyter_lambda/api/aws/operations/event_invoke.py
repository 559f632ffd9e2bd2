"""How asynchronous events are handled: retries, maximum age, destinations; the event queue reads what is put here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from jupyter_lambda.api.aws.operations.functions import refused
from jupyter_lambda.api.aws.pages import page
from jupyter_lambda.errors import NotFound
from jupyter_lambda.model.function_settings import EventInvokeConfig
from jupyter_lambda.model.names import LATEST, parse_function_reference

if TYPE_CHECKING:
    from jupyter_lambda.api.aws.context import Context, Handler, Values
    from jupyter_lambda.engine.catalog import Entry
    from jupyter_lambda.model.names import FunctionReference

_DESTINATION: Final = re.compile(r"arn:aws[a-zA-Z-]*:(lambda|sqs|sns|events|s3):.*")


async def put_config(context: Context, values: Values) -> dict[str, Any]:
    """PutFunctionEventInvokeConfig: replaces what is there."""
    return await _put(context, values, keep=False)


async def update_config(context: Context, values: Values) -> dict[str, Any]:
    """UpdateFunctionEventInvokeConfig: what is given changes."""
    return await _put(context, values, keep=True)


async def get_config(context: Context, values: Values) -> dict[str, Any]:
    """GetFunctionEventInvokeConfig."""
    reference, entry = _target(context, values)
    return _describe(context, reference.name, _key(reference), _present(context, entry, reference))


async def delete_config(context: Context, values: Values) -> None:
    """DeleteFunctionEventInvokeConfig."""
    reference, entry = _target(context, values)
    _present(context, entry, reference)
    key = _key(reference)
    await context.engine.changes.change_settings(
        reference.name, event_invoke=lambda _, present: {name: config for name, config in present.items() if name != key}
    )


async def list_configs(context: Context, values: Values) -> dict[str, Any]:
    """ListFunctionEventInvokeConfigs."""
    reference = context.reference(values)
    entry = _entry(context, reference)
    items = sorted(entry.function.settings.event_invoke.items())
    return page(
        [(key, (key, config)) for key, config in items], values, "FunctionEventInvokeConfigs",
        lambda item: _describe(context, reference.name, *item),
    )  # fmt: skip


async def _put(context: Context, values: Values, *, keep: bool) -> dict[str, Any]:
    if not any(name in values for name in ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")):
        raise refused("You must specify at least one of error handling or destination setting.")
    reference, entry = _target(context, values)
    if keep:
        _present(context, entry, reference)
    key, given = _key(reference), _given(context, reference, values)

    def put(_: Entry, present: dict[str, EventInvokeConfig]) -> dict[str, EventInvokeConfig]:
        before = present.get(key) if keep else None
        now = context.engine.clock.epoch()
        base = before or EventInvokeConfig(last_modified=now)
        return {**present, key: msgspec.structs.replace(base, last_modified=now, **given)}

    settings = await context.engine.changes.change_settings(reference.name, event_invoke=put)
    return _describe(context, reference.name, key, settings.event_invoke[key])


def _given(context: Context, reference: FunctionReference, values: Values) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if "MaximumRetryAttempts" in values:
        given["maximum_retry_attempts"] = values["MaximumRetryAttempts"]
    if "MaximumEventAgeInSeconds" in values:
        given["maximum_age_seconds"] = values["MaximumEventAgeInSeconds"]
    destinations = values.get("DestinationConfig", {})
    for name, member in (("OnSuccess", "on_success"), ("OnFailure", "on_failure")):
        if name in destinations:
            arn = destinations[name].get("Destination") or None
            if arn is not None:
                _check_destination(context, reference, arn, destinations)
            given[member] = arn
    return given


def _check_destination(context: Context, reference: FunctionReference, arn: str, destinations: dict[str, Any]) -> None:
    found = _DESTINATION.fullmatch(arn)
    if found is None:
        success, failure = (destinations.get(name, {}).get("Destination") for name in ("OnSuccess", "OnFailure"))
        told = ", ".join(
            f"{word}={f'{kind}(destination={one})' if one else 'null'}"
            for word, kind, one in (("onSuccess", "OnSuccess", success), ("onFailure", "OnFailure", failure))
        )
        raise refused(f"The provided destination config DestinationConfig({told}) is invalid.")
    if found[1] != "lambda":
        return
    target = parse_function_reference(arn)
    if target.name == reference.name:
        raise refused("You can't specify the function as a destination for itself.")
    if context.engine.catalog.find(target.name) is None:
        raise refused(f"The destination ARN {arn} is invalid.")


def _key(reference: FunctionReference) -> str:
    return reference.qualifier or LATEST


def _entry(context: Context, reference: FunctionReference) -> Entry:
    entry = context.engine.catalog.find(reference.name)
    if entry is None:
        raise NotFound(
            f'function "{reference.name}"', "there is no such function", "", aws_message="The function doesn't exist.",
            members={"Type": "User"},
        )  # fmt: skip
    return entry


def _target(context: Context, values: Values) -> tuple[FunctionReference, Entry]:
    reference = context.reference(values)
    entry, key = _entry(context, reference), _key(reference)
    if key != LATEST and key not in entry.versions and key not in entry.aliases:
        raise NotFound(
            f'function "{reference.name}"', f'it has no version or alias "{key}"', "", aws_message="The function doesn't exist.",
            members={"Type": "User"},
        )  # fmt: skip
    return reference, entry


def _present(context: Context, entry: Entry, reference: FunctionReference) -> EventInvokeConfig:
    key = _key(reference)
    config = entry.function.settings.event_invoke.get(key)
    if config is None:
        raise NotFound(
            f'function "{reference.name}"', "its events are handled by the defaults", "PutFunctionEventInvokeConfig changes that.",
            aws_message=f"The function {context.arn(reference.name, key)} doesn't have an EventInvokeConfig",
            members={"Type": "User"},
        )  # fmt: skip
    return config


def _describe(context: Context, name: str, key: str, config: EventInvokeConfig) -> dict[str, Any]:
    answer: dict[str, Any] = {"LastModified": config.last_modified, "FunctionArn": context.arn(name, key)}
    if config.maximum_retry_attempts is not None:
        answer["MaximumRetryAttempts"] = config.maximum_retry_attempts
    if config.maximum_age_seconds is not None:
        answer["MaximumEventAgeInSeconds"] = config.maximum_age_seconds
    answer["DestinationConfig"] = {
        "OnSuccess": {"Destination": config.on_success} if config.on_success else {},
        "OnFailure": {"Destination": config.on_failure} if config.on_failure else {},
    }
    return answer


TABLE: Final[dict[str, Handler]] = {
    "PutFunctionEventInvokeConfig": put_config,
    "UpdateFunctionEventInvokeConfig": update_config,
    "GetFunctionEventInvokeConfig": get_config,
    "DeleteFunctionEventInvokeConfig": delete_config,
    "ListFunctionEventInvokeConfigs": list_configs,
}
