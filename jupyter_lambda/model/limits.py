"""AWS Lambda's figures as data, and ours beside them.

Source: AWS Lambda Developer Guide, "Lambda quotas", and botocore 1.44.8's model, read 2026-11-25; the few that AWS was recorded
to answer differently are marked [R].
"""

from __future__ import annotations

from typing import Final

MEMORY_MIB_DEFAULT: Final = 128
MEMORY_MIB_MIN: Final = 128
MEMORY_MIB_MAX: Final = 10_240
TIMEOUT_SECONDS_DEFAULT: Final = 3
TIMEOUT_SECONDS_MIN: Final = 1
TIMEOUT_SECONDS_MAX: Final = 900
EPHEMERAL_MIB_DEFAULT: Final = 512
EPHEMERAL_MIB_MIN: Final = 512
EPHEMERAL_MIB_MAX: Final = 10_240
ENVIRONMENT_BYTES_MAX: Final = 4_096
LAYERS_MAX: Final = 5
DESCRIPTION_LENGTH_MAX: Final = 256
HANDLER_LENGTH_MAX: Final = 128
FUNCTION_NAME_LENGTH_MAX: Final = 64
QUALIFIER_LENGTH_MAX: Final = 128

REQUEST_BYTES_MAX: Final = 6_291_456
RESPONSE_BYTES_MAX: Final = 6_291_556
STREAMED_RESPONSE_BYTES_MAX: Final = 200 * 1024**2
ASYNC_REQUEST_BYTES_MAX: Final = 1_048_576
LOG_TAIL_BYTES: Final = 4_096

PACKAGE_ZIPPED_BYTES_MAX: Final = 52_428_800  # [R]; through the API
PACKAGE_UNZIPPED_BYTES_MAX: Final = 262_144_000  # [R]; with layers
NOTEBOOK_PACKAGE_BYTES_MAX: Final = 10 * 1024**3  # ours: what `%%lambda` takes; the report says what AWS would refuse

INIT_SECONDS_MAX: Final = 10.0
FILE_DESCRIPTORS: Final = 1_024
PROCESSES: Final = 1_024
MEMORY_MIB_PER_VCPU: Final = 1_769

ACCOUNT_CONCURRENCY: Final = 1_000
UNRESERVED_MINIMUM: Final = 100
SCALING_RATE: Final = 1_000  # new environments per function every 10 seconds

RECURSION_MAX: Final = 16  # calls of one function in one chain; AWS says "approximately 16"
ASYNC_RETRIES: Final = 2
ASYNC_RETRY_BASE_SECONDS: Final = 60.0  # the first retry after one base, the second after two
ASYNC_MAXIMUM_AGE_SECONDS: Final = 21_600

RUNTIMES: Final = (
    "python3.10", "python3.11", "python3.12", "python3.13", "python3.14", "python3.15",
    "nodejs22.x", "nodejs24.x", "nodejs26.x", "ruby3.2", "ruby3.3", "ruby3.4", "ruby4.0",
    "java11", "java17", "java21", "java25", "dotnet8", "dotnet10", "provided.al2023",
)  # fmt: skip
RESERVED_VARIABLES: Final = frozenset(
    {
        "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR", "AWS_LAMBDA_LOG_FORMAT",
        "AWS_LAMBDA_LOG_LEVEL",
    }
)  # fmt: skip

# -- ours -----------------------------------------------------------------------------------------------------------------
CAPTURED_VALUE_WARNING_BYTES: Final = 1_000_000
IDLE_ENVIRONMENT_SECONDS: Final = 300.0
ENGINE_IDLE_SECONDS: Final = 1_800.0
BUDGET_WAIT_SECONDS: Final = 10.0
RETAINED_INVOCATIONS: Final = 100_000
RETAINED_METRIC_POINTS: Final = 500_000  # of asynchronous events and streams
RETAINED_LOG_BYTES: Final = 256 * 1024**2
INVOCATION_LOG_BYTES_MAX: Final = 8 * 1024**2  # what one invocation may log before the rest is dropped, and said so
