"""Whether a Docker (or podman) daemon answers, and if not, what to do about it."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
from typing import Final

from jupyter_lambda.errors import SandboxError
from jupyter_lambda.model.host import DockerFacts
from jupyter_lambda.sandbox.docker.endpoint import Endpoint, find_endpoints

_ANY_VERSION: Final = "1.40"
_FAR_SECONDS: Final = 10
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
    """Ask the daemon for its version; blocks for 2 s at most, for one on another machine longer."""
    return find_daemon()[0]


def find_daemon() -> tuple[DockerFacts, Endpoint | None]:
    """The same, and where the daemon is that answered; None if none did."""
    try:
        endpoints = find_endpoints(os.environ)
    except SandboxError as error:
        return DockerFacts(answers=False, note=f"{error.what}. {error.suggestion}"), None
    if not endpoints:
        return DockerFacts(answers=False, note=_missing()), None
    first = None
    for endpoint in endpoints:
        facts = _ask(endpoint.socket_path) if endpoint.socket_path else _ask_far(endpoint)
        if facts.answers:
            return facts, endpoint
        first = first or facts
    assert first is not None  # noqa: S101 - there was an endpoint
    return first, None


def _ask(path: str) -> DockerFacts:
    connection = _UnixConnection(path)
    try:
        connection.request("GET", "/version")
        answer = json.loads(connection.getresponse().read())
        return DockerFacts(answers=True, version=str(answer.get("Version", "")), address=path)
    except PermissionError:
        note = f"{path} may not be opened by this user: add it to the socket's group (`sudo usermod -aG docker $USER`) and log in again."
        return DockerFacts(answers=False, address=path, note=note)
    except FileNotFoundError:
        return DockerFacts(answers=False, address=path, note=_missing(path))
    except (OSError, ValueError, http.client.HTTPException) as error:
        return DockerFacts(answers=False, address=path, note=f"{path} is there, but no daemon answers ({error}): start it.")
    finally:
        connection.close()


def _ask_far(endpoint: Endpoint) -> DockerFacts:
    """Over TCP or ssh, by the Docker SDK; it is loaded only for those."""
    import docker

    try:
        client = docker.APIClient(**endpoint.sdk_arguments(), version=_ANY_VERSION, timeout=_FAR_SECONDS)
    except Exception as error:  # the SDK raises whatever connecting made it raise, paramiko's and requests' own kinds among it
        return _no_answer(endpoint, error)
    try:
        return DockerFacts(answers=True, version=str(client.version(api_version=False).get("Version", "")), address=endpoint.url)
    except Exception as error:
        return _no_answer(endpoint, error)
    finally:
        client.close()


def _no_answer(endpoint: Endpoint, error: BaseException) -> DockerFacts:
    while error.__context__ is not None:  # under two libraries' own kinds
        error = error.__context__
    note = f"No daemon answers at {endpoint.url} ({error}): check DOCKER_HOST, or `docker context ls`, and the certificates."
    return DockerFacts(answers=False, address=endpoint.url, note=note)


def _missing(path: str = "") -> str:
    if path and os.environ.get("DOCKER_HOST"):
        return f"$DOCKER_HOST names {path}, where no daemon's socket is: start that daemon, or correct the variable."
    if shutil.which("docker") or shutil.which("podman"):
        return "The client is installed, but no daemon's socket is there: start it (`sudo systemctl start docker`)."
    return "Docker is not installed; functions run in the process sandbox."
