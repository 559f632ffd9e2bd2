"""What an account has beside functions: versions of layers, code signing configurations, event source mappings, log groups.

A resource's key is its place in the store; AWS's ARNs are made from it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from jupyter_lambda.model.event_source_mapping import EventSourceMapping
from jupyter_lambda.model.function_settings import Policy
from jupyter_lambda.model.saved_event import SavedTestEvent


class LayerVersion(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="layer"):
    """One version of a layer; it never changes but for its policy. A deleted one stays as a mark, so that no number comes twice."""

    name: str
    number: int
    package_sha256: str = ""
    package_bytes: int = 0
    created: str = ""
    description: str = ""
    license: str = ""
    runtimes: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ()
    policy: Policy | None = None
    deleted: bool = False

    @property
    def key(self) -> str:
        """Its place in the store."""
        return f"layer/{self.name}/{self.number}"


class CodeSigningConfig(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="code-signing"):
    """Who may have signed a package, and what becomes of one that nobody of them signed."""

    config_id: str  # csc-…
    publishers: tuple[str, ...]
    untrusted: str = "Warn"  # Warn | Enforce
    description: str = ""
    last_modified: str = ""
    tags: dict[str, Any] = {}

    @property
    def key(self) -> str:
        """Its place in the store."""
        return f"code-signing/{self.config_id}"


class LogGroup(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="log-group"):
    """What somebody said of a log group: that it shall be there, how long its events are kept, its tags."""

    name: str
    created_ms: int  # epoch
    retention_days: int | None = None  # None: as long as the engine keeps logs
    tags: dict[str, str] = {}
    group_class: str = "STANDARD"

    @property
    def key(self) -> str:
        """Its place in the store."""
        return f"log-group/{self.name}"


Resource = LayerVersion | CodeSigningConfig | EventSourceMapping | SavedTestEvent | LogGroup
