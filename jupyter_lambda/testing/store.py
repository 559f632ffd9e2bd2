"""A store in memory: what the store on disk does, without a file but for extracted packages. One contract suite holds both."""

from __future__ import annotations

import asyncio
import hashlib
import io
import secrets
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from jupyter_lambda.errors import StoreError
from jupyter_lambda.model.engine_api import LogEvent, Metrics
from jupyter_lambda.model.logs import StreamFacts
from jupyter_lambda.model.metrics import CountedInvocation, MetricFacts
from jupyter_lambda.model.resources import LayerVersion
from jupyter_lambda.store import zip_package
from jupyter_lambda.store.blobs import KEPT_AFTER_UPLOAD_SECONDS, check_sha256, corrupt
from jupyter_lambda.store.journal import without_surrogates
from jupyter_lambda.store.protocol import (
    AddPoint,
    Change,
    Contents,
    DeleteAlias,
    DeleteDelivery,
    DeleteEvent,
    DeleteFunction,
    DeleteResource,
    DeleteVersion,
    Delivery,
    PutAlias,
    PutDelivery,
    PutEvent,
    PutFunction,
    PutResource,
    PutVersion,
    QueuedEvent,
)
from jupyter_lambda.telemetry.log_events import log_group_of, log_span_ms
from jupyter_lambda.telemetry.log_search import StoredLog, search
from jupyter_lambda.telemetry.metrics import summarise

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from jupyter_lambda.clock import Clock
    from jupyter_lambda.model.function import Alias, Function, Version
    from jupyter_lambda.model.invocation import InvocationRecord
    from jupyter_lambda.model.logs import LogPage, LogQuery
    from jupyter_lambda.model.metrics import MetricPoint
    from jupyter_lambda.model.resources import Resource


class _Recorded(NamedTuple):
    sequence: int
    record: InvocationRecord
    log: bytes


