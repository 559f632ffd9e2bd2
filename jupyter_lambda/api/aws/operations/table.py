"""Every operation's handler, by the operation's name; Invoke and its streamed form have doors of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jupyter_lambda.api.aws.operations import (
    code_signing,
    concurrency,
    event_invoke,
    event_sources,
    function_configs,
    function_urls,
    functions,
    invoke_async,
    layers,
    permissions,
    provisioned,
    refused,
    tags,
    versions,
)

if TYPE_CHECKING:
    from jupyter_lambda.api.aws.context import Handler

HANDLERS: Final[dict[str, Handler]] = {
    **functions.TABLE, **versions.TABLE, **concurrency.TABLE, **tags.TABLE, **permissions.TABLE, **event_invoke.TABLE,
    **function_configs.TABLE, **function_urls.TABLE, **layers.TABLE, **code_signing.TABLE, **invoke_async.TABLE,
    **provisioned.TABLE, **event_sources.TABLE, **refused.TABLE,
}  # fmt: skip

# Where AWS was recorded to answer another status than the model says.
STATUSES: Final = {"DeleteFunction": 204}
