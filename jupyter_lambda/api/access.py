"""Who may: the engine's bearer token, and where a request may come from.

A web page of another origin can't call anything: a request with an `Origin` that isn't the engine's own is refused, and so is one
whose `Host` is not this machine's loopback (a page that made its own name resolve to 127.0.0.1).
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from jupyter_lambda.errors import AccessDenied

if TYPE_CHECKING:
    from collections.abc import Mapping


class Access:
    """Checks requests against the engine's token."""

    def __init__(self, token: str, *, open_aws: bool = False) -> None:
        self._expected = f"Bearer {token}".encode()
        self.open_aws = open_aws  # `--auth any`: the AWS APIs take any credentials

    def check(self, headers: Mapping[bytes, bytes], *, aws: bool = False) -> None:
        """Let the request pass or raise.

        Args:
            headers: Names in lower case.
            aws: Whether it is for an AWS API rather than the engine's own.

        Raises:
            AccessDenied: No or a wrong token, or a web page's request.
        """
        given = headers.get(b"authorization", b"")
        if hmac.compare_digest(given, self._expected):
            return
        check_origin(headers)
        if aws and self.open_aws:
            return
        raise AccessDenied(
            "engine", "the request has no valid token", "Read the token from the runtime file that `engine status --json` names.",
            aws_message="The security token included in the request is invalid.",
        )  # fmt: skip


def check_origin(headers: Mapping[bytes, bytes]) -> None:
    """Refuse what a web page of another origin sent (AccessDenied)."""
    host = headers.get(b"host", b"").decode("latin-1")
    name = urlsplit(f"//{host}").hostname or ""
    if name and not _is_loopback(name):
        raise AccessDenied("engine", f"it does not answer to the name {name}", "Use http://127.0.0.1.")
    origin = headers.get(b"origin")
    if origin is not None and not _is_loopback(urlsplit(origin.decode("latin-1")).hostname or ""):
        raise AccessDenied("engine", "a web page of another origin may not call it", "Use it through the Jupyter server.")


def _is_loopback(name: str) -> bool:
    return name in ("localhost", "::1", "engine") or name.startswith("127.") or name.endswith(".localhost")