class MemoryStore:
    """Implements `Store`.

    Args:
        folder: Where packages are extracted to; a test's temporary folder.
        clock: Tells when a package was asked for last.

    Attributes:
        failure: Raised by `commit` and `record` while it is set, e.g. a `DiskFull`: nothing is kept then.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.failure: StoreError | None = None
        self._folder = folder
        self._clock = clock
        self._is_closed = False
        self._functions: dict[str, Function] = {}
        self._versions: dict[tuple[str, str], Version] = {}
        self._aliases: dict[tuple[str, str], Alias] = {}
        self._events: dict[str, QueuedEvent] = {}
        self._deliveries: dict[str, Delivery] = {}
        self._settings: dict[str, str] = {}
        self._resources: dict[str, Resource] = {}
        self._records: list[_Recorded] = []
        self._points: list[MetricPoint] = []
        self._blobs: dict[str, bytes] = {}
        self._asked: dict[str, float] = {}  # by hash: when, in epoch seconds
        self._extracting: dict[str, asyncio.Lock] = {}

    def _check(self, *, writes: bool = False) -> None:
        if self._is_closed:
            raise StoreError("store", "it is closed", "")
        if writes and self.failure is not None:
            raise self.failure

    # -- what is committed ------------------------------------------------------------------------------------------------

    async def load(self) -> Contents:
        """Everything that `commit` keeps."""
        self._check()
        return Contents(
            functions=tuple(self._functions[name] for name in sorted(self._functions)),
            versions=tuple(self._versions[key] for key in sorted(self._versions, key=lambda k: (k[0], len(k[1]), k[1]))),
            aliases=tuple(self._aliases[key] for key in sorted(self._aliases)),
            events=tuple(sorted(self._events.values(), key=lambda event: (event.accepted, event.request_id))),
            resources=tuple(self._resources[key] for key in sorted(self._resources)),
            deliveries=tuple(sorted(self._deliveries.values(), key=lambda one: (one.accepted, one.delivery_id))),
        )

    async def commit(self, changes: Sequence[Change]) -> None:
        """Apply all changes."""
        self._check(writes=True)
        for change in changes:
            self._apply(change)

    def _apply(self, change: Change) -> None:
        match change:
            case PutFunction(function):
                self._functions[function.name] = function
            case DeleteFunction(name):
                self._functions.pop(name, None)
                self._versions = {k: v for k, v in self._versions.items() if k[0] != name}
                self._aliases = {k: v for k, v in self._aliases.items() if k[0] != name}
                self._events = {k: v for k, v in self._events.items() if v.function_name != name}
            case PutVersion(version):
                self._versions[version.function_name, version.version] = version
            case DeleteVersion(function_name, number):
                self._versions.pop((function_name, number), None)
            case PutAlias(alias):
                self._aliases[alias.function_name, alias.name] = alias
            case DeleteAlias(function_name, name):
                self._aliases.pop((function_name, name), None)
            case PutEvent(event):
                self._events[event.request_id] = event
            case DeleteEvent(request_id):
                self._events.pop(request_id, None)
            case PutDelivery(delivery):
                self._deliveries[delivery.delivery_id] = delivery
            case DeleteDelivery(delivery_id):
                self._deliveries.pop(delivery_id, None)
            case PutResource(resource):
                self._resources[resource.key] = resource
            case DeleteResource(key):
                self._resources.pop(key, None)
            case AddPoint(point):
                self._points.append(point)

    async def get_setting(self, name: str) -> str | None:
        """A small value."""
        self._check()
        return self._settings.get(name)

    async def put_setting(self, name: str, value: str) -> None:
        """Keep a small value."""
        self._check(writes=True)
        self._settings[name] = value

    # -- what is recorded -------------------------------------------------------------------------------------------------

    def record(self, record: InvocationRecord, log: bytes = b"") -> None:
        """Keep an ended invocation and its log."""
        self._check(writes=True)
        sequence = self._records[-1].sequence + 1 if self._records else 1
        self._records.append(_Recorded(sequence, without_surrogates(record), log))

    async def invocations(
        self, function_name: str | None = None, *, limit: int = 100, before: float | None = None
    ) -> tuple[InvocationRecord, ...]:
        """Records by arrival, newest first."""
        self._check()
        found = [
            kept
            for kept in self._records
            if function_name in (None, kept.record.function_name) and (before is None or kept.record.arrived < before)
        ]
        found.sort(key=lambda kept: (kept.record.arrived, kept.sequence), reverse=True)
        return tuple(kept.record for kept in found[: max(0, limit)])

    async def invocation(self, request_id: str) -> tuple[InvocationRecord, str] | None:
        """The newest record of a request with its log."""
        self._check()
        for kept in reversed(self._records):
            if kept.record.request_id == request_id:
                return kept.record, kept.log.decode(errors="replace")
        return None

    async def log_events(
        self, function_name: str, *, since_sequence: int = 0, since: float = 0.0, request_id: str | None = None, limit: int = 1000
    ) -> tuple[LogEvent, ...]:
        """Logs, oldest first."""
        self._check()
        found = [
            LogEvent(
                sequence=kept.sequence,
                timestamp=kept.record.arrived,
                request_id=kept.record.request_id,
                log_stream=kept.record.log_stream,
                text=kept.log.decode(errors="replace"),
            )
            for kept in self._records
            if kept.log
            and kept.record.function_name == function_name
            and kept.sequence > since_sequence
            and kept.record.arrived >= since
            and request_id in (None, kept.record.request_id)
        ]
        most = max(0, limit)
        return tuple(found[:most] if since_sequence > 0 or since > 0 else found[len(found) - most if most < len(found) else 0 :])

    async def metrics(self, function_name: str, *, since: float = 0.0) -> Metrics:
        """A function's figures."""
        self._check()
        return summarise(function_name, (kept.record for kept in self._records), since=since)

    async def metric_facts(self, function_name: str | None, start: float, end: float) -> MetricFacts:
        """What the metrics of a span are counted from."""
        self._check()
        return MetricFacts(
            tuple(
                msgspec.convert(msgspec.to_builtins(kept.record), CountedInvocation)
                for kept in self._records
                if function_name in (None, kept.record.function_name) and start <= kept.record.arrived < end
            ),
            tuple(p for p in self._points if function_name in (None, p.function_name) and start <= p.moment < end),
        )

    async def log_streams(self, log_group: str | None = None) -> tuple[StreamFacts, ...]:
        """The log streams of a group, or of all groups."""
        self._check()
        found: dict[tuple[str, str], StreamFacts] = {}
        for _, record, log in self._records:
            group, (first, last) = log_group_of(record), log_span_ms(record)
            if log and log_group in (None, group):
                key = (group, record.log_stream)
                known = found.get(key, StreamFacts(*key, first, last, 0))
                found[key] = StreamFacts(*key, min(known[2], first), max(known[3], last), known[4] + len(log))
        return tuple(found[key] for key in sorted(found))

    async def find_log_events(self, query: LogQuery) -> LogPage:
        """A page of log events, by their times."""
        self._check()
        logs = [
            StoredLog(*kept)
            for kept in self._records
            if kept.log
            and log_group_of(kept.record) == query.log_group
            and (query.log_streams is None or kept.record.log_stream in query.log_streams)
            and kept.record.log_stream.startswith(query.prefix)
        ]
        end = 1 if query.backward else 0
        logs.sort(key=lambda stored: (log_span_ms(stored.record)[end], stored.sequence), reverse=query.backward)
        return search(query, logs)

    async def delete_logs(self, log_group: str, *, log_stream: str | None = None, before_ms: int | None = None) -> None:
        """Remove logs; the records of invocations stay."""
        self._check(writes=True)

        def goes(record: InvocationRecord) -> bool:
            return (
                log_group_of(record) == log_group
                and log_stream in (None, record.log_stream)
                and (before_ms is None or log_span_ms(record)[1] < before_ms)
            )

        self._records = [kept._replace(log=b"") if goes(kept.record) else kept for kept in self._records]

    # -- packages ---------------------------------------------------------------------------------------------------------

    async def put_blob(self, data: bytes, sha256: str) -> None:
        """Keep a package under its hash."""
        self._check(writes=True)
        if hashlib.sha256(data).hexdigest() != check_sha256(sha256):
            raise corrupt(sha256, "the bytes that arrived have another checksum")
        self._blobs[sha256] = data
        self._asked[sha256] = self._clock.epoch()

    def blob_upload(self, sha256: str) -> MemoryUpload:
        """Keep a package that arrives in pieces."""
        return MemoryUpload(self, check_sha256(sha256))

    async def has_blob(self, sha256: str) -> bool:
        """Whether the package is kept."""
        self._check()
        self._asked[check_sha256(sha256)] = self._clock.epoch()
        return sha256 in self._blobs

    async def read_blob(self, sha256: str) -> bytes:
        """The package."""
        self._check()
        if check_sha256(sha256) not in self._blobs:
            raise corrupt(sha256, "it is missing")
        return self._blobs[sha256]

    async def extract_blob(self, sha256: str) -> Path:
        """A folder with the package's files, made once for each hash."""
        data = await self.read_blob(sha256)
        target = self._folder / sha256
        async with self._extracting.setdefault(sha256, asyncio.Lock()):
            if not target.is_dir():
                draft = self._folder / f"{sha256}.{secrets.token_hex(4)}.draft"
                draft.mkdir(parents=True)
                await asyncio.to_thread(zip_package.extract, io.BytesIO(data), draft)
                draft.rename(target)
        return target

    async def collect_garbage(self) -> int:
        """Forget packages that nothing uses and nobody asked for in the last hour; extracted folders stay for the test's end."""
        self._check()
        used = {version.package_sha256 for version in self._versions.values()}
        used |= {function.latest.package_sha256 for function in self._functions.values()}
        used |= {version.layers_package for version in self._versions.values()}
        used |= {function.latest.layers_package for function in self._functions.values()}
        used |= {resource.package_sha256 for resource in self._resources.values() if isinstance(resource, LayerVersion)}
        now = self._clock.epoch()
        old = [s for s in self._blobs if s not in used and now - self._asked[s] > KEPT_AFTER_UPLOAD_SECONDS]
        return sum(len(self._blobs.pop(sha256)) for sha256 in old)

    async def aclose(self) -> None:
        """Take no more. Safe to call twice."""
        self._is_closed = True


class MemoryUpload:
    """Implements `BlobUpload`."""

    def __init__(self, store: MemoryStore, sha256: str) -> None:
        self._store = store
        self._sha256 = sha256
        self._pieces: list[bytes] | None = []

    async def write(self, piece: bytes) -> None:
        """Add a piece."""
        self._open_pieces().append(piece)

    async def finish(self) -> int:
        """Keep what came; returns its size in bytes."""
        data = b"".join(self._open_pieces())
        self._pieces = None
        await self._store.put_blob(data, self._sha256)
        return len(data)

    async def abort(self) -> None:
        """Forget it. Safe to call twice."""
        self._pieces = None

    def _open_pieces(self) -> list[bytes]:
        if self._pieces is None:
            raise StoreError(f"package {self._sha256[:12]}…", "its upload has ended", "Begin another one.")
        return self._pieces
