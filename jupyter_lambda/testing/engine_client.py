"""An engine client without an engine: functions in memory, handlers as Python callables.

For tests of what talks to an engine (magics, command line, views). It keeps the rules that its callers show to people: versions are
published only when something changed, numbers are never used twice, an alias's version can't be removed, another notebook's function
is refused. `tests/integration` holds the real one against the same expectations.
"""

from __future__ import annotations

import difflib
import json
import traceback
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from jupyter_lambda.errors import AliasNotFound, Conflict, FunctionNotFound, NotFound, OwnedByAnotherNotebook, VersionNotFound
from jupyter_lambda.model.engine_api import (
    PROTOCOL,
    AliasRequest,
    DeployAnswer,
    DeployRequest,
    EngineStatus,
    FunctionDetail,
    LogEvent,
    Metrics,
    VersionDifference,
)
from jupyter_lambda.model.function import Alias, Configuration, Function, PythonEnvironment, Version
from jupyter_lambda.model.invocation import InvocationRecord, InvocationResult, Status
from jupyter_lambda.model.names import LATEST, did_you_mean
from jupyter_lambda.model.saved_event import SavedTestEvent, check_test_event_name

_MODIFIED = "2026-11-25T10:00:00.000+0000"
Handler = Callable[[Any], Any]


