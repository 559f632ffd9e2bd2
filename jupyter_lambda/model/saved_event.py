"""Events that are kept beside a function, to call it with again: what AWS's console calls shareable test events."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import msgspec

from jupyter_lambda.errors import RequestError

EVENTS_MAX: Final = 100  # of one function: they are held in memory
EVENT_BYTES_MAX: Final = 1_048_576

# AWS Lambda Developer Guide, "Testing Lambda functions in the console": 25 letters, numbers, dots, hyphens and underscores.
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,25}")


class SavedTestEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="test-event"):
    """One saved event."""

    function_name: str
    name: str
    event: str  # JSON, as it was written
    last_modified: str = ""

    @property
    def key(self) -> str:
        """Its place in the store."""
        return f"test-event/{self.function_name}/{self.name}"

    @property
    def value(self) -> Any:
        """The event as Python values: `fn(fn.test_events["big"].value)`."""
        return json.loads(self.event)

    def __repr__(self) -> str:
        """In short, for a notebook."""
        shown = self.event if len(self.event) <= 60 else f"{self.event[:60]}…"
        return f"<test event {self.name} of {self.function_name}: {' '.join(shown.split())}>"


def check_test_event_name(function_name: str, name: str) -> None:
    """Refuse a name that AWS's console would not take (RequestError)."""
    if not _NAME.fullmatch(name):
        raise RequestError(
            f'test event "{name}" of function "{function_name}"',
            "a name has 1 to 25 letters, digits, dots, hyphens and underscores",
            "Choose another name.",
        )
