"""The AWS services around the engine: whatever answers at `--aws-endpoint`, with the credentials of whoever started the engine.

boto3 does the talking; it is no core dependency, and is imported when the first client is asked for. All of it blocks.
"""

from __future__ import annotations

from typing import Any, Final

from jupyter_lambda.errors import RequestError

_CONNECT_SECONDS: Final = 5
_READ_SECONDS: Final = 20


class AwsEndpoint:
    """Makes clients.

    Args:
        url: Where the services answer; None: nowhere.
        region: The engine's.
    """

    def __init__(self, url: str | None, *, region: str) -> None:
        self.url = url
        self._region = region

    def client(self, service: str) -> Any:
        """A client of its own, without retries; whoever asked closes it. For a thread: importing boto3 takes a while.

        Raises:
            RequestError: There is no endpoint, or no boto3.
        """
        if self.url is None:
            raise RequestError(service, "the engine knows no AWS endpoint", "Start it with --aws-endpoint URL.")
        try:
            import boto3
            import botocore
            from botocore.config import Config
        except ImportError as error:
            raise RequestError(
                service, "boto3 is not installed beside the engine", "Install it: pip install 'jupyter-lambda[aws]'."
            ) from error
        options: dict[str, Any] = {
            "retries": {"total_max_attempts": 1}, "connect_timeout": _CONNECT_SECONDS, "read_timeout": _READ_SECONDS,
            "s3": {"addressing_style": "path"},
        }  # fmt: skip
        session = boto3.Session(region_name=self._region)
        if session.get_credentials() is None:
            options["signature_version"] = botocore.UNSIGNED
        return session.client(service, endpoint_url=self.url, config=Config(**options))
