"""The `host` image: empty folders and a few lines in `/etc`, to be filled with this machine's own directories, mounted read-only.

It is built offline from nothing in a tenth of a second and holds no bytes of anybody's software: the interpreter and its packages are
the kernel's own, mounted at their own paths, so what imports in the notebook imports in the container.
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jupyter_lambda.sandbox.docker.daemon import DaemonRefused

if TYPE_CHECKING:
    from jupyter_lambda.sandbox.docker.daemon import Daemon

REPOSITORY: Final = "jupyter-lambda/host"
HOST: Final = "host"  # what --image calls it
BUILD: Final = "build"  # and the image that is built instead (`built_images.py`)
_USER: Final = 65_532  # nobody's on any system we know; root's engine runs its containers as this
_MERGED: Final = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")  # links into /usr on most systems, folders on others
_FOLDERS: Final = ("/dev", "/etc", "/opt", "/proc", "/run", "/sys", "/usr", "/var", "/var/task")
# What programs look up besides: certificates, alternatives, where libraries are, what fonts there are. Nothing of users or secrets.
_ETC: Final = (
    "/etc/alternatives", "/etc/ca-certificates", "/etc/fonts", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d",
    "/etc/mime.types", "/etc/pki", "/etc/protocols", "/etc/services", "/etc/ssl",
)  # fmt: skip
_STORES: Final = ("/nix/store", "/gnu/store")


def container_user() -> tuple[int, int]:
    """The user and group that a container's processes run as: ours, and nobody's where we are root."""
    uid = os.getuid()
    return (uid, os.getgid()) if uid else (_USER, _USER)


def system_folders() -> list[str]:
    """Directories and files of this machine that fill the image; each exists."""
    wanted = ["/usr", *(path for path in _MERGED if not Path(path).is_symlink()), *_ETC, *_STORES]
    return [path for path in wanted if Path(path).exists()]


def host_image_tar() -> bytes:
    """The image's one layer; the same bytes for the same layout of the host."""
    uid, gid = container_user()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path in _FOLDERS:
            tar.addfile(_folder(path))
        tar.addfile(_folder("/tmp", 0o1777))  # noqa: S108 - Docker gives a tmpfs the mode of its mount point
        for path in _MERGED:
            if Path(path).is_symlink():
                link = tarfile.TarInfo(path.lstrip("/"))
                link.type, link.linkname = tarfile.SYMTYPE, os.readlink(path)  # noqa: PTH115 - as it is written
                tar.addfile(link)
            elif Path(path).is_dir():
                tar.addfile(_folder(path))
        for name, text in _files(uid, gid).items():
            data = text.encode()
            file = tarfile.TarInfo(name)
            file.size, file.mode = len(data), 0o644
            tar.addfile(file, io.BytesIO(data))
    return buffer.getvalue()


def _folder(path: str, mode: int = 0o755) -> tarfile.TarInfo:
    folder = tarfile.TarInfo(path.lstrip("/"))
    folder.type, folder.mode = tarfile.DIRTYPE, mode
    return folder


def _files(uid: int, gid: int) -> dict[str, str]:
    return {
        "etc/passwd": f"root:x:0:0:root:/tmp:/bin/sh\nworker:x:{uid}:{gid}:worker:/tmp:/bin/sh\n",
        "etc/group": f"root:x:0:\nworker:x:{gid}:\n",
        "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    }


async def ensure_host_image(daemon: Daemon) -> str:
    """Import the image if the daemon has not got it; returns its reference.

    Raises:
        SandboxError: The daemon refused.
    """
    tar = host_image_tar()
    tag = hashlib.sha256(tar).hexdigest()[:12]
    reference = f"{REPOSITORY}:{tag}"
    if not await has_image(daemon, reference):
        await daemon.call("POST", "/images/create", query={"fromSrc": "-", "repo": reference}, body=tar)
        if not await has_image(daemon, reference):
            raise DaemonRefused(f"it took the image {reference} and has not got it", 500, "See the daemon's log.")
    return reference


async def has_image(daemon: Daemon, reference: str) -> bool:
    """Whether the daemon has an image of this name."""
    return await daemon.call("GET", f"/images/{reference}/json", missing_ok=True) is not None
