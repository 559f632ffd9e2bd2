"""An execution environment, as the views see it."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class EnvironmentState(StrEnum):
    """Where an execution environment is in its life."""

    STARTING = "starting"  # process and walls are being made
    INITIALISING = "initialising"  # the function's module runs
    BUSY = "busy"
    IDLE = "idle"
    FROZEN = "frozen"
    ENDED = "ended"


class EnvironmentView(msgspec.Struct, frozen=True, kw_only=True):
    """One execution environment now, or one that ended a short while ago."""

    environment_id: str
    function_name: str
    version: str
    revision_id: str
    state: EnvironmentState
    sandbox: str
    started: float  # epoch seconds
    invocations: int = 0
    memory_mib: int = 0
    held_mib: int = 0  # what its processes hold now
    pid: int | None = None
    init_ms: float = 0.0
    ended: float | None = None
    reason: str = ""  # why it ended


class LifeSpan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A time that an environment spent in one state; calls that follow each other closely are one span."""

    state: EnvironmentState
    since: float  # epoch seconds
    until: float | None = None  # None: it lasts
    calls: int = 0  # that began in it
    why: str = ""  # what ended it out of turn: "out-of-memory", "timed-out"


class EnvironmentLife(msgspec.Struct, frozen=True, kw_only=True):
    """An environment and what it did when; of a long life the latest part."""

    environment: EnvironmentView
    spans: tuple[LifeSpan, ...]


class Enforcement(msgspec.Struct, frozen=True, kw_only=True):
    """What holds a limit here, row by row; what nothing holds says so."""

    row: str  # memory, cpu, processes, tmp, files, network, kill, descriptors, variables
    held: bool
    by: str  # "cgroup v1", "watchdog every 10 ms", "nothing"
    note: str = ""
