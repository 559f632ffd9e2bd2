"""What `--set NAME=VALUE` can change: one table, from which values are read and docs/settings.md is written."""

from __future__ import annotations

import dataclasses
import functools
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from jupyter_lambda.errors import RequestError
from jupyter_lambda.model import limits
from jupyter_lambda.model.engine_api import SettingView

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Kind = Literal["seconds", "milliseconds", "count", "MiB", "walls", "folder", "image kind", "image", "address"]
WALLS: Final = ("cgroup", "namespaces", "landlock", "seccomp")
IMAGES: Final = ("host", "build")
_PROPOSALS_MAX: Final = 3
_WHOLE: Final = frozenset({"count", "MiB"})


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table."""

    kind: Kind
    low: float
    high: float
    description: str
    automatic: str = ""  # what the word `auto` stands for; empty: `auto` is not taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The values in use; a field's default is the setting's."""

    idle_seconds: float = limits.ENGINE_IDLE_SECONDS
    environment_idle_seconds: float = limits.IDLE_ENVIRONMENT_SECONDS
    init_seconds: float = limits.INIT_SECONDS_MAX
    freeze_after_ms: float = 100.0
    concurrency: int = limits.ACCOUNT_CONCURRENCY
    scaling_rate: int = limits.SCALING_RATE
    budget_mib: int | None = None
    budget_wait_seconds: float = limits.BUDGET_WAIT_SECONDS
    stop_grace_seconds: float = 5.0
    async_retry_base_seconds: float = limits.ASYNC_RETRY_BASE_SECONDS
    retained_invocations: int = limits.RETAINED_INVOCATIONS
    retained_log_mib: int = limits.RETAINED_LOG_BYTES // 1024**2
    process_walls: tuple[str, ...] | None = None
    node_folder: Path | None = None
    docker_image: str | None = None
    docker_base_image: str = "python:{minor}-slim"
    docker_gateway: str | None = None
    wheel_folder: Path | None = None


TABLE: Final[dict[str, Setting]] = {
    "idle_seconds": Setting(
        "seconds", 0.1, 31_536_000,
        "After this long without an environment, a client or a queued event, the engine ends. The next use starts it again.",
    ),
    "environment_idle_seconds": Setting(
        "seconds", 0, 86_400, "An execution environment that had nothing to do for this long is ended.",
    ),
    "init_seconds": Setting("seconds", 0.1, 900, "How long a function's module may take to load. On Lambda: 10."),
    "freeze_after_ms": Setting(
        "milliseconds", 0, 3_600_000,
        "An environment is stopped from running this long after its invocation ended, where the host can do that.",
    ),
    "concurrency": Setting(
        "count", 1, 100_000, "Invocations that run at the same moment, of all functions together. On Lambda: 1,000 to an account.",
    ),
    "scaling_rate": Setting(
        "count", 1, 100_000,
        "New execution environments that one function gets in 10 seconds; calls that would need more are throttled with status 429. "
        "On Lambda: 1,000.",
    ),
    "budget_mib": Setting(
        "MiB", 64, 16_777_216, "The memory that environments may hold together.",
        automatic="what the cgroup, the host and other limits leave, less a reserve",
    ),
    "budget_wait_seconds": Setting(
        "seconds", 0, 900, "How long an invocation waits for room in the budget before it is refused with status 429.",
    ),
    "stop_grace_seconds": Setting("seconds", 0, 900, "What running invocations get to finish when the engine is stopped."),
    "async_retry_base_seconds": Setting(
        "seconds", 0, 3_600,
        "The wait before an asynchronous event is tried again; the second retry waits twice as long. On Lambda: 60.",
    ),
    "retained_invocations": Setting("count", 100, 100_000_000, "How many records of invocations are kept; the oldest go first."),
    "retained_log_mib": Setting("MiB", 1, 1_048_576, "How much log is kept; the oldest goes first."),
    "process_walls": Setting(
        "walls", 0, 0, "The walls that the process sandbox may use, for trying what a poorer host gives.",
        automatic="the best that the host has",
    ),
    "node_folder": Setting(
        "folder", 0, 0,
        "Where `aws-lambda-ric` was installed with npm, for `nodejs…` functions; a Node in its `bin` is taken before others.",
        automatic="what npm installed globally, on the PATH's Node",
    ),
    "docker_image": Setting(
        "image kind", 0, 0,
        "What containers start from: this machine's own folders, or an image that is built from the base image and a function's "
        "requirements.",
        automatic="host, and build where the daemon does not see this machine's folders",
    ),
    "docker_base_image": Setting(
        "image", 0, 0, "What images are built from; it has Python and pip. `{minor}` stands for the Python's version, as 3.12.",
    ),
    "docker_gateway": Setting(
        "address", 0, 0,
        "The address of this machine that containers of a Docker daemon elsewhere reach; setting it says that the daemon sees none of "
        "this machine's files. The connection is not encrypted: an address of a network that you trust.",
        automatic="found, where the daemon is on this machine",
    ),
    "wheel_folder": Setting(
        "folder", 0, 0, "Where pip finds packages for `--requirements`, and looks nowhere else: for machines without a network.",
        automatic="the package index that pip is configured for",
    ),
}  # fmt: skip


