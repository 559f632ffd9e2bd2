"""A function, its versions and its aliases, as values."""

from __future__ import annotations

import math
import posixpath
import re
from typing import Any, Final

import msgspec

from jupyter_lambda.errors import RequestError, ValidationError
from jupyter_lambda.model import limits
from jupyter_lambda.model.function_settings import FunctionSettings

SANDBOXES: Final = ("process", "docker")


class PythonEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """The Python that a version's workers run on: that of the kernel which deployed it."""

    executable: str  # real `sys.executable`, the venv's own one where there is a venv
    prefix: str
    base_prefix: str
    version: str  # "3.11.7"
    sys_path: tuple[str, ...] = ()  # absolute entries, in order; neither the working directory nor the notebook's folder

    @property
    def minor(self) -> str:
        """`3.11` of `3.11.7`: what pickles and compiled packages depend on."""
        return ".".join(self.version.split(".")[:2])


class Mount(msgspec.Struct, frozen=True):
    """A folder of the host that workers see read-only, at `target`, outside package and digest."""

    source: str
    target: str


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """What can be set on a function; a published version has its own, unchangeable one."""

    memory_mib: int = limits.MEMORY_MIB_DEFAULT
    timeout_seconds: int = limits.TIMEOUT_SECONDS_DEFAULT
    ephemeral_mib: int = limits.EPHEMERAL_MIB_DEFAULT
    handler: str = ""
    runtime: str = ""
    environment: dict[str, str] = {}
    description: str = ""
    sandbox: str | None = None  # None: the engine's
    image: str | None = None
    network: str | None = None
    layers: tuple[str, ...] = ()
    mounts: tuple[Mount, ...] = ()
    requirements: tuple[str, ...] = ()  # pip's lines, canonical order
    role: str = ""
    architecture: str = "x86_64"  # as AWS names it; code runs on this machine's
    dead_letter: str | None = None  # ARN of a queue or topic
    logging: dict[str, str] = {}  # LoggingConfig, members as AWS names them
    kept: dict[str, Any] = {}  # members of AWS's configuration that have no effect here, as they were given


def sandbox_kind(configuration: Configuration, own: str) -> str:
    """Which sandbox a function runs in; `own` is the engine's. An image needs containers."""
    return configuration.sandbox or ("docker" if configuration.image is not None else own)


_VARIABLE = re.compile(r"[a-zA-Z]([a-zA-Z0-9_])+")


def check_configuration(configuration: Configuration) -> Configuration:
    """Return the configuration if AWS would take each of its values.

    Raises:
        RequestError: A value is out of range; the message names the value, its range and its unit.
    """
    _check_range("memory", "MemorySize", configuration.memory_mib, limits.MEMORY_MIB_MIN, limits.MEMORY_MIB_MAX, "MB")
    _check_range("timeout", "Timeout", configuration.timeout_seconds, limits.TIMEOUT_SECONDS_MIN, limits.TIMEOUT_SECONDS_MAX, "s")
    _check_range(
        "ephemeral", "EphemeralStorage.Size", configuration.ephemeral_mib,
        limits.EPHEMERAL_MIB_MIN, limits.EPHEMERAL_MIB_MAX, "MB",
    )  # fmt: skip
    if len(configuration.description) > limits.DESCRIPTION_LENGTH_MAX:
        raise RequestError("description", f"longer than {limits.DESCRIPTION_LENGTH_MAX} characters", "Shorten it.")
    if len(configuration.handler) > limits.HANDLER_LENGTH_MAX:
        raise RequestError("handler", f"longer than {limits.HANDLER_LENGTH_MAX} characters", "Shorten it.")
    if len(configuration.layers) > limits.LAYERS_MAX:
        raise RequestError(
            "layers", f"{len(configuration.layers)} given", f"Lambda takes {limits.LAYERS_MAX} at most.",
            aws_message=f"Cannot reference more than {limits.LAYERS_MAX} layers.", members={"Type": "User"},
        )  # fmt: skip
    if configuration.sandbox not in (None, *SANDBOXES):
        raise RequestError(f'sandbox "{configuration.sandbox}"', "there is no such sandbox", "Use process or docker.")
    if configuration.network not in (None, "none", "bridge"):
        raise RequestError(f'network "{configuration.network}"', "there is no such network", "Use none or bridge.")
    _check_mounts(configuration.mounts)
    if configuration.runtime and configuration.runtime not in limits.RUNTIMES:
        from jupyter_lambda.model.names import did_you_mean  # names imports nothing of this module: no cycle

        allowed = ", ".join(limits.RUNTIMES)
        raise RequestError(
            f'runtime "{configuration.runtime}"', "Lambda knows no such runtime",
            did_you_mean(configuration.runtime, limits.RUNTIMES) or f"It knows {allowed}.",
            aws_message=f"Value {configuration.runtime} at 'runtime' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{allowed}] or be a valid ARN", members={"Type": "User"},
        )  # fmt: skip
    _check_environment(configuration.environment)
    return configuration


