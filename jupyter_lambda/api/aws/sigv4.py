"""Signature Version 4: who signed a request with the engine's key, by header or by query, over the body or without it.

A request is rebuilt in its canonical form, signed again with the same key, and compared. The signing key of a day, region and service
is made once. Source: AWS IAM User Guide, "Create a signed AWS API request"; the messages are those that AWS answers.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

import msgspec

from jupyter_lambda.errors import IncompleteSignature, NoSignature, UnknownAccessKey, Unparsable, WrongSignature

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ALGORITHM: Final = "AWS4-HMAC-SHA256"
UNSIGNED: Final = "UNSIGNED-PAYLOAD"
STREAMING_UNSIGNED: Final = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
SKEW_SECONDS: Final = 300
_EXPIRES_MAX_SECONDS: Final = 604_800
_PLAIN_PATH: Final = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)+/?|/")
_SPACES: Final = re.compile(r" {2,}")
_TIMESTAMP: Final = re.compile(r"\d{8}T\d{6}Z")


class SignedRequest(msgspec.Struct, frozen=True):
    """What a signature covers."""

    method: str
    target: bytes  # path and query as they came
    headers: Mapping[bytes, bytes]  # names in lower case
    body: bytes = b""


class Claim(msgspec.Struct, frozen=True):
    """What a request says of its signature."""

    key_id: str
    scope: str  # date/region/service/aws4_request
    signed_headers: str
    signature: str
    timestamp: str
    payload_hash: str | None = None  # None: of the body
    expires_seconds: int | None = None  # of a presigned URL

    @property
    def service(self) -> str:
        """The service that it was signed for; only of a verified claim."""
        return self.scope.split("/")[2]


class Verifier:
    """Knows secret keys and checks claims against them."""

    def __init__(
        self, secret_of: Callable[[str], str | None], epoch: Callable[[], float], *, region: str, key_id: str = ""
    ) -> None:
        self._key_id = key_id  # what it signs with itself
        self._secret_of = secret_of
        self._epoch = epoch
        self._region = region

    def verify(self, request: SignedRequest) -> Claim:
        """Return what the request claims, once that is proved.

        Raises:
            NoSignature, IncompleteSignature, UnknownAccessKey, WrongSignature: It is not (403 each).
        """
        path, _, query = request.target.decode("latin-1").partition("?")
        claim = _header_claim(request.headers) or _query_claim(query)
        if claim is None:
            raise NoSignature(
                "request", "it carries no signature", "Sign it with the access key that `jupyter lambda env` prints.",
                aws_message="Missing Authentication Token",
            )  # fmt: skip
        secret = self._secret_of(claim.key_id)
        if secret is None:
            raise UnknownAccessKey(
                "request", "its access key is not this engine's", "Use the one that `jupyter lambda env` prints.",
                aws_message="The security token included in the request is invalid.",
            )  # fmt: skip
        self._check_scope(claim)
        self._check_time(claim)
        expected = _sign(secret, claim, request, path, query)
        if not hmac.compare_digest(expected.encode(), claim.signature.encode("utf-8", "replace")):
            raise _wrong(
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
                "and signing method. Consult the service documentation for details."
            )
        return claim

    def presign(self, host: str, path: str, expires_seconds: int) -> str:
        """The query of a URL that whoever has it may GET until it expires; empty without a key to sign with."""
        secret = self._secret_of(self._key_id)
        if secret is None:
            return ""
        return presigned_query(
            self._key_id, secret, region=self._region, host=host, path=path, now=self._epoch(), expires_seconds=expires_seconds
        )

    def _check_scope(self, claim: Claim) -> None:
        parts = claim.scope.split("/")
        if len(parts) != 4 or parts[3] != "aws4_request":
            raise _incomplete(
                f"Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{claim.scope}'"
            )
        if parts[1] != self._region:
            raise _wrong(f"Credential should be scoped to a valid region. Use '{self._region}'.")
        if parts[0] != claim.timestamp[:8]:
            raise _wrong(
                f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{parts[0]}' != "
                f"'{claim.timestamp[:8]}', from '{claim.timestamp}'."
            )

    def _check_time(self, claim: Claim) -> None:
        if not _TIMESTAMP.fullmatch(claim.timestamp):
            raise _incomplete(
                f"Date must be in ISO-8601 'basic format'. Got '{claim.timestamp}'. See http://en.wikipedia.org/wiki/ISO_8601"
            )
        now, signed = self._epoch(), _seconds(claim.timestamp)
        oldest = now - (claim.expires_seconds or SKEW_SECONDS)
        if signed < oldest:
            raise _wrong(
                f"Signature expired: {claim.timestamp} is now earlier than {_timestamp(oldest)} ({_timestamp(now)} - "
                f"{(claim.expires_seconds or SKEW_SECONDS) // 60} min.)"
            )
        if signed > now + SKEW_SECONDS:
            raise _wrong(f"Signature not yet current: {claim.timestamp} is still later than {_timestamp(now + SKEW_SECONDS)}")


def presigned_query(
    key_id: str, secret: str, *, region: str, host: str, path: str, now: float, expires_seconds: int, service: str = "lambda"
) -> str:
    """The query of a GET URL that whoever has it may fetch until it expires."""
    timestamp = _timestamp(now)
    scope = f"{timestamp[:8]}/{region}/{service}/aws4_request"
    query = (
        f"X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential={quote(f'{key_id}/{scope}', safe='')}&X-Amz-Date={timestamp}"
        f"&X-Amz-Expires={expires_seconds}&X-Amz-SignedHeaders=host"
    )
    request = SignedRequest("GET", f"{path}?{query}".encode(), {b"host": host.encode()})
    claim = Claim(key_id, scope, "host", "", timestamp, expires_seconds=expires_seconds)
    return f"{query}&X-Amz-Signature={_sign(secret, claim, request, path, query)}"


def decode_chunks(body: bytes) -> bytes:
    """The content of an `aws-chunked` body; its trailers are read past.

    Raises:
        Unparsable: It is none.
    """
    pieces: list[bytes] = []
    position = 0
    while True:
        end = body.find(b"\r\n", position)
        try:
            size = int(body[position:end].split(b";")[0], 16)
        except ValueError as error:
            raise Unparsable("request", "its body is not aws-chunked", "Send whole chunks.") from error
        if end < 0 or size < 0 or end + 2 + size > len(body):
            raise Unparsable("request", "its body ends within a chunk", "Send whole chunks.")
        if size == 0:
            return b"".join(pieces)
        pieces.append(body[end + 2 : end + 2 + size])
        position = end + 4 + size


# -- what a request claims --------------------------------------------------------------------------------------------------
def _header_claim(headers: Mapping[bytes, bytes]) -> Claim | None:
    given = headers.get(b"authorization")
    if given is None:
        return None
    text = given.decode("latin-1")
    algorithm, _, rest = text.partition(" ")
    parts: dict[str, str] = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    missing = [name for name in ("Credential", "SignedHeaders", "Signature") if not parts.get(name)]
    date = headers.get(b"x-amz-date") or _rfc_date(headers.get(b"date"))
    if algorithm != ALGORITHM or missing or date is None:
        lacking = " ".join(f"Authorization header requires '{name}' parameter." for name in missing)
        dateless = "" if date else " Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        raise _incomplete(f"{lacking}{dateless} Authorization={algorithm}".strip())
    key_id, _, scope = parts["Credential"].partition("/")
    content = headers.get(b"x-amz-content-sha256")
    unsigned = content is not None and content.decode("latin-1") in (UNSIGNED, STREAMING_UNSIGNED)
    return Claim(
        key_id, scope, parts["SignedHeaders"], parts["Signature"], date.decode("latin-1"),
        content.decode("latin-1") if unsigned and content is not None else None,
    )  # fmt: skip


def _query_claim(query: str) -> Claim | None:
    if "X-Amz-Signature=" not in query:
        return None
    given = {name: unquote(value) for name, _, value in (pair.partition("=") for pair in query.split("&"))}
    missing = [n for n in ("X-Amz-Credential", "X-Amz-SignedHeaders", "X-Amz-Date", "X-Amz-Expires") if not given.get(n)]
    if given.get("X-Amz-Algorithm") != ALGORITHM or missing:
        raise _incomplete(f"AWS query-string parameters must include {', '.join(missing) or 'the algorithm'}.")
    expires = given["X-Amz-Expires"]
    if not expires.isascii() or not expires.isdigit() or not 1 <= int(expires[:9]) <= _EXPIRES_MAX_SECONDS:
        raise _incomplete("X-Amz-Expires must be between 1 and 604800 seconds")
    key_id, _, scope = given["X-Amz-Credential"].partition("/")
    return Claim(
        key_id, scope, given["X-Amz-SignedHeaders"], given["X-Amz-Signature"], given["X-Amz-Date"],
        UNSIGNED if given.get("X-Amz-Content-Sha256") == UNSIGNED else None, int(expires),
    )  # fmt: skip


def _rfc_date(value: bytes | None) -> bytes | None:
    """A `Date` header as the timestamp that it stands for."""
    if value is None:
        return None
    try:
        moment = datetime.strptime(value.decode("latin-1"), "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    except ValueError:
        return value
    return moment.strftime("%Y%m%dT%H%M%SZ").encode()


# -- the canonical form -----------------------------------------------------------------------------------------------------
def _sign(secret: str, claim: Claim, request: SignedRequest, path: str, query: str) -> str:
    names = claim.signed_headers.split(";")
    if "host" not in names:
        raise _wrong("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
    payload = claim.payload_hash or hashlib.sha256(request.body).hexdigest()
    canonical = (
        f"{request.method}\n{_canonical_path(path)}\n{_canonical_query(query)}\n{_canonical_headers(request.headers, names)}\n"
        f"{claim.signed_headers}\n{payload}"
    )
    text = f"{ALGORITHM}\n{claim.timestamp}\n{claim.scope}\n{hashlib.sha256(canonical.encode('latin-1')).hexdigest()}"
    return hmac.digest(_signing_key(secret, claim.scope), text.encode(), "sha256").hex()


@functools.lru_cache(maxsize=256)
def _signing_key(secret: str, scope: str) -> bytes:
    key = b"AWS4" + secret.encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


@functools.lru_cache(maxsize=1024)
def _canonical_path(path: str) -> str:
    """The path without dot segments, encoded once more than it came, as every service but S3 has it."""
    if _PLAIN_PATH.fullmatch(path):
        return path
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    normal = "/" + "/".join(kept) + ("/" if path.endswith("/") and kept else "")
    return quote(normal, safe="/-_.~")


@functools.lru_cache(maxsize=1024)
def _canonical_query(query: str) -> str:
    if not query:
        return ""
    pairs = []
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if name and name != "X-Amz-Signature":
            pairs.append((_encoded(name), _encoded(value)))
    pairs.sort()
    return "&".join(f"{name}={value}" for name, value in pairs)


def _encoded(text: str) -> str:
    return quote(unquote(text), safe="-_.~") if "%" in text or not text.isalnum() else text


def _canonical_headers(headers: Mapping[bytes, bytes], names: Iterable[str]) -> str:
    lines = []
    for name in names:
        value = headers.get(name.encode("latin-1"))
        if value is None:
            raise _wrong(f"The signed header '{name}' is not part of the request.")
        text = value.decode("latin-1").strip()
        lines.append(f"{name}:{_SPACES.sub(' ', text) if '  ' in text else text}\n")
    return "".join(lines)


@functools.lru_cache(maxsize=16)
def _seconds(timestamp: str) -> float:
    try:
        day, clock = timestamp[:8], timestamp[9:15]
        moment = datetime(int(day[:4]), int(day[4:6]), int(day[6:]), int(clock[:2]), int(clock[2:4]), int(clock[4:]), tzinfo=UTC)
        return moment.timestamp()
    except ValueError:
        return 0.0  # a thirteenth month: long past


def _timestamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%dT%H%M%SZ")


def _incomplete(message: str) -> IncompleteSignature:
    return IncompleteSignature("request", "its signature is not whole", "Let an AWS client sign it.", aws_message=message)


def _wrong(message: str) -> WrongSignature:
    return WrongSignature("request", "its signature is not the engine's", message, aws_message=message)
