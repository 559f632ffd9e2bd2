"""Every operation's handler, by the operation's name; Invoke has a door of its own (`api.invoke_door`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jupyter_lambda.api.aws.operations import concurrency, event_invoke, functions, permissions, tags, versions

if TYPE_CHECKING:
    from jupyter_lambda.api.aws.context import Handler

HANDLERS: Final[dict[str, Handler]] = {
    **functions.TABLE, **versions.TABLE, **concurrency.TABLE, **tags.TABLE, **permissions.TABLE, **event_invoke.TABLE,
}  # fmt: skip

# Where AWS was recorded to answer another status than the model says.
STATUSES: Final = {"DeleteFunction": 204}
