"""The credentials of the AWS APIs: made once for a home, so that a shell that has them keeps working over restarts."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from typing import Protocol

    class KeptSettings(Protocol):
        """The part of a store that keeps small values."""

        async def get_setting(self, name: str) -> str | None:
            """The value of a name, None if there is none."""
            ...

        async def put_setting(self, name: str, value: str) -> None:
            """Keep a value; durable when it returns."""
            ...


_KEY_ID: Final = "credentials.access_key_id"
_SECRET: Final = "credentials.secret_access_key"


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """An access key; without a repr, so that no log has it by accident."""

    access_key_id: str
    secret_access_key: str


async def home_credentials(store: KeptSettings) -> Credentials:
    """Return the home's access key, made and kept at the first call.

    Raises:
        StoreError, DiskFull: They can't be read or kept.
    """
    key_id, secret = await store.get_setting(_KEY_ID), await store.get_setting(_SECRET)
    if key_id and secret:
        return Credentials(key_id, secret)
    # Twenty and forty characters as Amazon's have, and a beginning that no scanner takes for one of Amazon's.
    made = Credentials(
        "JLAMBDA" + base64.b32encode(os.urandom(10)).decode()[:13], base64.urlsafe_b64encode(os.urandom(30)).decode()
    )
    await store.put_setting(_KEY_ID, made.access_key_id)
    await store.put_setting(_SECRET, made.secret_access_key)
    return made


def fresh_token() -> str:
    """A bearer token for one start of the engine."""
    return base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")
