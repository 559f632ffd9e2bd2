"""What belongs to a function as a whole or to one of its qualifiers, beside its versions: tags, policies, event handling, URLs.

Frozen values with the names that AWS gives them; a qualifier is `$LATEST`, a version's number or an alias.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """The resource policy of a function or of one of its qualifiers."""

    statements: tuple[dict[str, Any], ...]
    revision_id: str


class EventInvokeConfig(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How asynchronous events of a qualifier are tried again, and where their outcome goes."""

    last_modified: float  # epoch seconds
    maximum_retry_attempts: int | None = None
    maximum_age_seconds: int | None = None
    on_success: str | None = None  # the destination's ARN
    on_failure: str | None = None


class FunctionUrl(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A function URL of a qualifier."""

    url_id: str
    auth_type: str  # NONE | AWS_IAM
    invoke_mode: str = "BUFFERED"
    cors: dict[str, Any] | None = None  # members as AWS names them
    created: str = ""
    last_modified: str = ""


class Provisioned(msgspec.Struct, frozen=True, kw_only=True):
    """How many environments of a version or alias are kept ready."""

    count: int
    last_modified: str


class RuntimeManagement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When a qualifier's runtime is updated. Kept: the interpreters here are the machine's."""

    update_runtime_on: str = "Auto"
    runtime_version_arn: str | None = None


class FunctionSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All of it; mappings are by qualifier, and the empty qualifier is the function without one."""

    tags: dict[str, str] = {}
    policies: dict[str, Policy] = {}
    event_invoke: dict[str, EventInvokeConfig] = {}
    urls: dict[str, FunctionUrl] = {}
    runtime_management: dict[str, RuntimeManagement] = {}
    provisioned: dict[str, Provisioned] = {}
    code_signing_config: str | None = None
    recursive_loop: str = "Terminate"
