"""The seam between the engine and what lasts: two promises of durability, said by two different methods.

* `commit` returns once its changes are on disk together (SQLite with `synchronous=FULL`): they survive `kill -9` and power loss.
* `record` returns once one `write` to the journal happened: the record survives `kill -9`, not power loss. SQLite takes the
  journal over in groups; a reader of `invocations` and `log_events` sees what was recorded before the call.

The engine holds functions, versions and aliases in memory (they are loaded once); no method here is on the path of an invocation
but `record`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from jupyter_lambda.model.function import Alias, Function, Version
from jupyter_lambda.model.metrics import MetricPoint
from jupyter_lambda.model.resources import Resource

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from jupyter_lambda.model.engine_api import LogEvent, Metrics
    from jupyter_lambda.model.invocation import InvocationRecord
    from jupyter_lambda.model.logs import LogPage, LogQuery, StreamFacts
    from jupyter_lambda.model.metrics import MetricFacts


class QueuedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An asynchronous invocation that was acknowledged and has not ended."""

    request_id: str
    function_name: str
    qualifier: str | None
    payload: bytes
    accepted: float  # epoch seconds
    due: float  # epoch seconds: not before
    attempt: int = 0  # invocations made so far
    trace_id: str | None = None


class Delivery(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message that waits for its target to take it, or that was given up."""

    delivery_id: str
    function_name: str  # whose invocation it tells of
    target: str  # ARN of a queue, topic, bus or bucket
    body: bytes
    accepted: float  # epoch seconds
    dead_letter: bool = False  # for the dead-letter target, not for a destination
    attributes: dict[str, str] = {}
    failure: str | None = None  # why it was given up
    ended: float | None = None  # epoch seconds at which it was


class PutFunction(msgspec.Struct, frozen=True):
    """Create or replace a function with its `$LATEST`."""

    function: Function


class DeleteFunction(msgspec.Struct, frozen=True):
    """Remove a function with its versions, aliases, queued events; its records and logs stay until retention."""

    name: str


class PutVersion(msgspec.Struct, frozen=True):
    """Add a numbered version."""

    version: Version


class DeleteVersion(msgspec.Struct, frozen=True):
    """Remove a numbered version."""

    function_name: str
    version: str


class PutAlias(msgspec.Struct, frozen=True):
    """Create or replace an alias."""

    alias: Alias


class DeleteAlias(msgspec.Struct, frozen=True):
    """Remove an alias."""

    function_name: str
    name: str


class PutEvent(msgspec.Struct, frozen=True):
    """Queue an asynchronous event, or change its attempt and due time."""

    event: QueuedEvent


class DeleteEvent(msgspec.Struct, frozen=True):
    """An asynchronous event ended."""

    request_id: str


class PutDelivery(msgspec.Struct, frozen=True):
    """Keep a message until its target has it, or what became of it."""

    delivery: Delivery


class DeleteDelivery(msgspec.Struct, frozen=True):
    """The target has it, or it is forgotten."""

    delivery_id: str


class PutResource(msgspec.Struct, frozen=True):
    """Create or replace a layer's version, a code signing configuration or an event source mapping."""

    resource: Resource


class DeleteResource(msgspec.Struct, frozen=True):
    """Remove a resource."""

    key: str


class AddPoint(msgspec.Struct, frozen=True):
    """Count a figure that no invocation's record shows."""

    point: MetricPoint


Change = (
    PutFunction | DeleteFunction | PutVersion | DeleteVersion | PutAlias | DeleteAlias | PutEvent | DeleteEvent | PutResource
    | DeleteResource | PutDelivery | DeleteDelivery | AddPoint
)  # fmt: skip


class Contents(msgspec.Struct, frozen=True):
    """Everything the engine holds in memory."""

    functions: tuple[Function, ...]
    versions: tuple[Version, ...]
    aliases: tuple[Alias, ...]
    events: tuple[QueuedEvent, ...]
    resources: tuple[Resource, ...] = ()
    deliveries: tuple[Delivery, ...] = ()


class Store(Protocol):
    """Functions, packages, records and logs at rest."""

    async def load(self) -> Contents:
        """Read everything that `commit` keeps."""
        ...

    async def commit(self, changes: Sequence[Change]) -> None:
        """Apply all changes in one transaction; durable when it returns.

        Raises:
            DiskFull, StoreError: Nothing of it was applied.
        """
        ...

    def record(self, record: InvocationRecord, log: bytes = b"") -> None:
        """Append an ended invocation and its log to the journal: one `write`, microseconds, never blocks on SQLite.

        Raises:
            DiskFull, StoreError: It was not recorded.
        """
        ...

    async def invocations(
        self, function_name: str | None = None, *, limit: int = 100, before: float | None = None
    ) -> tuple[InvocationRecord, ...]:
        """Records, newest first; `before` is an epoch time to page by."""
        ...

    async def invocation(self, request_id: str) -> tuple[InvocationRecord, str] | None:
        """One record with its log, None if there is none."""
        ...

    async def log_events(
        self, function_name: str, *, since_sequence: int = 0, since: float = 0.0, request_id: str | None = None, limit: int = 1000
    ) -> tuple[LogEvent, ...]:
        """Logs, oldest first, after the sequence number and not before the time; the last `limit` of them when neither is given."""
        ...

    async def metrics(self, function_name: str, *, since: float = 0.0) -> Metrics:
        """A function's figures, counted from its records."""
        ...

    async def metric_facts(self, function_name: str | None, start: float, end: float) -> MetricFacts:
        """What metrics are counted from: invocations that arrived in a span (epoch seconds, its end not included), and points."""
        ...

    async def log_streams(self, log_group: str | None = None) -> tuple[StreamFacts, ...]:
        """The log streams of a group, or of all groups, by their names."""
        ...

    async def find_log_events(self, query: LogQuery) -> LogPage:
        """A page of log events, by their times."""
        ...

    async def delete_logs(self, log_group: str, *, log_stream: str | None = None, before_ms: int | None = None) -> None:
        """Remove logs of a group, of one stream, or of what ended before a moment; the records of invocations stay."""
        ...

    async def put_blob(self, data: bytes, sha256: str) -> None:
        """Keep a package under its hash; durable when it returns. Writing what is there already does nothing.

        Raises:
            CorruptBlob: `data` has another hash.
            DiskFull: No space; nothing is left behind.
        """
        ...

    def blob_upload(self, sha256: str) -> BlobUpload:
        """Keep a package that arrives in pieces (10 GB never stand in memory)."""
        ...

    async def has_blob(self, sha256: str) -> bool:
        """Whether the package is kept."""
        ...

    async def blob_bytes(self, sha256: str) -> int:
        """The package's size (CorruptBlob when it is missing)."""
        ...

    async def read_blob(self, sha256: str) -> bytes:
        """The package; CorruptBlob if its checksum is wrong or it is missing."""
        ...

    async def extract_blob(self, sha256: str) -> Path:
        """A folder with the package's files, made once per hash, verified, read-only, safe against hostile member names."""
        ...

    async def collect_garbage(self) -> int:
        """Remove packages and extracted folders that no version and no layer uses; returns bytes freed."""
        ...

    async def get_setting(self, name: str) -> str | None:
        """A small value kept in the home (e.g. generated credentials)."""
        ...

    async def put_setting(self, name: str, value: str) -> None:
        """Keep a small value; durable when it returns."""
        ...

    async def aclose(self) -> None:
        """Flush, fold the journal in, close. Safe to call twice."""
        ...


class BlobUpload(Protocol):
    """A package on its way in; nothing of it is visible before `finish`."""

    async def write(self, piece: bytes) -> None:
        """Add a piece (DiskFull)."""
        ...

    async def finish(self) -> int:
        """Verify the hash, make it durable, return its size in bytes (CorruptBlob, DiskFull)."""
        ...

    async def abort(self) -> None:
        """Forget it. Safe to call twice."""
        ...
