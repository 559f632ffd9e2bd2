"""Images of other people: what the engine puts into their containers, and what it reads from their configuration.

An image brings its own system and its own Lambda runtime interface client; it need not have Python. The container's first process is
ours all the same (it holds, counts, kills and logs), so it brings its own world along in one read-only folder that no image has: this
machine's interpreter, the libraries it needs and the loader that joins them. What that process then starts is the image's own entry
point, in the image's own world.
"""

from __future__ import annotations

import functools
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from jupyter_lambda.errors import RequestError, SandboxError
from jupyter_lambda.sandbox.docker.binds import RUNTIME, Bind, mount_binds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_lambda.sandbox.docker.daemon import Daemon
    from jupyter_lambda.sandbox.protocol import EnvironmentSpec

_OURS: Final = "/run/jupyter-lambda/host"
_PREFIX, _RUNTIME, _LIBRARIES = f"{_OURS}/prefix", f"{_OURS}/runtime", f"{_OURS}/libraries"
_LOADERS: Final = ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1", "/lib64/ld64.so.2", "/lib/ld64.so.1")
# Variables that name folders of the side they come from: the image's are right inside it, and ours are not.
_OF_THE_IMAGE: Final = frozenset({"PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "LAMBDA_RUNTIME_DIR", "LANG", "LC_CTYPE"})


class ImageConfiguration(msgspec.Struct, frozen=True, rename="pascal"):
    """The part of an image's configuration that says how it is run."""

    id: str = ""  # of the image, as the daemon counts
    working_dir: str = ""
    env: list[str] | None = None
    entrypoint: list[str] | None = None
    cmd: list[str] | None = None


async def read_image(daemon: Daemon, reference: str) -> ImageConfiguration:
    """What an image says about how it is run.

    Raises:
        SandboxError: The daemon has no such image.
        RequestError: The image says nothing.
    """
    answer = await daemon.call("GET", f"/images/{reference}/json", missing_ok=True)
    if answer is None:
        way_out = (
            "Deploy the function again." if reference.startswith("sha256:") else f"Run `docker pull {reference}` or build it."
        )
        raise SandboxError(f'image "{reference}"', "the daemon has no such image", way_out)
    found = msgspec.convert({**(answer.get("Config") or {}), "Id": str(answer["Id"])}, ImageConfiguration)
    if not (found.entrypoint or found.cmd):
        raise RequestError(
            f'image "{reference}"',
            "it has neither ENTRYPOINT nor CMD",
            "Its entry point has to be a Lambda runtime interface client.",
        )
    return found


def image_command(image: ImageConfiguration, handler: str) -> list[str]:
    """What runs: the image's entry point with the function's handler where the image has its own (as `docker run IMAGE handler`)."""
    if not image.entrypoint:
        return list(image.cmd or ())
    return [*image.entrypoint, *([handler] if handler else image.cmd or ())]


def image_variables(image: ImageConfiguration, variables: Mapping[str, str]) -> dict[str, str]:
    """The image's variables under the function's, but for those that name folders."""
    own = dict(each.partition("=")[::2] for each in image.env or ())
    given = {name: value for name, value in variables.items() if name not in _OF_THE_IMAGE}
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", **own, **given}


def guest_job(job: dict[str, Any], spec: EnvironmentSpec, image: ImageConfiguration) -> dict[str, Any]:
    """A worker's job as it is in an image of its own: the image's command instead of our runtime."""
    image = _configured(image, spec.image_config)
    command = job["command"] or image_command(image, spec.handler)
    variables = image_variables(image, job["variables"])
    job = {**job, "command": command, "variables": variables}
    if not spec.is_own_code:
        return job
    variables["_HANDLER"] = command[-1]  # as on Lambda, where the handler is the entry point's argument
    folder = image.working_dir or "/"
    return {**job, "walls": {**job["walls"], "folder": folder}}


def _configured(image: ImageConfiguration, over: Mapping[str, Any]) -> ImageConfiguration:
    """The image with what its function says over it."""
    entry_point, command = over.get("EntryPoint"), over.get("Command")
    if entry_point:  # an entry point of one's own does not go with the image's command
        image = msgspec.structs.replace(image, entrypoint=list(entry_point), cmd=None)
    if command:
        image = msgspec.structs.replace(image, cmd=list(command))
    return msgspec.structs.replace(image, working_dir=over.get("WorkingDirectory") or image.working_dir)


def guest_binds(spec_mounts: Any) -> list[Bind]:
    """What of this machine is mounted into somebody's image: the holder's world, and what the function asked for."""
    libraries = [Bind(folder, f"{_LIBRARIES}/{number}") for number, folder in enumerate(library_folders())]
    return [Bind(os.path.realpath(sys.base_prefix), _PREFIX), Bind(str(RUNTIME), _RUNTIME), *libraries, *mount_binds(spec_mounts)]


def guest_entry() -> list[str]:
    """The command of a container's first process: the loader by name, since the image's own would load the image's libraries."""
    executable = os.path.relpath(os.path.realpath(sys.executable), os.path.realpath(sys.base_prefix))
    folders = library_folders()
    loader = Path(os.path.realpath(_loader()))
    search = ":".join([f"{_PREFIX}/lib", *(f"{_LIBRARIES}/{number}" for number in range(len(folders)))])
    inside = f"{_LIBRARIES}/{folders.index(str(loader.parent))}/{loader.name}"
    return [inside, "--library-path", search, f"{_PREFIX}/{executable}", "-I", f"{_RUNTIME}/entry.py"]


@functools.cache
def library_folders() -> list[str]:
    """Folders of the shared libraries that this process has loaded, besides the interpreter's own; the loader's is one of them."""
    prefix = os.path.realpath(sys.base_prefix) + "/"
    maps = Path("/proc/self/maps").read_text().splitlines()
    loaded = {os.path.realpath(line.split(None, 5)[5]) for line in maps if ".so" in line and "/" in line}
    system = {str(Path(path).parent) for path in loaded if path.startswith(("/usr/lib", "/lib")) and "/python" not in path}
    needed = {str(Path(path).parent) for path in loaded if Path(path).name.startswith(("libc.so", "libc-", "libm.so", "libdl"))}
    outside = {folder for folder in system | needed if not f"{folder}/".startswith(prefix) or folder.startswith("/usr/lib")}
    return sorted({*outside, str(Path(os.path.realpath(_loader())).parent)})


def _loader() -> str:
    for path in _LOADERS:
        if Path(path).exists():
            return path
    raise SandboxError(
        "docker sandbox", "this machine's loader is not where glibc has it", "Leave --image out: the host image needs none."
    )