# What stands there is the worker's own: the system's programs, Lambda's package, devices, the sockets to the engine.
_TAKEN: Final = frozenset({"/", "/etc", "/lib", "/lib64", "/run", "/tmp", "/usr", "/var"})  # noqa: S108 - places of a worker
_CLOSED: Final = ("/bin", "/dev", "/proc", "/run/jupyter-lambda", "/sbin", "/sys", "/var/task")


def _check_mounts(mounts: tuple[Mount, ...]) -> None:
    seen: set[str] = set()
    for mount in mounts:
        where, target = f'mount "{mount.source}:{mount.target}"', mount.target
        if not target.startswith("/") or ".." in target.split("/"):
            raise RequestError(where, "its place in the worker is no absolute path", "Use e.g. HOST:/mnt/data.")
        place = posixpath.normpath(target)
        if place in _TAKEN or any(place == closed or place.startswith(f"{closed}/") for closed in _CLOSED):
            raise RequestError(where, f"{place} is the worker's own", "Give it another place, e.g. HOST:/mnt/data.")
        if place in seen:
            raise RequestError(where, f"another folder is mounted at {place}", "Give each a place of its own.")
        seen.add(place)


def _check_range(option: str, member: str, value: int, low: int, high: int, unit: str) -> None:
    if not low <= value <= high:
        bound, word = (low, "greater") if value < low else (high, "less")
        path = member[0].lower() + member[1:]
        raise ValidationError(
            f"{option} {value} {unit}", f"out of range: {low:,}–{high:,} {unit}", f"Use --{option} {bound}.",
            aws_message=f"1 validation error detected: Value '{value}' at '{path}' failed to satisfy constraint: "
            f"Member must have value {word} than or equal to {bound}",
        )  # fmt: skip


def _check_environment(variables: dict[str, str]) -> None:
    for name in variables:
        if not _VARIABLE.fullmatch(name):
            raise ValidationError(
                f'environment variable "{name}"', "starts with a letter, then letters, digits and _; two characters at least"
            )
    reserved = sorted(limits.RESERVED_VARIABLES & variables.keys())
    if reserved:
        raise RequestError(
            f"environment variable {', '.join(reserved)}", "Lambda sets it itself", "Choose another name.",
            aws_message="Lambda was unable to configure your environment variables because the environment variables you have "
            "provided contains reserved keys that are currently not supported for modification. Reserved keys used in this "
            f"request: {', '.join(reserved)}", members={"Type": "User"},
        )  # fmt: skip
    measured = msgspec.json.encode(variables)
    if len(measured) > limits.ENVIRONMENT_BYTES_MAX:
        raise RequestError(
            "environment variables", f"{len(measured):,} bytes in all, and Lambda takes {limits.ENVIRONMENT_BYTES_MAX:,}",
            "Put large values into the package (--files) or a mounted folder (--mount).",
            aws_message="Lambda was unable to configure your environment variables because the environment variables you have "
            f"provided exceeded the 4KB limit. String measured: {measured.decode()}", members={"Type": "User"},
        )  # fmt: skip


_IMAGE_DIGEST = "image:"


