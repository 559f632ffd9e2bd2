"""What Lambda would charge: prices as data, and the arithmetic of a bill.

The free tier (1 million requests, 400,000 GB-seconds a month) is left out: what a call costs must not depend on the calls before it.

Source: AWS Lambda pricing, us-east-1, first tier, read 2026-11-25.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from jupyter_lambda.model import limits
from jupyter_lambda.telemetry.outcome import is_invocation

if TYPE_CHECKING:
    from jupyter_lambda.model.invocation import InvocationRecord

SOURCE: Final = "AWS Lambda pricing, us-east-1, first tier"
READ_ON: Final = "2026-11-25"


class Prices(msgspec.Struct, frozen=True, kw_only=True):
    """US dollars for each unit."""

    request: float
    gb_second: float
    provisioned_kept_gb_second: float  # provisioned concurrency, for as long as it is kept
    provisioned_used_gb_second: float  # and in place of `gb_second` while it runs
    storage_gb_second: float  # of /tmp above the 512 MB that come with every function


X86_64: Final = Prices(
    request=0.20 / 1_000_000,
    gb_second=0.0000166667,
    provisioned_kept_gb_second=0.0000041667,
    provisioned_used_gb_second=0.0000097222,
    storage_gb_second=0.0000000309,
)
ARM64: Final = msgspec.structs.replace(X86_64, gb_second=0.0000133334)
PRICES: Final = {"x86_64": X86_64, "arm64": ARM64}


def gb_seconds(billed_ms: float, memory_mib: int) -> float:
    """Billed time times memory, in Lambda's unit (a GB is 1,024 MB)."""
    return billed_ms * memory_mib / 1_024_000


def cost_usd(requests: int, memory_gb_seconds: float, *, prices: Prices = X86_64, storage_gb_seconds: float = 0.0) -> float:
    """The bill for some requests and the time they ran, without the free tier."""
    return requests * prices.request + memory_gb_seconds * prices.gb_second + storage_gb_seconds * prices.storage_gb_second


def invocation_cost_usd(
    record: InvocationRecord, *, prices: Prices = X86_64, ephemeral_mib: int = limits.EPHEMERAL_MIB_DEFAULT
) -> float:
    """What one invocation would cost; a throttled one costs nothing."""
    if not is_invocation(record.status):
        return 0.0
    above_free = max(0, ephemeral_mib - limits.EPHEMERAL_MIB_DEFAULT)
    return cost_usd(
        1,
        gb_seconds(record.billed_ms, record.memory_mib),
        prices=prices,
        storage_gb_seconds=gb_seconds(record.billed_ms, above_free),
    )
