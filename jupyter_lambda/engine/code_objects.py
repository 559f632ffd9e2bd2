"""Packages that lie in S3, or in whatever answers like it at `--aws-endpoint`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from jupyter_lambda.errors import RequestError
from jupyter_lambda.model import limits

if TYPE_CHECKING:
    from jupyter_lambda.engine.aws_endpoint import AwsEndpoint


class CodeObjects:
    """Fetches objects."""

    def __init__(self, endpoint: AwsEndpoint) -> None:
        self._endpoint = endpoint

    async def fetch(self, bucket: str, key: str, version: str | None = None) -> bytes:
        """An object's bytes; one above the limit is cut just above it, and refused by whoever looks at its size.

        Raises:
            RequestError: No such bucket or key, no endpoint, no boto3, nobody there (InvalidParameterValueException).
        """
        if self._endpoint.url is None:
            raise _refused("NoSuchBucket", "The specified bucket does not exist", "Start the engine with --aws-endpoint URL.")
        return await asyncio.to_thread(self._fetch, bucket, key, version)

    def _fetch(self, bucket: str, key: str, version: str | None) -> bytes:
        client = self._endpoint.client("s3")
        from botocore.exceptions import BotoCoreError, ClientError

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
