"""What the engine API carries: requests and answers under `/engine/v1/`, shared by `api` and `client`.

Every body is JSON of these structs in snake_case. An error answer is an `ErrorBody` with the HTTP status of its AWS code.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from jupyter_lambda.model.environment import Enforcement, EnvironmentView
from jupyter_lambda.model.function import Alias, Function, PythonEnvironment, Version
from jupyter_lambda.model.host import ImageBuildView
from jupyter_lambda.model.invocation import InvocationRecord

PROTOCOL: Final = 1  # N and N±1 work together
TOKEN_HEADER: Final = "authorization"
TELEMETRY_HEADER: Final = "x-jupyter-lambda-telemetry"  # on a request: 1 asks for the record and the whole log
RECORD_HEADER: Final = "x-jupyter-lambda-record"  # on an answer: the InvocationRecord as JSON (ASCII, escaped)
LOG_BYTES_HEADER: Final = "x-jupyter-lambda-log-bytes"  # on an answer: the body is payload, then this many bytes of log


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """An error as the engine API answers it; `kind` names the class in `errors`."""

    kind: str
    code: str  # AWS's
    where: str
    what: str
    suggestion: str = ""
    members: dict[str, str] = {}


class Hello(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers."""

    protocol: int
    version: str
    pid: int
    home: str
    sandbox: str  # process | docker: what is in use
    url: str
    environments: int = 0


class SandboxStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A sandbox that is open."""

    kind: str
    enforcement: tuple[Enforcement, ...]


class EngineStatus(msgspec.Struct, frozen=True, kw_only=True):
    """`engine status --json`, and what `start` prints (its first four members)."""

    url: str
    pid: int
    home: str
    sandbox: str
    environments: int
    version: str
    protocol: int
    runtime_file: str
    started: float = 0.0
    account_id: str = ""
    region: str = ""
    auth: str = "sigv4"
    functions: int = 0
    running: int = 0
    queued_events: int = 0
    budget_mib: int = 0
    budget_used_mib: int = 0
    concurrency: int = 0
    sandbox_note: str = ""  # why this sandbox, how to switch
    enforcement: tuple[Enforcement, ...] = ()  # of the engine's own sandbox
    sandboxes: tuple[SandboxStatus, ...] = ()  # the engine's own first, then what functions have asked for besides
    warnings: tuple[str, ...] = ()
    default_image: str = ""  # what containers start from: host | build; empty: no containers
    wheel_folder: str = ""  # where packages for requirements are; empty: on the index
    image_builds: tuple[ImageBuildView, ...] = ()  # what is being built now


class SettingView(msgspec.Struct, frozen=True, kw_only=True):
    """One of the engine's settings: `engine start --set NAME=VALUE`."""

    name: str
    value: str  # in use
    default: str
    accepts: str
    description: str


class DeployRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Make or change a function from an uploaded package.

    `options` holds only what the caller set (the cell's line); everything else stays as it is on `$LATEST`.
    """

    package_sha256: str
    content_digest: str
    handler: str
    runtime: str
    python: PythonEnvironment | None = None  # None: a package whose `bootstrap` is its runtime
    options: dict[str, Any] = {}  # members of Configuration by name
    preload: tuple[str, ...] = ()
    requirements_folder: str | None = None
    source: str = ""
    manifest: dict[str, Any] = {}
    notebook: str | None = None
    take_over: bool = False
    publish: bool = True
    description: str = ""
    alias: str | None = None
    alias_weight: float | None = None  # None: the alias points to the new version alone
    reserved_concurrency: int | None = None
    provisioned_concurrency: int | None = None


class ImageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Have the image at hand that a function like this would run in."""

    python: PythonEnvironment | None = None
    image: str | None = None  # None: what the engine uses
    sandbox: str | None = None  # None: the engine's own
    requirements: tuple[str, ...] = ()


class ImageProgress(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the answer: what the build tells, or as the last one the image or an error."""

    line: str | None = None
    image: str | None = None  # what identifies its content; empty: this engine needs none
    error: ErrorBody | None = None


class DeployAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a deployment did."""

    function: Function
    version: str | None  # the published version that equals $LATEST now; None with publish=False and nothing published
    created: bool
    published: bool  # a new number was given out
    changed: tuple[str, ...] = ()  # "code", "memory_mib 128 → 512", …
    kept: tuple[str, ...] = ()  # options that differ from their default and did not stand on the line: "memory_mib 512"
    warnings: tuple[str, ...] = ()


class ConfigurationChange(msgspec.Struct, frozen=True, kw_only=True):
    """Change `$LATEST`'s configuration; only what is given changes."""

    options: dict[str, Any]
    revision_id: str | None = None
    reserved_concurrency: int | None = None
    clear_reserved_concurrency: bool = False


class PublishRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Publish `$LATEST` as a version; answers the last one if nothing changed since."""

    description: str = ""


class AliasRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Create or change an alias."""

    version: str
    additional_version: str | None = None
    additional_weight: float = 0.0
    description: str = ""
    revision_id: str | None = None


class FunctionDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A function with everything a view needs at once."""

    function: Function
    versions: tuple[Version, ...]  # numbered ones, oldest first
    aliases: tuple[Alias, ...]
    unpublished_changes: bool
    environments: tuple[EnvironmentView, ...] = ()
    sandbox: str = ""  # process | docker: where `$LATEST` runs
    enforcement: tuple[Enforcement, ...] = ()  # what holds its limits there; empty as long as that sandbox was not needed
    building: str = ""  # what the build of its image said last; empty: none is being built for it


class VersionDifference(msgspec.Struct, frozen=True, kw_only=True):
    """What changed between two versions."""

    function_name: str
    before: str
    after: str
    configuration: dict[str, tuple[Any, Any]]
    source: str  # unified diff of the sources, empty when equal
    captured: dict[str, tuple[Any, Any]] = {}  # captured names whose digest, type or size differ: (before, after)


class LogEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One invocation's log (or an init's that no invocation followed)."""

    sequence: int  # grows; `?since=` continues after it
    timestamp: float
    request_id: str
    log_stream: str
    text: str


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """A function's figures over a span, counted from the records."""

    function_name: str
    since: float
    invocations: int = 0
    errors: int = 0
    throttles: int = 0
    cold_starts: int = 0
    duration_p50_ms: float | None = None
    duration_p99_ms: float | None = None
    duration_max_ms: float | None = None
    init_p50_ms: float | None = None
    billed_ms: int = 0
    gb_seconds: float = 0.0
    cost_usd: float = 0.0
    max_memory_mib: int = 0
    versions: dict[str, int] = {}  # invocations by executed version


class RunningView(msgspec.Struct, frozen=True, kw_only=True):
    """An invocation that has not ended."""

    request_id: str
    function_name: str
    version: str
    arrived: float  # epoch seconds
    qualifier: str | None = None
    waiting: bool = False  # for an environment: its handler has not begun


class WindowCounts(msgspec.Struct, frozen=True, kw_only=True):
    """A function's invocations that ended within one message of the merged stream, all of them."""

    function_name: str
    invocations: int = 0
    errors: int = 0
    throttles: int = 0
    cold_starts: int = 0


class InvocationPage(msgspec.Struct, frozen=True, kw_only=True):
    """Invocations, newest first."""

    invocations: tuple[InvocationRecord, ...]
