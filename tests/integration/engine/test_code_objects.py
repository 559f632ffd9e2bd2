"""Packages from S3, fetched by boto3 from a server that answers as S3 does (engine/code_objects.py)."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from jupyter_lambda.engine.aws_endpoint import AwsEndpoint
from jupyter_lambda.engine.code_objects import CodeObjects
from jupyter_lambda.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.asyncio


class Bucket(BaseHTTPRequestHandler):
    """One object."""

    def do_GET(self) -> None:
        if self.path.startswith("/bucket/folder/code%20a.zip"):
            self._answer(200, b"package " + self.path.partition("versionId=")[2].encode())
        else:
            self._answer(404, b"<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def endpoint() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(5)


async def test_an_object_is_fetched(endpoint: str) -> None:
    objects = CodeObjects(AwsEndpoint(endpoint, region="us-east-1"))
    assert await objects.fetch("bucket", "folder/code a.zip") == b"package "
    assert (await objects.fetch("bucket", "folder/code a.zip", "v1")).startswith(b"package v1")


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("endpoint", "S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist."),
        ("nowhere", "S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket does not exist"),
        ("closed", "S3 Error Code: ServiceUnavailable. S3 Error Message: Could not connect"),
    ],
)
async def test_what_is_not_there_is_told_in_awss_words(endpoint: str, where: str, message: str) -> None:
    url = {"endpoint": endpoint, "nowhere": None, "closed": "http://127.0.0.1:1"}[where]
    objects = CodeObjects(AwsEndpoint(url, region="us-east-1"))
    with pytest.raises(RequestError) as caught:
        await objects.fetch("bucket", "none")
    assert caught.value.aws_message is not None
    assert caught.value.aws_message.startswith(f"Error occurred while GetObject. {message}")
