"""Finding a home's engine: read its runtime file, and believe it only if all of it is true now.

A runtime file outlives an engine that was killed, a host that was restarted and a home that was copied. What it says is used only if
the file is this user's and closed to others, and names this host, this boot and a process that lives and started when the file says.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from jupyter_lambda.client.home import home_folder, host_name, run_folder
from jupyter_lambda.client.process_identity import boot_id, is_running
from jupyter_lambda.model.runtime_file import RuntimeFile

if TYPE_CHECKING:
    from pathlib import Path

_BYTES_MAX: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Reading:
    """What a runtime file gave: an engine, or why there is none to believe in."""

    runtime: RuntimeFile | None
    why_not: str = ""


def find_engine(home: str | os.PathLike[str] | None = None) -> RuntimeFile | None:
    """Return the runtime file of the engine that serves a home on this host, None if none runs."""
    return read_runtime_file(run_folder(home_folder(home)).runtime_file).runtime


def find_ending_engine(home: str | os.PathLike[str] | None = None) -> RuntimeFile | None:
    """Return the runtime file of an engine of this home that takes no more clients and has not ended yet, None if there is none."""
    return read_runtime_file(run_folder(home_folder(home)).ending_file).runtime


def read_runtime_file(path: Path) -> Reading:
    """Read a runtime file; never raises, since whatever is wrong with it means the same: no engine is known."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return Reading(None, "there is no runtime file: no engine runs")
    except OSError as error:
        return Reading(None, f"the runtime file can't be read: {error.strerror}")
    try:
        fault = _ownership_fault(os.fstat(descriptor))
        data = b"" if fault else os.read(descriptor, _BYTES_MAX)
    finally:
        os.close(descriptor)
    if fault:
        return Reading(None, fault)
    try:
        runtime = msgspec.json.decode(data, type=RuntimeFile)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        return Reading(None, f"the runtime file is damaged: {error}")
    fault = _process_fault(runtime)
    return Reading(None, fault) if fault else Reading(runtime)


def _ownership_fault(found: os.stat_result) -> str:
    """What keeps a file from being ours alone, empty if nothing does."""
    if not stat.S_ISREG(found.st_mode):
        return "the runtime file is no regular file"
    if found.st_uid != os.geteuid():
        return f"the runtime file belongs to user {found.st_uid}, not to you ({os.geteuid()})"
    if found.st_mode & 0o077:
        return f"the runtime file is open to others (mode {stat.S_IMODE(found.st_mode):04o}), so anybody may have written it"
    return ""


def _process_fault(runtime: RuntimeFile) -> str:
    """What is not true of the described process any more, empty if all is."""
    here = host_name()
    if runtime.host != here:
        return f'the engine runs on host "{runtime.host}", not here ("{here}")'
    if runtime.boot_id != boot_id():
        return "the engine ran before this host was restarted"
    if not is_running(runtime.pid, runtime.started_ticks, runtime.started):
        return f"the engine (process {runtime.pid}) has ended"
    return ""
