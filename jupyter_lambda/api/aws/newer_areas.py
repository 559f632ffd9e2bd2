"""Members of requests that belong to areas of AWS that are not here: refused by name, so that nobody counts on what was dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jupyter_lambda.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

AREAS: Final[dict[str, str]] = {
    "AcceleratorConfig": "Accelerators",
    "CapacityProviderConfig": "Capacity providers",
    "DurableConfig": "Durable functions",
    "DurableExecutionName": "Durable functions",
    "PublishTo": "Capacity providers",
    "RuntimeConfig": "Runtime configurations",
    "TenancyConfig": "Tenants",
    "TenantId": "Tenants",
}
INVOKE_HEADERS: Final = {b"x-amz-tenant-id": "TenantId", b"x-amz-durable-execution-name": "DurableExecutionName"}


def check_areas(values: Mapping[str, Any]) -> None:
    """Refuse a request that asks for something of such an area (RequestError)."""
    for member in AREAS.keys() & values.keys():
        if values[member]:
            raise not_here(member)


def not_here(member: str) -> RequestError:
    """The error for a member of such an area; AWS has none for it, as it has them all."""
    area = AREAS[member]
    return RequestError(
        member, f"{area.lower()} are not here", "Leave it out: docs/aws-compatibility.md says what there is.",
        aws_message=f"{area} are not supported by this endpoint.", members={"Type": "User"},
    )  # fmt: skip
