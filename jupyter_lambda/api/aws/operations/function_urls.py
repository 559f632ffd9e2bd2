"""Configurations of function URLs; `api.function_url` answers at the URLs themselves."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final

import msgspec

from jupyter_lambda.api.aws.operations.functions import refused
from jupyter_lambda.api.aws.pages import page
from jupyter_lambda.errors import Conflict, NotFound
from jupyter_lambda.model.function_settings import FunctionUrl
from jupyter_lambda.model.names import LATEST, is_version_number

if TYPE_CHECKING:
    from jupyter_lambda.api.aws.context import Context, Handler, Values
    from jupyter_lambda.engine.catalog import Entry
    from jupyter_lambda.model.names import FunctionReference


async def create_url(context: Context, values: Values) -> dict[str, Any]:
    """CreateFunctionUrlConfig: one URL for the function or an alias of it."""
    reference, key = _target(context, values)
    now = context.engine.catalog.timestamp()
    url = FunctionUrl(
        url_id=secrets.token_hex(16), auth_type=values["AuthType"], invoke_mode=values.get("InvokeMode", "BUFFERED"),
        cors=values.get("Cors"), created=now, last_modified=now,
    )  # fmt: skip

    def created(_: Entry, urls: dict[str, FunctionUrl]) -> dict[str, FunctionUrl]:
        if key in urls:
            raise Conflict(
                f'function "{reference.name}"', "it has a URL already", "Update it.",
                aws_message=f"Failed to create function url config for [functionArn = {_arn(context, reference.name, key)}]. Error "
                "message:  FunctionUrlConfig exists for this Lambda function", members={"Type": "User"},
            )  # fmt: skip
        return {**urls, key: url}

    await context.engine.changes.change_settings(reference.name, urls=created)
    return _describe(context, reference.name, key, url)


async def get_url(context: Context, values: Values) -> dict[str, Any]:
    """GetFunctionUrlConfig."""
    reference, key = _target(context, values)
    return _describe(context, reference.name, key, _present(context, reference, key))


async def update_url(context: Context, values: Values) -> dict[str, Any]:
    """UpdateFunctionUrlConfig: what is given changes; CORS settings are replaced as a whole."""
    reference, key = _target(context, values)
    given = {member: values[name] for name, member in _MEMBERS.items() if name in values}
    if "cors" in given:
        given["cors"] = given["cors"] or None
    url = msgspec.structs.replace(_present(context, reference, key), last_modified=context.engine.catalog.timestamp(), **given)
    await context.engine.changes.change_settings(reference.name, urls=lambda _, urls: {**urls, key: url})
    return _describe(context, reference.name, key, url)


async def delete_url(context: Context, values: Values) -> None:
    """DeleteFunctionUrlConfig."""
    reference, key = _target(context, values)
    _present(context, reference, key)
    await context.engine.changes.change_settings(
        reference.name, urls=lambda _, urls: {name: url for name, url in urls.items() if name != key}
    )


async def list_urls(context: Context, values: Values) -> dict[str, Any]:
    """ListFunctionUrlConfigs."""
    reference = context.reference(values)
    urls = sorted(context.entry(reference).function.settings.urls.items())
    return page(
        [(key, (key, url)) for key, url in urls], values, "FunctionUrlConfigs",
        lambda item: _describe(context, reference.name, *item),
    )  # fmt: skip


_MEMBERS: Final = {"AuthType": "auth_type", "Cors": "cors", "InvokeMode": "invoke_mode"}


def _target(context: Context, values: Values) -> tuple[FunctionReference, str]:
    """The function, and the key of its URL: an alias, or the empty string for `$LATEST`."""
    reference = context.reference(values)
    qualifier = reference.qualifier
    if qualifier == LATEST or (qualifier is not None and is_version_number(qualifier)):
        raise refused("Function URLs are for a function's $LATEST, named without a qualifier, and for aliases.")
    entry = context.engine.catalog.find(reference.name)
    if entry is None or (qualifier is not None and qualifier not in entry.aliases):
        raise _missing(reference, "Function does not exist")
    return reference, qualifier or ""


def _present(context: Context, reference: FunctionReference, key: str) -> FunctionUrl:
    url = context.entry(reference).function.settings.urls.get(key)
    if url is None:
        raise _missing(reference, "The resource you requested does not exist.")
    return url


def _missing(reference: FunctionReference, message: str) -> NotFound:
    return NotFound(f'function "{reference.name}"', message.rstrip("."), "", aws_message=message, members={"Type": "User"})


def _arn(context: Context, name: str, key: str) -> str:
    return context.arn(name, key or None)


def _describe(context: Context, name: str, key: str, url: FunctionUrl) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "FunctionUrl": context.function_url(url.url_id), "FunctionArn": _arn(context, name, key), "AuthType": url.auth_type,
        "CreationTime": _zulu(url.created), "LastModifiedTime": _zulu(url.last_modified), "InvokeMode": url.invoke_mode,
    }  # fmt: skip
    if url.cors is not None:
        answer["Cors"] = url.cors
    return answer


def _zulu(timestamp: str) -> str:
    return timestamp.replace("+0000", "Z")


TABLE: Final[dict[str, Handler]] = {
    "CreateFunctionUrlConfig": create_url,
    "GetFunctionUrlConfig": get_url,
    "UpdateFunctionUrlConfig": update_url,
    "DeleteFunctionUrlConfig": delete_url,
    "ListFunctionUrlConfigs": list_urls,
}
