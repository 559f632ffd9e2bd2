"""Callers of a real engine that write down what it acknowledged, and ask afterwards whether it is still there.

They speak HTTP as the wire has it, not through our client: that one would find or start an engine again where the test wants to see
exactly what was answered before the kill.
"""

from __future__ import annotations

import hashlib
import http.client
import io
import itertools
import json
import platform
import socket
import sys
import threading
import uuid
import zipfile
from dataclasses import dataclass, field

CUT_OFF = (OSError, http.client.HTTPException)  # what a caller sees of an engine that is killed
HANDLER = "def handler(event, context):\n    print('event', event)\n    return event\n"


class Connection(http.client.HTTPConnection):
    """HTTP over an engine's unix socket, with its token."""

    def __init__(self, runtime, seconds=20.0):
        super().__init__("localhost", timeout=seconds)
        self._path, self._token, self._seconds = runtime.socket, runtime.token, seconds

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self._seconds)
        self.sock.connect(self._path)

    def call(self, method, target, body=None, headers=()):
        """Status and body of a call; a dictionary is sent as JSON."""
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        self.request(method, target, data, {"Authorization": f"Bearer {self._token}", **dict(headers)})
        answer = self.getresponse()
        return answer.status, answer.read()

    def get(self, target):
        """The JSON of a GET; None if there is no such thing."""
        status, body = self.call("GET", target)
        assert status in (200, 404), (target, status, body)
        return json.loads(body) if status == 200 else None


def package(text=HANDLER):
    """A deployment package and its hash."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("cell.py", text)
    return buffer.getvalue(), hashlib.sha256(buffer.getvalue()).hexdigest()


def deploy(connection, name, text=HANDLER, **options):
    """Upload a package and deploy it; returns the answer's status and its hash."""
    data, digest = package(text)
    status, body = connection.call("PUT", f"/engine/v1/blobs/{digest}", data)
    assert status in (200, 201), (status, body)
    python = {
        "executable": sys.executable, "prefix": sys.prefix, "base_prefix": sys.base_prefix, "version": platform.python_version(),
    }  # fmt: skip
    request = {
        "package_sha256": digest, "content_digest": digest, "handler": "cell.handler", "options": options, "python": python,
        "runtime": f"python3.{sys.version_info.minor}",
    }  # fmt: skip
    status, body = connection.call("POST", f"/engine/v1/functions/{name}/deploy", request)
    assert status == 200, (status, body)
    return digest


@dataclass
class Acknowledged:
    """What an engine said it keeps."""

    records: list[str] = field(default_factory=list)  # request ids: the journal's promise
    events: list[str] = field(default_factory=list)  # request ids
    versions: dict[str, str] = field(default_factory=dict)  # number: description
    aliases: dict[str, str] = field(default_factory=dict)  # name: version
    functions: dict[str, str] = field(default_factory=dict)  # name: package hash
    described: int = 0  # the last description of $LATEST

    def count(self):
        return len(self.records) + len(self.events) + len(self.versions) + len(self.aliases) + len(self.functions)


class Traffic:
    """Five callers of an engine, each in its thread, until the engine is gone or `stop` is called."""

    numbers = itertools.count(1)  # never twice, over all engines of a test

    def __init__(self, runtime, kept: Acknowledged):
        self._runtime, self._kept = runtime, kept
        self._stopped = threading.Event()
        self.answered = threading.Event()  # a first invocation was: environments are warm
        self.mistakes: list[str] = []
        jobs = (self._invoke, self._invoke, self._send_event, self._publish, self._deploy)
        self._threads = [threading.Thread(target=self._repeat, args=(job,), daemon=True) for job in jobs]

    def start(self):
        for thread in self._threads:
            thread.start()

    def stop(self, seconds=30.0):
        """Wait until every caller has noticed."""
        self._stopped.set()
        for thread in self._threads:
            thread.join(seconds)
            assert not thread.is_alive(), "a caller hangs on an engine that is gone"

    def _repeat(self, job):
        connection = Connection(self._runtime)
        try:
            while not self._stopped.is_set():
                job(connection)
        except CUT_OFF:
            pass
        except AssertionError as error:
            self.mistakes.append(str(error))
        finally:
            connection.close()

    def _invoke(self, connection):
        request_id = str(uuid.uuid4())
        event = json.dumps({"n": next(self.numbers)}).encode()
        headers = {"X-Jupyter-Lambda-Request-Id": request_id}
        status, body = connection.call("POST", "/2015-03-31/functions/echo/invocations", event, headers)
        assert (status, body) == (200, event), (status, body)
        self._kept.records.append(request_id)
        self.answered.set()

    def _send_event(self, connection):
        request_id = str(uuid.uuid4())
        headers = {"X-Jupyter-Lambda-Request-Id": request_id, "X-Amz-Invocation-Type": "Event"}
        status, body = connection.call("POST", "/2015-03-31/functions/echo/invocations", b'"later"', headers)
        assert status == 202, (status, body)
        self._kept.events.append(request_id)

    def _publish(self, connection):
        number = next(self.numbers)
        change = {"options": {"description": str(number)}}
        status, body = connection.call("PATCH", "/engine/v1/functions/quiet/configuration", change)
        assert status == 200, (status, body)
        self._kept.described = number
        status, body = connection.call("POST", "/engine/v1/functions/quiet/versions", {})
        assert status in (200, 201), (status, body)
        version = json.loads(body)["version"]
        assert version not in self._kept.versions, f"version {version} was given out twice"
        self._kept.versions[version] = str(number)
        status, body = connection.call("PUT", f"/engine/v1/functions/quiet/aliases/a{number}", {"version": version})
        assert status in (200, 201), (status, body)
        self._kept.aliases[f"a{number}"] = version

    def _deploy(self, connection):
        name = f"f{next(self.numbers)}"
        self._kept.functions[name] = deploy(connection, name, f"{HANDLER}# {name}\n")


def missing(connection: Connection, kept: Acknowledged, *, since: Acknowledged | None = None) -> list[str]:
    """What was acknowledged (after `since`) and is not there any more; queued events are asked for by `unanswered`."""
    lost = []
    for request_id in kept.records[len(since.records) if since else 0 :]:
        found = connection.get(f"/engine/v1/invocations/{request_id}")
        if found is None or found["record"].get("status", "succeeded") != "succeeded":
            lost.append(f"record {request_id}: {found}")
    versions = {version["version"]: version for version in connection.get("/engine/v1/functions/quiet")["versions"]}
    for number, description in kept.versions.items():
        found = versions.get(number)
        if found is None or found["configuration"]["description"] != description:
            lost.append(f"version {number}: {found}")
    detail = connection.get("/engine/v1/functions/quiet")
    aliases = {alias["name"]: alias["version"] for alias in detail["aliases"]}
    lost += [f"alias {name}" for name, version in kept.aliases.items() if aliases.get(name) != version]
    described = int(detail["function"]["latest"]["configuration"]["description"] or 0)
    if described < kept.described:
        lost.append(f"description {kept.described}: {described}")
    latest = [found["function"]["latest"] for found in connection.get("/engine/v1/functions")]
    functions = {version["function_name"]: version["package_sha256"] for version in latest}
    lost += [f"function {name}" for name, digest in kept.functions.items() if functions.get(name) != digest]
    return lost


def unanswered(connection: Connection, kept: Acknowledged) -> list[str]:
    """Events that were acknowledged and have no record yet."""
    return [request_id for request_id in kept.events if connection.get(f"/engine/v1/invocations/{request_id}") is None]