class FakeEngineClient:
    """What `EngineClient` offers to commands and magics, from a dictionary."""

    def __init__(self) -> None:
        self.details: dict[str, FunctionDetail] = {}
        self.handlers: dict[str, Handler] = {}
        self.log_events: list[LogEvent] = []
        self.records: list[InvocationRecord] = []
        self.saved_events: dict[tuple[str, str], SavedTestEvent] = {}
        self.closed = False

    # -- for the test ------------------------------------------------------------------------------

    def add(self, name: str, handler: Handler = lambda event: event, *, source: str = "", **options: Any) -> FunctionDetail:
        """Deploy a function as a notebook would; `options` are members of `Configuration`."""
        request = DeployRequest(
            package_sha256="0" * 64, content_digest=source, handler=f"{name}.handler", runtime="python3.11",
            python=PythonEnvironment(executable="python3", prefix="", base_prefix="", version="3.11.7"),
            options=options, source=source,
        )  # fmt: skip
        self.handlers[name] = handler
        self.deploy(name, request)
        return self.details[name]

    def close(self) -> None:
        """Note that it was closed."""
        self.closed = True

    # -- what EngineClient has ---------------------------------------------------------------------

    def status(self) -> EngineStatus:
        """A process-sandbox engine."""
        return EngineStatus(
            url="http://127.0.0.1:1", pid=1, home="home", sandbox="process", environments=0, version="0", protocol=PROTOCOL,
            runtime_file="home/run/engine.json", functions=len(self.details), sandbox_note="Docker doesn't answer.",
        )  # fmt: skip

    def functions(self) -> tuple[FunctionDetail, ...]:
        """All of them."""
        return tuple(self.details.values())

    def function(self, name: str) -> FunctionDetail:
        """One of them; `FunctionNotFound` with the nearest name."""
        if name not in self.details:
            hint = did_you_mean(name, self.details)
            raise FunctionNotFound(f'function "{name}"', "there is no such function", hint)
        return self.details[name]

    def deploy(self, name: str, request: DeployRequest) -> DeployAnswer:
        """Create or change; publish when content or configuration changed."""
        before = self.details.get(name)
        owner = before.function.notebook if before else request.notebook
        if before and owner != request.notebook and not request.take_over:
            raise OwnedByAnotherNotebook(f'function "{name}"', f"{owner} deployed it", "Add --take-over to the line.")
        latest = self._latest(name, request, before)
        changed = before is None or _differs(before.function.latest, latest)
        function = Function(
            name=name, latest=latest, notebook=request.notebook, created=_MODIFIED,
            last_version=before.function.last_version if before else 0,
        )  # fmt: skip
        self.details[name] = FunctionDetail(
            function=function, versions=before.versions if before else (), aliases=before.aliases if before else (),
            unpublished_changes=changed or bool(before and before.unpublished_changes),
        )  # fmt: skip
        version = self.publish(name, description=request.description).version if request.publish else None
        if request.alias is not None and version is not None:
            self._point(name, request, version)
        return DeployAnswer(
            function=self.details[name].function, version=version, created=before is None, published=changed and request.publish,
            changed=("code",) if before and changed else (),
        )  # fmt: skip

    def publish(self, name: str, *, description: str = "") -> Version:
        """A new number if something changed since the last one."""
        detail = self.function(name)
        if detail.versions and not detail.unpublished_changes:
            return detail.versions[-1]
        number = detail.function.last_version + 1
        version = msgspec.structs.replace(detail.function.latest, version=str(number), description=description)
        self.details[name] = msgspec.structs.replace(
            detail, function=msgspec.structs.replace(detail.function, last_version=number),
            versions=(*detail.versions, version), unpublished_changes=False,
        )  # fmt: skip
        return version

    def version(self, name: str, version: str) -> Version:
        """A numbered version, or `$LATEST`."""
        detail = self.function(name)
        known = {LATEST: detail.function.latest, **{v.version: v for v in detail.versions}}
        if version not in known:
            raise VersionNotFound(f'version {version} of function "{name}"', "there is no such version")
        return known[version]

    def difference(self, name: str, before: str, after: str) -> VersionDifference:
        """Sources as a unified diff, configurations member by member."""
        one, other = self.version(name, before), self.version(name, after)
        old, new = msgspec.to_builtins(one.configuration), msgspec.to_builtins(other.configuration)
        lines = difflib.unified_diff(one.source.splitlines(), other.source.splitlines(), before, after, lineterm="")
        return VersionDifference(
            function_name=name, before=before, after=after, source="\n".join(lines),
            configuration={key: (old[key], new[key]) for key in old if old[key] != new[key]},
        )  # fmt: skip

    def put_alias(self, name: str, alias_name: str, request: AliasRequest) -> Alias:
        """Create or point an alias."""
        detail = self.function(name)
        for version in filter(None, (request.version, request.additional_version)):
            self.version(name, version)
        alias = Alias(
            function_name=name, name=alias_name, version=request.version, additional_version=request.additional_version,
            additional_weight=request.additional_weight, description=request.description,
        )  # fmt: skip
        others = tuple(a for a in detail.aliases if a.name != alias_name)
        self.details[name] = msgspec.structs.replace(detail, aliases=(*others, alias))
        return alias

    def delete_alias(self, name: str, alias_name: str) -> None:
        """Remove an alias."""
        detail = self.function(name)
        kept = tuple(alias for alias in detail.aliases if alias.name != alias_name)
        if len(kept) == len(detail.aliases):
            raise AliasNotFound(f'alias "{alias_name}" of function "{name}"', "there is no such alias")
        self.details[name] = msgspec.structs.replace(detail, aliases=kept)

    def delete(self, name: str, *, qualifier: str | None = None) -> None:
        """Remove a function, or a version that no alias points to."""
        detail = self.function(name)
        if qualifier is None:
            del self.details[name]
            return
        self.version(name, qualifier)
        if any(qualifier in (alias.version, alias.additional_version) for alias in detail.aliases):
            raise Conflict(
                f'version {qualifier} of function "{name}"', "an alias points to it", "Point the alias elsewhere first."
            )
        kept = tuple(version for version in detail.versions if version.version != qualifier)
        self.details[name] = msgspec.structs.replace(detail, versions=kept)

    def test_events(self, name: str) -> tuple[SavedTestEvent, ...]:
        """The saved ones, by name."""
        self.function(name)
        return tuple(event for (function, _), event in sorted(self.saved_events.items()) if function == name)

    def put_test_event(self, name: str, event_name: str, event: bytes) -> SavedTestEvent:
        """Keep it."""
        check_test_event_name(name, event_name)
        saved = SavedTestEvent(function_name=name, name=event_name, event=event.decode(), last_modified=_MODIFIED)
        self.saved_events[name, event_name] = saved
        return saved

    def delete_test_event(self, name: str, event_name: str) -> None:
        """Forget it."""
        if self.saved_events.pop((name, event_name), None) is None:
            raise NotFound(f'function "{name}"', f'there is no test event "{event_name}"', "")

    def metrics(self, name: str, *, since: float = 0.0) -> Metrics:
        """Counted from what was invoked here."""
        self.function(name)
        mine = [record for record in self.records if record.function_name == name and record.arrived >= since]
        errors = sum(1 for record in mine if record.status is not Status.SUCCEEDED)
        return Metrics(function_name=name, since=since, invocations=len(mine), errors=errors)

    def logs(self, name: str, *, since: float = 0.0, request_id: str | None = None, limit: int = 1000) -> tuple[LogEvent, ...]:
        """What the test put into `log_events`."""
        self.function(name)
        kept = [e for e in self.log_events if e.timestamp >= since and request_id in (None, e.request_id)]
        return tuple(kept[-limit:])

    def follow_logs(self, name: str) -> Iterator[LogEvent]:
        """The same, one after the other, then the end."""
        self.function(name)
        yield from self.log_events

    def invoke(
        self, name: str, payload: bytes, *, qualifier: str | None = None, invocation_type: str = "RequestResponse",
        request_id: str | None = None,
    ) -> InvocationResult:  # fmt: skip
        """Run the handler here."""
        detail = self.function(name)
        version = self.version(name, qualifier).version if qualifier and qualifier.isdigit() else detail.function.latest.version
        request_id = request_id or str(uuid.uuid4())
        answer, status, error_type = self._answer(name, payload)
        configuration = detail.function.latest.configuration
        record = InvocationRecord(
            request_id=request_id, function_name=name, version=version, qualifier=qualifier, status=status, duration_ms=1.5,
            billed_ms=2, memory_mib=configuration.memory_mib, max_memory_mib=30, timeout_seconds=configuration.timeout_seconds,
            error_type=error_type, invocation_type=invocation_type,
        )  # fmt: skip
        self.records.append(record)
        return InvocationResult(payload=b"" if invocation_type == "Event" else answer, record=record, log=b"START\nEND\n")

    def _answer(self, name: str, payload: bytes) -> tuple[bytes, Status, str | None]:
        try:
            return json.dumps(self.handlers[name](json.loads(payload))).encode(), Status.SUCCEEDED, None
        except Exception as error:
            body = {
                "errorMessage": str(error),
                "errorType": type(error).__name__,
                "stackTrace": traceback.format_tb(error.__traceback__),
            }
            return json.dumps(body).encode(), Status.FAILED, type(error).__name__

    def _latest(self, name: str, request: DeployRequest, before: FunctionDetail | None) -> Version:
        base = before.function.latest.configuration if before else Configuration()
        options = {**msgspec.to_builtins(base), "handler": request.handler, "runtime": request.runtime, **request.options}
        return Version(
            function_name=name, version=LATEST, configuration=msgspec.convert(options, Configuration),
            package_sha256=request.package_sha256, package_bytes=1_000, content_digest=request.content_digest,
            revision_id=str(uuid.uuid4()), last_modified=_MODIFIED, python=request.python, source=request.source,
            manifest=request.manifest, notebook=request.notebook,
        )  # fmt: skip

    def _point(self, name: str, request: DeployRequest, version: str) -> None:
        here = next((alias for alias in self.details[name].aliases if alias.name == request.alias), None)
        assert request.alias is not None  # the caller looked
        if request.alias_weight is None or here is None:
            self.put_alias(name, request.alias, AliasRequest(version=version))
        else:
            shared = AliasRequest(version=here.version, additional_version=version, additional_weight=request.alias_weight)
            self.put_alias(name, request.alias, shared)


def _differs(one: Version, other: Version) -> bool:
    return (one.content_digest, one.configuration) != (other.content_digest, other.configuration)
