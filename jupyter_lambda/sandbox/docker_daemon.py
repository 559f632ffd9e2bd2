"""Whether a Docker (or podman) daemon answers, and if not, what to do about it."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
from pathlib import Path
from typing import Final

from jupyter_lambda.model.host import DockerFacts

_ANSWER_SECONDS: Final = 2.0


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_ANSWER_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_ANSWER_SECONDS)
        self.sock.connect(self._path)


def docker_facts() -> DockerFacts:
    """Ask the daemon for its version; blocks for 2 s at most."""
    host = os.environ.get("DOCKER_HOST", "")
    if host and not host.startswith("unix://"):
        return DockerFacts(answers=False, address=host, note=f"DOCKER_HOST is {host}: only a daemon on this machine can be used.")
    found = [path for path in _sockets(host) if Path(path).exists()]
    if not found:
        return DockerFacts(answers=False, note=_missing())
    facts = [_ask(path) for path in found]
    return next((each for each in facts if each.answers), facts[0])


def _sockets(host: str) -> list[str]:
    if host:
        return [host.removeprefix("unix://")]
    runtime = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    return ["/var/run/docker.sock", f"{runtime}/docker.sock", "/run/podman/podman.sock", f"{runtime}/podman/podman.sock"]


def _ask(path: str) -> DockerFacts:
    connection = _UnixConnection(path)
    try:
        connection.request("GET", "/version")
        answer = json.loads(connection.getresponse().read())
        return DockerFacts(answers=True, version=str(answer.get("Version", "")), address=path)
    except PermissionError:
        note = f"{path} may not be opened by this user: add it to the socket's group (`sudo usermod -aG docker $USER`) and log in again."
        return DockerFacts(answers=False, address=path, note=note)
    except (OSError, ValueError, http.client.HTTPException) as error:
        return DockerFacts(answers=False, address=path, note=f"{path} is there, but no daemon answers ({error}): start it.")
    finally:
        connection.close()


def _missing() -> str:
    if shutil.which("docker") or shutil.which("podman"):
        return "The client is installed, but no daemon's socket is there: start it (`sudo systemctl start docker`)."
    return "Docker is not installed; functions run in the process sandbox."
