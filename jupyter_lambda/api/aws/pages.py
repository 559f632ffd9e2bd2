"""Lists in pages: `MaxItems` at most, and a marker from which the next request goes on.

A marker is the key of the last item that was answered, so that what comes and goes in between neither repeats nor hides an item.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, TypeVar

from jupyter_lambda.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")
PAGE_MAX = 50


def page(
    items: Iterable[tuple[str, T]], values: dict[str, Any], name: str, describe: Callable[[T], Any], *, at_most: int = PAGE_MAX
) -> dict[str, Any]:
    """One page of a list's answer.

    Args:
        items: (key, item) in the order of their keys.
        values: The request, with `MaxItems` and `Marker`.
        name: The answer's member that holds the items.
        describe: Makes an item's answer.
        at_most: Items on a page, whatever is asked for.

    Raises:
        RequestError: The marker is none of ours.
    """
    after = _key(values["Marker"]) if values.get("Marker") else None
    size = min(values.get("MaxItems", at_most), at_most)
    rest = [(key, item) for key, item in items if after is None or key > after]
    answer: dict[str, Any] = {name: [describe(item) for _, item in rest[:size]]}
    if len(rest) > size:
        answer["NextMarker"] = base64.urlsafe_b64encode(rest[size - 1][0].encode()).decode()
    return answer


def _key(marker: str) -> str:
    try:
        return base64.urlsafe_b64decode(marker.encode()).decode()
    except (binascii.Error, ValueError) as error:
        raise RequestError(
            "marker", "it is none that this engine gave out", "Leave it out to begin again.", aws_message="Invalid Marker",
            members={"Type": "User"},
        ) from error  # fmt: skip