def parse_settings(given: Sequence[str]) -> Settings:
    """Read `NAME=VALUE` texts; of a name given twice, the last one holds.

    Raises:
        RequestError: A name is unknown (the nearest one is offered) or a value out of range.
    """
    values: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        name = name.strip().replace("-", "_")
        if name not in TABLE:
            raise _unknown(name)
        if not equals:
            raise RequestError(f"setting {name}", "it has no value", f"Write --set {name}={_example(name)}.")
        values[name] = _parse(name, TABLE[name], value.strip())
    return Settings(**values)


def default(name: str) -> str:
    """A setting's default, as one would write it."""
    return _written(next(field.default for field in dataclasses.fields(Settings) if field.name == name))


def views(settings: Settings) -> list[SettingView]:
    """Every setting with the value in use, for who looks at a running engine."""
    return [
        SettingView(
            name=name, value=_written(getattr(settings, name)), default=default(name), accepts=accepted(name),
            description=setting.description,
        )
        for name, setting in TABLE.items()
    ]  # fmt: skip


def _written(value: Any) -> str:
    """A value as one would write it after `NAME=`."""
    if value is None:
        return "auto"
    if isinstance(value, tuple):
        return "+".join(value) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def accepted(name: str) -> str:
    """What a setting takes, in words."""
    setting = TABLE[name]
    if setting.kind == "walls":
        words = f"any of {', '.join(WALLS)} joined by +, or none"
    elif setting.kind == "folder":
        words = "the absolute path of a folder that exists"
    elif setting.kind == "image kind":
        words = " or ".join(IMAGES)
    elif setting.kind == "image":
        words = "an image's name"
    elif setting.kind == "address":
        words = "a host name or an IP address"
    else:
        whole = "a whole number" if setting.kind in _WHOLE else "a number"
        unit = "" if setting.kind == "count" else f" of {setting.kind}"
        words = f"{whole}{unit} from {setting.low:,g} to {setting.high:,.0f}"
    return f"{words}, or auto" if setting.automatic else words


def _parse(name: str, setting: Setting, value: str) -> Any:
    if setting.automatic and value == "auto":
        return None
    readers: dict[Kind, Callable[[str], Any]] = {
        "walls": _walls,
        "folder": _folder,
        "image kind": _image_kind,
        "image": _image,
        "address": _address,
    }
    parsed = readers.get(setting.kind, functools.partial(_number, setting))(value)
    if parsed is None:
        raise RequestError(f"setting {name}", f'"{value}" is not {accepted(name)}', f"The default is {default(name)}.")
    return parsed


def _number(setting: Setting, value: str) -> float | None:
    """The number in a text, None if there is none or it is out of range."""
    try:
        number = int(value) if setting.kind in _WHOLE else float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) and setting.low <= number <= setting.high else None


def _walls(value: str) -> tuple[str, ...] | None:
    """The walls in a text; `none` is no wall, and a word that is no wall spoils it."""
    names = () if value == "none" else tuple(part.strip() for part in value.split("+"))
    return names if all(name in WALLS for name in names) else None


def _folder(value: str) -> Path | None:
    folder = Path(value)
    return folder if folder.is_absolute() and folder.is_dir() else None


def _image_kind(value: str) -> str | None:
    return value if value in IMAGES else None


def _image(value: str) -> str | None:
    """An image's reference: its `{minor}` is filled in for each function."""
    return value if re.fullmatch(r"[a-z0-9][a-zA-Z0-9._/:@-]*", value.replace("{minor}", "3.12")) else None


def _address(value: str) -> str | None:
    """A name or an address, but not the one that stands for all of this machine's."""
    return value if re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9.:-]*", value) and value.strip("0.:") else None


def _unknown(name: str) -> RequestError:
    import difflib  # only a mistake pays for it

    near = difflib.get_close_matches(name, TABLE, n=1) or [known for known in TABLE if name and name in known]
    suggestion = f"Did you mean {' or '.join(near)}?" if 0 < len(near) <= _PROPOSALS_MAX else f"There are {', '.join(TABLE)}."
    return RequestError(f'setting "{name}"', "there is no such setting", suggestion)


def _example(name: str) -> str:
    return default(name)