def image_digest(image_id: str) -> str:
    """The content digest of a version whose code is in an image."""
    return f"{_IMAGE_DIGEST}{image_id}"


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a function: `$LATEST`, or a numbered one that never changes."""

    function_name: str
    version: str
    configuration: Configuration
    package_sha256: str  # hex; the blob's key
    package_bytes: int
    content_digest: str  # decides whether to publish: canonical source, files, values, configuration's code part
    revision_id: str
    last_modified: str  # 2026-11-25T10:00:00.000+0000
    description: str = ""
    python: PythonEnvironment | None = None
    preload: tuple[str, ...] = ()  # modules that the zygote may import ahead
    requirements_folder: str | None = None  # installed by pip, put before sys.path
    source: str = ""  # what the reader wrote: shown in diffs; not what runs
    manifest: dict[str, Any] = {}  # the capture report in brief: names, types, sizes, modules
    notebook: str | None = None
    layers_package: str = ""  # hex; one package that holds all layers; empty: none
    failure: str = ""  # why the version can't run (State: Failed); empty: it can

    @property
    def image_id(self) -> str:
        """Of a version whose code is in its image (AWS's package type Image), that image; empty for one with a package."""
        return self.content_digest.removeprefix(_IMAGE_DIGEST) if self.content_digest.startswith(_IMAGE_DIGEST) else ""

    def __repr__(self) -> str:
        """In short: this is what a notebook shows for `fn.configure(…)` and `fn.publish()`."""
        c = self.configuration
        return f"<version {self.version} of {self.function_name}: {c.memory_mib} MB, {c.timeout_seconds} s, {c.runtime}>"


class Function(msgspec.Struct, frozen=True, kw_only=True):
    """A function as a whole: what is true of all its versions."""

    name: str
    latest: Version
    notebook: str | None = None  # who owns the name
    created: str = ""
    last_version: int = 0  # the highest number ever given out; never used twice, also after a delete
    reserved_concurrency: int | None = None
    settings: FunctionSettings = FunctionSettings()


class Alias(msgspec.Struct, frozen=True, kw_only=True):
    """A name for one version, and at most one more that gets a share of the calls."""

    function_name: str
    name: str
    version: str
    additional_version: str | None = None
    additional_weight: float = 0.0  # 0.0–1.0, the share of `additional_version`
    description: str = ""
    revision_id: str = ""

    def __repr__(self) -> str:
        """In short: this is what a notebook shows for `fn.alias(…)`."""
        split = self.additional_version is not None
        rest = f", {self.additional_version}={self.additional_weight:g}" if split else ""
        return f"<alias {self.name} of {self.function_name}: {self.version}{rest}>"


def check_alias(alias: Alias) -> Alias:
    """Return the alias if its routing is one that AWS takes.

    Raises:
        RequestError: Weight out of 0–1, `$LATEST` in a split, or the same version twice.
    """
    where = f'alias "{alias.name}" of function "{alias.function_name}"'
    if alias.additional_version is None:
        return alias
    if not (math.isfinite(alias.additional_weight) and 0.0 <= alias.additional_weight <= 1.0):
        raise ValidationError(
            where, f"a weight of {alias.additional_weight} is not between 0 and 1", "Write e.g. prod=3,4=0.1.",
            aws_message=f"1 validation error detected: Value '{{{alias.additional_version}={alias.additional_weight}}}' at "
            "'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map value must satisfy constraint: "
            "[Member must have value less than or equal to 1.0, Member must have value greater than or equal to 0.0, "
            "Member must not be null]",
        )  # fmt: skip
    if "$LATEST" in (alias.version, alias.additional_version):
        raise RequestError(
            where, "$LATEST can't share calls with another version", "Publish a version first.",
            aws_message="$LATEST is not supported for an alias pointing to more than 1 version",
        )  # fmt: skip
    if alias.version == alias.additional_version:
        raise RequestError(
            where, f"version {alias.version} stands twice", "Name two versions.",
            aws_message=f"Invalid function version {alias.version}. Function version {alias.version} is already included in "
            "routing configuration.",
        )  # fmt: skip
    return alias
