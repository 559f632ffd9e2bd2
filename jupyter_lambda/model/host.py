"""What a machine offers to execution environments: what `doctor` shows."""

from __future__ import annotations

import msgspec

from jupyter_lambda.model.environment import Enforcement


class PythonFound(msgspec.Struct, frozen=True, kw_only=True):
    """An interpreter of this machine that workers could run on."""

    version: str  # "3.12.1"
    executable: str
    found_by: str  # PATH, pyenv, uv, conda, engine


class ProgramFound(msgspec.Struct, frozen=True, kw_only=True):
    """A program of this machine that could run functions in another language."""

    language: str  # Node, Ruby, Java
    version: str
    executable: str
    note: str = ""  # what belongs to it, or what is missing and what to do


class DockerFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Whether containers can be had."""

    answers: bool
    version: str = ""
    address: str = ""  # of the daemon's socket
    note: str = ""  # what is missing and what to do


class ImageBuildView(msgspec.Struct, frozen=True, kw_only=True):
    """An image that is being built."""

    image: str  # the name it will have
    base: str  # what it is built from
    requirements: tuple[str, ...]
    started: float  # epoch seconds
    last_line: str  # what the build said last


class HostFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One machine, as the engine on it sees it."""

    system: str  # "Linux 6.18.44 x86_64"
    user: str
    memory_mib: int  # what the machine or its control group has, whichever is less
    memory_from: str  # host, cgroup
    budget_mib: int  # what environments may hold together
    cpus: float
    cpus_from: str  # host, affinity, cgroup
    cgroup: str  # "cgroup v1", "cgroup v2", "none that we may use"
    namespaces: str  # "root", "user", or why there are none
    landlock: int  # the kernel's version, 0: none
    home: str
    home_file_system: str
    home_note: str
    docker: DockerFacts
    pythons: tuple[PythonFound, ...] = ()
    programs: tuple[ProgramFound, ...] = ()
    enforcement: tuple[Enforcement, ...] = ()  # of the process sandbox
    consequences: tuple[str, ...] = ()  # whole sentences: what follows for who uses it


class MachineReading(msgspec.Struct, frozen=True, kw_only=True):
    """How busy a machine is, whoever keeps it busy."""

    at: float  # epoch seconds
    cpu_share: float  # 0 to 1, of all processors
    cpus: float  # that environments may use
    memory_used_mib: int
    memory_mib: int
