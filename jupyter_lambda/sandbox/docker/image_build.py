"""Builds one image: a container of the base image, in which pip runs, kept as an image when it is done.

    base image there, else pulled ─▶ container, not started ─▶ files put in ─▶ started ─▶ pip ─▶ tidied ─▶ kept under its name

There is no Dockerfile: its `ARG`s stand in the image's history, and each of its steps leaves an image behind. Here pip gets the user's
index and proxy as variables of its one process, and until the last step there is nothing but one container. That container lives as
long as the engine holds a connection to its first process, which reads until its end: when the build is cancelled or the engine is
killed, the daemon removes it.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import struct
import tempfile
from collections import deque
from typing import IO, TYPE_CHECKING, Final

import msgspec

from jupyter_lambda.errors import ImageBuildFailed
from jupyter_lambda.model import limits
from jupyter_lambda.model.function import PythonEnvironment
from jupyter_lambda.sandbox.docker.daemon import DaemonRefused
from jupyter_lambda.sandbox.docker.image_recipe import (
    BUILD_INSIDE,
    RUNTIME_INSIDE,
    build_network,
    certificates,
    pip_command,
    pip_variables,
    write_context,
)
from jupyter_lambda.sandbox.process.groups import MIB

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from docker import APIClient

    from jupyter_lambda.sandbox.docker.daemon import Daemon
    from jupyter_lambda.sandbox.docker.image_recipe import ImageRecipe
    from jupyter_lambda.sandbox.docker.removal import Removal
    from jupyter_lambda.sandbox.docker.sdk import Sdk

    Tell = Callable[[str], None]

REPOSITORY: Final = "jupyter-lambda/build"
PYTHON_LABEL: Final = "jupyter-lambda.python"
RECIPE_LABEL: Final = "jupyter-lambda.recipe"
_MEMORY_MIB: Final = 4_096  # what pip and a package's own build script may take
_KEPT_LINES: Final = 400
_ERROR_LINES: Final = 4
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
_FRAME_HEAD: Final = struct.Struct(">BxxxL")  # stream, length
_HOLD: Final = "import sys; sys.stdin.buffer.read()"


class ImageBuild:
    """One build.

    Args:
        daemon: Where it is built.
        sdk: The way there for calls that take long.
        removal: Removes its container, sooner or later.
        labels: Of the container, and of the image.
        environ: Where the user's choices of index and proxy stand.
    """

    def __init__(self, daemon: Daemon, sdk: Sdk, removal: Removal, labels: Mapping[str, str], environ: Mapping[str, str]) -> None:
        self._daemon = daemon
        self._sdk = sdk
        self._removal = removal
        self._labels = dict(labels)
        self._environ = environ

    async def run(self, recipe: ImageRecipe, base_id: str, tag: str, digest: str, tell: Tell) -> None:
        """Build, and keep the image under `tag`; being cancelled leaves nothing behind.

        Raises:
            ImageBuildFailed: pip failed, the base image is no Python of the right version, the disk is full, …; says what to do.
            DaemonGone: The daemon went meanwhile.
        """
        name = f"jupyter-lambda-build-{tag}-{secrets.token_hex(4)}"
        try:
            await self._build(recipe, base_id, name, tag, digest, tell)
        except DaemonRefused as error:
            raise build_failed(recipe, error.what, _advice(error.what)) from error
        finally:
            await asyncio.shield(self._removal.remove(name))

    async def _build(self, recipe: ImageRecipe, base_id: str, name: str, tag: str, digest: str, tell: Tell) -> None:
        variables = pip_variables(self._environ, recipe)
        network = build_network(recipe, variables)
        with tempfile.TemporaryFile(prefix="jupyter-lambda-") as context:
            await asyncio.to_thread(write_context, recipe, certificates(self._environ, recipe), context)
            context.seek(0)
            await self._sdk.call(lambda client: self._create(client, name, base_id, network))
            await self._sdk.call(lambda client: _put(client, name, context))
        async with self._daemon.stdin(name):
            await self._daemon.call("POST", f"/containers/{name}/start")
            await self._check_python(recipe, name)
            if recipe.lines:
                await self._install(recipe, name, variables, tell)
            python = await self._finish(recipe, name)
            tell(f"keeping the image as {REPOSITORY}:{tag}")
            labels = {**self._labels, PYTHON_LABEL: msgspec.json.encode(python).decode(), RECIPE_LABEL: digest}
            await self._sdk.call(lambda client: client.commit(name, repository=REPOSITORY, tag=tag, conf={"Labels": labels}))

    def _create(self, client: APIClient, name: str, base_id: str, network: str) -> None:
        host = client.create_host_config(
            auto_remove=True, cap_drop=["ALL"], security_opt=["no-new-privileges"], network_mode=network,
            pids_limit=limits.PROCESSES, mem_limit=_MEMORY_MIB * MIB, memswap_limit=_MEMORY_MIB * MIB,
        )  # fmt: skip
        client.create_container(
            base_id, name=name, entrypoint=["python3", "-I", "-c", _HOLD], command=[], user="0:0", working_dir="/",
            stdin_open=True, labels=self._labels, host_config=host,
        )  # fmt: skip

    async def _check_python(self, recipe: ImageRecipe, name: str) -> None:
        status, lines = await self._execute(name, ["python3", "-I", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"])
        found = lines[-1] if lines else ""
        if status != 0 or found != recipe.minor:
            raise build_failed(
                recipe, f"base image {recipe.base} has Python {found or 'no one knows which'}, and the function needs {recipe.minor}",
                "Start the engine with --set docker_base_image=REF, an image of that Python; {minor} in REF stands for 3.12 and the like.",
            )  # fmt: skip

    async def _install(self, recipe: ImageRecipe, name: str, variables: dict[str, str], tell: Tell) -> None:
        status, lines = await self._execute(name, pip_command(recipe), variables, tell)
        if status == 0:
            return
        errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR:")] or lines
        told = "; ".join(line.rstrip(".") for line in errors[-_ERROR_LINES:]) or f"it wrote nothing (status {status})"
        raise build_failed(recipe, f"pip failed in base image {recipe.base}: {told}", _advice("\n".join(lines), recipe))

    async def _finish(self, recipe: ImageRecipe, name: str) -> PythonEnvironment:
        uid, gid = recipe.user
        status, lines = await self._execute(
            name, ["python3", "-I", f"{RUNTIME_INSIDE}/finish_image.py", BUILD_INSIDE, str(uid), str(gid)]
        )
        try:
            return msgspec.json.decode(lines[-1], type=PythonEnvironment)
        except (IndexError, msgspec.MsgspecError) as error:
            told = "; ".join(lines[-_ERROR_LINES:])
            raise build_failed(recipe, f"its last step ended with status {status}: {told}", _advice(told)) from error

    async def _execute(
        self, name: str, command: list[str], variables: Mapping[str, str] | None = None, tell: Tell | None = None
    ) -> tuple[int, list[str]]:
        """Run a command in the container; its exit status and its last lines."""
        lines = _Lines(tell)
        started = await self._sdk.call(lambda client: client.exec_create(name, command, environment=dict(variables or {})))
        body = {"Detach": False, "Tty": False}
        async with self._daemon.output(f"/exec/{started['Id']}/start", body) as output:
            while piece := await _piece(output):
                lines.take(piece)
        lines.end()
        ended = await self._sdk.call(lambda client: client.exec_inspect(started["Id"]))
        return int(ended["ExitCode"] if ended["ExitCode"] is not None else -1), list(lines.kept)


class _Lines:
    """Pieces of output as whole lines."""

    def __init__(self, tell: Tell | None) -> None:
        self.kept: deque[str] = deque(maxlen=_KEPT_LINES)
        self._tell = tell
        self._rest = b""

    def take(self, piece: bytes) -> None:
        """Tell the lines that this piece completes."""
        *whole, self._rest = (self._rest + piece).split(b"\n")
        for each in whole:
            line = _COLOUR.sub("", each.decode(errors="replace")).rstrip()
            if line:
                self.kept.append(line)
                if self._tell is not None:
                    self._tell(line)

    def end(self) -> None:
        """The last line may have no end."""
        if self._rest:
            self.take(b"\n")


def _put(client: APIClient, name: str, context: IO[bytes]) -> None:
    client.put_archive(name, "/", context)


async def _piece(output: asyncio.StreamReader) -> bytes:
    """The next piece of a process's output, whichever of its two streams it is of; empty at the end.

    Source: Docker Engine API, "Attach to a container", Stream format.
    """
    try:
        head = await output.readexactly(_FRAME_HEAD.size)
    except asyncio.IncompleteReadError:
        return b""
    return await output.readexactly(_FRAME_HEAD.unpack(head)[1])


def build_failed(recipe: ImageRecipe, what: str, suggestion: str) -> ImageBuildFailed:
    """The error for a build that came to nothing."""
    return ImageBuildFailed(f"image build ({recipe.words})", what, suggestion)


def _advice(said: str, recipe: ImageRecipe | None = None) -> str:
    """What to do about the words of pip or of the daemon."""
    if "no space left" in said.lower():
        return "The daemon's disk is full: free some (`docker system prune`), then run the cell again."
    if "executable file not found" in said:
        return "The base image has no python3: start the engine with --set docker_base_image=REF, an image that has."
    if "No module named pip" in said:
        return "The base image has no pip: start the engine with --set docker_base_image=REF, an image that has."
    if recipe is None:
        return "See the daemon's log."
    if recipe.wheel_folder:
        return f"Put the missing wheels into {recipe.wheel_folder} (--set wheel_folder); they must fit the base image."
    compiler = any(word in said for word in ("gcc", "error: command", "No such file or directory: 'cc'"))
    if compiler:
        return "A package is compiled, and the base image has no compiler: --set docker_base_image=python:{minor} has one."
    return (
        "Check names and versions, and that PIP_INDEX_URL and the proxy are the ones the engine was started with; without a network, "
        "start it with --set wheel_folder=DIR."
    )


async def pull(daemon: Daemon, recipe: ImageRecipe, tell: Tell) -> None:
    """Pull the base image, telling its steps; being cancelled ends it.

    Raises:
        ImageBuildFailed: It can't be had.
        DaemonGone: The daemon went meanwhile.
    """
    tell(f"pulling {recipe.base}")
    name, _, tag = recipe.base.partition("@") if "@" in recipe.base else _tagged(recipe.base)
    try:
        async with daemon.lines("POST", "/images/create", query={"fromImage": name, "tag": tag}) as messages:
            async for message in messages:
                if "error" in message:
                    raise DaemonRefused(str(message["error"]).rstrip("."), 500)
                status = str(message.get("status", ""))
                if status and not message.get("progressDetail"):
                    tell(" ".join(part for part in (message.get("id", ""), status) if part))
    except DaemonRefused as error:
        raise build_failed(
            recipe, f"base image {recipe.base} is not there and can't be pulled: {error.what}",
            "Load it (`docker load`, `docker pull`), or start the engine with --set docker_base_image=REF.",
        ) from error  # fmt: skip


def _tagged(reference: str) -> tuple[str, str, str]:
    name, colon, tag = reference.rpartition(":")
    return (name, colon, tag) if colon and "/" not in tag else (reference, ":", "latest")


def python_of(labels: Mapping[str, str] | None) -> PythonEnvironment | None:
    """The interpreter that a built image says it has."""
    try:
        return msgspec.convert(json.loads((labels or {})[PYTHON_LABEL]), PythonEnvironment)
    except (KeyError, ValueError, msgspec.MsgspecError):
        return None
