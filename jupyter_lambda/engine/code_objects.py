"""Packages that lie in S3, or in whatever answers like it at `--aws-endpoint`.

boto3 does the talking, in a thread, with the credentials of whoever started the engine; it is no core dependency, and is imported when
the first such package is asked for.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from jupyter_lambda.errors import RequestError
from jupyter_lambda.model import limits

_SECONDS: Final = 20


class CodeObjects:
    """Fetches objects.

    Args:
        endpoint: Where S3 answers; None: nowhere, every bucket is one that does not exist.
        region: The engine's.
    """

    def __init__(self, endpoint: str | None, *, region: str) -> None:
        self._endpoint = endpoint
        self._region = region

    async def fetch(self, bucket: str, key: str, version: str | None = None) -> bytes:
        """An object's bytes; one above the limit is cut just above it, and refused by whoever looks at its size.

        Raises:
            RequestError: No such bucket or key, no endpoint, no boto3, nobody there (InvalidParameterValueException).
        """
        if self._endpoint is None:
            raise _refused("NoSuchBucket", "The specified bucket does not exist", "Start the engine with --aws-endpoint URL.")
        return await asyncio.to_thread(self._fetch, bucket, key, version)

    def _fetch(self, bucket: str, key: str, version: str | None) -> bytes:
        try:
            import boto3
            import botocore
            from botocore.config import Config
            from botocore.exceptions import BotoCoreError, ClientError
        except ImportError as error:
            raise RequestError(
                "package in S3", "boto3 is not installed beside the engine", "Install it: pip install 'jupyter-lambda[aws]'."
            ) from error
        options: dict[str, Any] = {
            "retries": {"total_max_attempts": 1}, "connect_timeout": _SECONDS, "read_timeout": _SECONDS, "s3": {"addressing_style": "path"}
        }  # fmt: skip
        session = boto3.Session(region_name=self._region)
        if session.get_credentials() is None:
            options["signature_version"] = botocore.UNSIGNED
        client = session.client("s3", endpoint_url=self._endpoint, config=Config(**options))
        given = {"Bucket": bucket, "Key": key, **({"VersionId": version} if version else {})}
        try:
            body = client.get_object(**given)["Body"]
            content: bytes = body.read(limits.PACKAGE_ZIPPED_BYTES_MAX + 1)
            body.close()
        except ClientError as error:
            told = error.response.get("Error", {})
            raise _refused(told.get("Code", "Unknown"), told.get("Message", str(error)), "") from error
        except BotoCoreError as error:
            raise _refused("ServiceUnavailable", str(error), "See whether --aws-endpoint names what answers.") from error
        finally:
            client.close()
        return content


def _refused(code: str, message: str, suggestion: str) -> RequestError:
    text = f"Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {message}"
    return RequestError("package in S3", f"{code}: {message}", suggestion, aws_message=text, members={"Type": "User"})
