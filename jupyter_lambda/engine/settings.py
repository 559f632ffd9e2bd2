"""What can be set on an engine, with defaults; `service` fills it from `--set NAME=VALUE`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jupyter_lambda.model import limits


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """An engine's settings. Seconds and MiB throughout."""

    account_id: str = "000000000000"
    region: str = "us-east-1"
    aws_endpoint: str | None = None  # where S3 answers
    concurrency: int = limits.ACCOUNT_CONCURRENCY
    scaling_rate: int = limits.SCALING_RATE
    budget_mib: int = 4_096
    cpus: float = 2.0
    budget_wait_seconds: float = limits.BUDGET_WAIT_SECONDS
    environment_idle_seconds: float = limits.IDLE_ENVIRONMENT_SECONDS
    freeze_after_seconds: float = 0.1
    init_seconds: float = limits.INIT_SECONDS_MAX
    async_retries: int = limits.ASYNC_RETRIES
    async_retry_base_seconds: float = limits.ASYNC_RETRY_BASE_SECONDS
    async_maximum_age_seconds: float = limits.ASYNC_MAXIMUM_AGE_SECONDS
    stop_grace_seconds: float = 5.0
    node_folder: Path | None = None  # where Node and its runtime client are looked for first
