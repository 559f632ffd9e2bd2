"""`jl.boto3_client`: Amazon's own client, pointed at the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jupyter_lambda.client.connection import engine as default_engine
from jupyter_lambda.errors import EngineUnavailable
from jupyter_lambda.model import limits

if TYPE_CHECKING:
    from jupyter_lambda.client.engine_client import EngineClient

_SPARE_SECONDS: Final = 60  # init, and waiting for room, come on top of the longest timeout


def boto3_client(service: str = "lambda", *, engine: EngineClient | None = None, **options: Any) -> Any:
    """A boto3 client whose calls the engine answers.

    It waits as long as the longest function may take and never repeats a call by itself: what failed is shown as it is.

    Args:
        service: `lambda`, `logs`, `cloudwatch`, …: what the engine serves of AWS.
        engine: The engine; None for the usual one.
        **options: As for `boto3.client`; what is given replaces ours.

    Raises:
        ImportError: boto3 is not installed here.
    """
    try:
        import boto3
        from botocore.config import Config
    except ImportError as error:
        raise ImportError(
            "boto3_client() needs boto3, which is not installed here: %pip install 'jupyter-lambda[aws]'"
        ) from error
    runtime = (engine or default_engine()).runtime
    if not runtime.access_key_id:
        raise EngineUnavailable(
            "engine", "it has no credentials for Amazon's clients", "Restart it: jupyter lambda engine stop, then call again."
        )
    config = Config(
        read_timeout=limits.TIMEOUT_SECONDS_MAX + _SPARE_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 1},
        parameter_validation=True,
    )
    given = options.pop("config", None)
    return boto3.client(
        service,
        **{
            "endpoint_url": runtime.url,
            "region_name": runtime.region,
            "aws_access_key_id": runtime.access_key_id,
            "aws_secret_access_key": runtime.secret_access_key,
            "config": config.merge(given) if given is not None else config,
            **options,
        },
    )
