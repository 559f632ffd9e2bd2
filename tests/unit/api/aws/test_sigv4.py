"""Signatures that botocore makes are believed, and nothing that was changed after signing is (api/aws/sigv4.py)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from jupyter_lambda.api.aws.sigv4 import STREAMING_UNSIGNED, UNSIGNED, SignedRequest, Verifier, decode_chunks, presigned_query
from jupyter_lambda.errors import (
    AccessDenied,
    IncompleteSignature,
    NoSignature,
    UnknownAccessKey,
    Unparsable,
    WrongSignature,
)

KEY_ID, SECRET = "JLAMBDATEST", "s" * 40
CREDENTIAL = b"AWS4-HMAC-SHA256 Credential=JLAMBDATEST/20260101/us-east-1/lambda/aws4_request, "
PRESIGNED = "X-Amz-Signature=0&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a&X-Amz-SignedHeaders=host&X-Amz-Date=x"
HOST = "127.0.0.1:8000"


def verifier(ahead: float = 0.0) -> Verifier:
    """A verifier whose clock is `ahead` seconds before the signer's."""
    return Verifier(
        lambda key_id: SECRET if key_id == KEY_ID else None, lambda: datetime.now(UTC).timestamp() + ahead, region="us-east-1"  # noqa: TID251
    )  # fmt: skip


def signed(
    path: str = "/2015-03-31/functions/f/invocations", body: bytes = b"{}", method: str = "POST", *, secret: str = SECRET,
    key_id: str = KEY_ID, region: str = "us-east-1", auth: Any = SigV4Auth, headers: dict[str, str] | None = None, **options: Any,
) -> SignedRequest:  # fmt: skip
    """A request as boto3 sends it."""
    request = AWSRequest(method=method, url=f"http://{HOST}{path}", data=body, headers=headers or {})
    auth(Credentials(key_id, secret), "lambda", region, **options).add_auth(request)
    names = {name.lower().encode(): value.encode() for name, value in request.headers.items()}
    parts = urlsplit(request.url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    return SignedRequest(method, target.encode(), {b"host": HOST.encode(), **names}, body)


@pytest.mark.parametrize(
    "path",
    [
        "/2015-03-31/functions/",
        "/2015-03-31/functions/f/invocations?Qualifier=%24LATEST",
        "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af/invocations",
        "/2017-03-31/tags/arn%3Aaws%3Alambda%3Aus-east-1%3A1%3Afunction%3Af?tagKeys=b%20c&tagKeys=a&tagKeys=%C3%BC",
        "/a/./b//c/../d?x&y=&z=1",
        "/2018-10-31/layers?find=LayerVersion&Arn=arn%3Aaws",
    ],
)
def test_what_botocore_signs_is_believed(path: str) -> None:
    assert verifier().verify(signed(path)).key_id == KEY_ID


def test_header_values_are_compared_without_spare_spaces() -> None:
    verifier().verify(signed(headers={"X-Amz-Client-Context": "  a   b ", "X-Amz-Log-Type": "Tail"}))


def test_a_presigned_url_is_believed() -> None:
    verifier().verify(signed("/x?a=1", b"", "GET", auth=SigV4QueryAuth, expires=60))


def test_a_presigned_url_lasts_until_it_expires() -> None:
    request = signed("/x", b"", "GET", auth=SigV4QueryAuth, expires=600)
    verifier(590).verify(request)
    with pytest.raises(WrongSignature, match="expired"):
        verifier(601).verify(request)


def test_our_own_presigned_url_is_believed() -> None:
    now = datetime.now(UTC).timestamp()  # noqa: TID251
    query = presigned_query(KEY_ID, SECRET, region="us-east-1", host=HOST, path="/p/1", now=now, expires_seconds=60)
    verifier().verify(SignedRequest("GET", f"/p/1?{query}".encode(), {b"host": HOST.encode()}))


@pytest.mark.parametrize("marker", [UNSIGNED, STREAMING_UNSIGNED])
def test_a_body_may_be_left_out_of_the_signature(marker: str) -> None:
    request = signed(headers={"X-Amz-Content-SHA256": marker})
    changed = SignedRequest(request.method, request.target, request.headers, b"other")
    verifier().verify(changed)


@pytest.mark.parametrize(
    "change",
    [
        {"body": b"[]"},
        {"method": "PUT"},
        {"target": b"/2015-03-31/functions/g/invocations"},
        {"target": b"/2015-03-31/functions/f/invocations?Qualifier=1"},
    ],
)
def test_what_was_changed_after_signing_is_refused(change: dict[str, Any]) -> None:
    request = signed()
    fields = {"method": request.method, "target": request.target, "headers": request.headers, "body": request.body, **change}
    with pytest.raises(WrongSignature, match="does not match"):
        verifier().verify(SignedRequest(**fields))


def test_a_changed_header_is_refused() -> None:
    request = signed(headers={"X-Amz-Log-Type": "Tail"})
    headers = {**request.headers, b"x-amz-log-type": b"None"}
    with pytest.raises(WrongSignature):
        verifier().verify(SignedRequest(request.method, request.target, headers, request.body))


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"secret": "other"}, WrongSignature),
        ({"key_id": "AKIAOTHER"}, UnknownAccessKey),
        ({"region": "eu-west-1"}, WrongSignature),
    ],
)
def test_other_credentials_are_refused(options: dict[str, Any], error: type[AccessDenied]) -> None:
    with pytest.raises(error):
        verifier().verify(signed(**options))


