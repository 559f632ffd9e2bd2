"""Who may: the engine's bearer token, signatures of its access key, and where a request may come from.

A web page of another origin can't call anything: a request with an `Origin` that isn't the engine's own is refused, and so is one
whose `Host` is not this machine's loopback (a page that made its own name resolve to 127.0.0.1).
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from jupyter_lambda.api.aws.sigv4 import SignedRequest
from jupyter_lambda.errors import AccessDenied

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_lambda.api.aws.sigv4 import Verifier


class Access:
    """Checks requests against the engine's token and its access keys.

    Args:
        token: The bearer token of the engine's own clients; it opens everything.
        verifier: Checks SigV4 signatures of the AWS APIs; None: only the token opens them.
        open_aws: `--auth any`: the AWS APIs take any credentials, or none.
    """

    def __init__(self, token: str, *, verifier: Verifier | None = None, open_aws: bool = False) -> None:
        self._expected = f"Bearer {token}".encode()
        self._verifier = verifier
        self.open_aws = open_aws

    def check(self, headers: Mapping[bytes, bytes]) -> None:
        """Let a request to the engine's own API pass or raise; names of `headers` are in lower case (AccessDenied)."""
        if self._has_token(headers):
            return
        check_origin(headers)
        raise AccessDenied(
            "engine", "the request has no valid token", "Read the token from the runtime file that `engine status --json` names.",
            aws_message="The security token included in the request is invalid.",
        )  # fmt: skip

    def check_aws(self, method: str, target: bytes, headers: Mapping[bytes, bytes], body: bytes) -> None:
        """Let a request to an AWS API pass or raise.

        A signature proves as much as the token does, so where a signed request comes from is not asked.

        Raises:
            AccessDenied: No signature, a wrong one, or a web page's request (403).
        """
        if self._has_token(headers):
            return
        if self.open_aws:
            check_origin(headers)
        elif self._verifier is not None:
            self._verifier.verify(SignedRequest(method, target, headers, body))
        else:
            self.check(headers)

    def presigned_query(self, host: str, path: str, seconds: int) -> str:
        """The query that lets whoever has it GET `path` from `host` until it expires; empty where there is no key to sign with."""
        return "" if self._verifier is None else self._verifier.presign(host, path, seconds)

    def _has_token(self, headers: Mapping[bytes, bytes]) -> bool:
        return hmac.compare_digest(headers.get(b"authorization", b""), self._expected)


def check_origin(headers: Mapping[bytes, bytes]) -> None:
    """Refuse what a web page of another origin sent (AccessDenied)."""
    check_host(headers)
    origin = headers.get(b"origin")
    if origin is not None and not _is_loopback(urlsplit(origin.decode("latin-1")).hostname or ""):
        raise AccessDenied("engine", "a web page of another origin may not call it", "Use it through the Jupyter server.")


def check_host(headers: Mapping[bytes, bytes]) -> None:
    """Refuse a request to a name that some page made resolve to this machine (AccessDenied)."""
    host = headers.get(b"host", b"").decode("latin-1")
    name = urlsplit(f"//{host}").hostname or ""
    if name and not _is_loopback(name):
        raise AccessDenied("engine", f"it does not answer to the name {name}", "Use http://127.0.0.1.")


def _is_loopback(name: str) -> bool:
    return name in ("localhost", "::1", "engine") or name.startswith("127.") or name.endswith(".localhost")