@pytest.mark.parametrize(("ahead", "words"), [(301, "Signature expired"), (-301, "not yet current")])
def test_five_minutes_of_skew_are_the_limit(ahead: float, words: str) -> None:
    request = signed()
    verifier(ahead * 0.9).verify(request)
    with pytest.raises(WrongSignature, match=words):
        verifier(ahead * 1.02).verify(request)


@pytest.mark.parametrize(
    ("header", "error"),
    [
        (None, NoSignature),
        (b"AWS4-HMAC-SHA256 Credential=a", IncompleteSignature),
        (b"Bearer x", IncompleteSignature),
        (b"AWS4-HMAC-SHA256 Credential=JLAMBDATEST/1, SignedHeaders=host, Signature=0", IncompleteSignature),
        (CREDENTIAL + b"SignedHeaders=, Signature=0", IncompleteSignature),
        (CREDENTIAL + b"SignedHeaders=host, Signature=\xff", WrongSignature),
    ],
)  # fmt: skip
def test_what_is_no_signature_is_refused(header: bytes | None, error: type[AccessDenied]) -> None:
    headers = {b"host": HOST.encode(), b"x-amz-date": b"20260101T000000Z"}
    if header is not None:
        headers[b"authorization"] = header
    with pytest.raises(error):
        verifier().verify(SignedRequest("GET", b"/", headers))


@pytest.mark.parametrize(
    "query",
    ["X-Amz-Signature=0", f"{PRESIGNED}&X-Amz-Expires=-1", f"{PRESIGNED}&X-Amz-Expires=604801", f"{PRESIGNED}&X-Amz-Expires=x"],
)
def test_half_a_presigned_url_is_refused(query: str) -> None:
    with pytest.raises(IncompleteSignature):
        verifier().verify(SignedRequest("GET", f"/?{query}".encode(), {b"host": HOST.encode()}))


def test_chunks_are_put_together() -> None:
    assert decode_chunks(b"3\r\nabc\r\n1;x=y\r\nd\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n") == b"abcd"


@pytest.mark.parametrize("body", [b"", b"zz\r\n", b"5\r\nabc", b"-1\r\n", b"3\r\nabc\r\n"])
def test_broken_chunks_are_refused(body: bytes) -> None:
    with pytest.raises(Unparsable):
        decode_chunks(body)
