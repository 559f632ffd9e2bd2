"""Where a daemon is looked for, and how it is reached over TCP, TLS and ssh (sandbox/docker/endpoint.py, daemon.py)."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import socket
import ssl
import subprocess
from typing import TYPE_CHECKING

import pytest

from jupyter_lambda.errors import SandboxError
from jupyter_lambda.sandbox.docker.daemon import Daemon, DaemonGone
from jupyter_lambda.sandbox.docker.endpoint import Endpoint, Tls, find_endpoints
from jupyter_lambda.sandbox.docker_daemon import docker_facts, find_daemon

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio
VERSION = b'{"Version": "28.1.1", "ApiVersion": "1.49", "MinAPIVersion": "1.24"}'


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(autouse=True)
def _nobodys_settings(monkeypatch, tmp_path):
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))


async def answer(reader, writer):
    """As a daemon answers `GET /version`."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(VERSION) + VERSION)
    await writer.drain()
    writer.close()


# -- where ------------------------------------------------------------------------------------------------------------------


def test_docker_host_goes_first_and_takes_tls_from_the_environment():
    assert find_endpoints({"DOCKER_HOST": "unix:///x.sock", "DOCKER_CONTEXT": "other"}) == [Endpoint("unix:///x.sock")]
    assert find_endpoints({"DOCKER_HOST": "tcp://h:1"}) == [Endpoint("tcp://h:1")]
    found = find_endpoints({"DOCKER_HOST": "tcp://h:1", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/c"})
    assert found == [Endpoint("tcp://h:1", Tls("/c/ca.pem", "/c/cert.pem", "/c/key.pem"))]


@pytest.mark.parametrize("host", ["npipe:////./pipe/docker", "tcp://", "somewhere", "fd://3"])
def test_a_host_that_names_no_daemon_is_refused_with_what_can_be_used(host):
    with pytest.raises(SandboxError, match="names no daemon") as raised:
        find_endpoints({"DOCKER_HOST": host})
    assert "tcp://host:port" in raised.value.suggestion


def test_without_anything_the_usual_sockets_are_tried(tmp_path):
    (tmp_path / "docker.sock").touch()
    assert Endpoint(f"unix://{tmp_path}/docker.sock") in find_endpoints({"XDG_RUNTIME_DIR": str(tmp_path)})


def make_context(folder: Path, name: str, host: str, **more) -> None:
    """As `docker context create` writes it."""
    meta = folder / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
    meta.mkdir(parents=True)
    (meta / "meta.json").write_text(json.dumps({"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host, **more}}}))


def test_a_context_is_taken_from_the_configuration_or_by_name(tmp_path):
    folder = tmp_path / "docker"
    make_context(folder, "lab", "ssh://someone@lab.example")
    make_context(folder, "here", "unix:///run/here.sock")
    (folder / "config.json").write_text(json.dumps({"currentContext": "lab"}))
    environ = {"DOCKER_CONFIG": str(folder)}
    assert find_endpoints(environ) == [Endpoint("ssh://someone@lab.example")]
    assert find_endpoints({**environ, "DOCKER_CONTEXT": "here"}) == [Endpoint("unix:///run/here.sock")]
    with pytest.raises(SandboxError, match='context "gone"'):
        find_endpoints({**environ, "DOCKER_CONTEXT": "gone"})


def test_a_contexts_certificates_come_along(tmp_path):
    folder = tmp_path / "docker"
    make_context(folder, "far", "tcp://far.example:2376", SkipTLSVerify=False)
    certificates = folder / "contexts" / "tls" / hashlib.sha256(b"far").hexdigest() / "docker"
    certificates.mkdir(parents=True)
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (certificates / name).write_text("x")
    [found] = find_endpoints({"DOCKER_CONFIG": str(folder), "DOCKER_CONTEXT": "far"})
    assert found.tls == Tls(*(str(certificates / name) for name in ("ca.pem", "cert.pem", "key.pem")))


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("unix:///x", True), ("tcp://127.0.0.1:2375", True), ("tcp://localhost:1", True), ("tcp://[::1]:1", True),
        ("tcp://192.0.2.7:1", False), ("tcp://daemon.example:1", False), ("ssh://localhost", False),
    ],
)  # fmt: skip
def test_whose_address_it_is(url, here):
    assert Endpoint(url).is_here is here


# -- how --------------------------------------------------------------------------------------------------------------------


async def test_over_tcp():
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        daemon = await Daemon.open(Endpoint(f"tcp://127.0.0.1:{port}"))
        assert (daemon.version, daemon.api) == ("28.1.1", "1.49")


async def test_doctor_asks_a_far_daemon_with_the_sdk(monkeypatch):
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        monkeypatch.setenv("DOCKER_HOST", url)
        facts, endpoint = await asyncio.to_thread(find_daemon)
    assert (facts.answers, facts.version, facts.address, endpoint) == (True, "28.1.1", url, Endpoint(url))
    facts, endpoint = await asyncio.to_thread(find_daemon)
    assert not facts.answers
    assert endpoint is None
    assert facts.note.startswith(f"No daemon answers at {url} ([Errno ")


def test_a_socket_that_is_not_where_docker_host_says_is_told_by_its_path(monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    facts = docker_facts()
    assert not facts.answers
    assert facts.note.startswith(f"$DOCKER_HOST names {tmp_path}/none.sock, where no daemon's socket is")


async def test_nobody_at_the_address_is_said():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(DaemonGone, match=f"nobody answers at tcp://127.0.0.1:{port}"):
        await Daemon.open(Endpoint(f"tcp://127.0.0.1:{port}"))


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """Two authorities, and a certificate of the first for both ends."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    for name in ("ca", "other-ca"):
        openssl("req", "-x509", *curve, "-keyout", f"{name}-key.pem", "-out", f"{name}.pem", "-subj", f"/CN={name}", "-days", "2")
    openssl("req", *curve, "-keyout", "key.pem", "-out", "request.pem", "-subj", "/CN=end")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n")
    openssl("x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial", "-days", "2",
            "-out", "cert.pem", "-extfile", "names")  # fmt: skip
    return folder


async def test_over_tls_with_certificates_of_both_ends(certificates):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificates / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(certificates / "cert.pem", certificates / "key.pem")
    ca, certificate, key = (str(certificates / name) for name in ("ca.pem", "cert.pem", "key.pem"))
    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as server:
        url = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        assert (await Daemon.open(Endpoint(url, Tls(ca, certificate, key)))).api == "1.49"
        with pytest.raises(DaemonGone):  # it does not believe us
            await Daemon.open(Endpoint(url, Tls(ca)))
        with pytest.raises(DaemonGone, match="certificate"):  # we do not believe it
            await Daemon.open(Endpoint(url, Tls(str(certificates / "other-ca.pem"), certificate, key)))
        assert (await Daemon.open(Endpoint(url, Tls(None, certificate, key, verify=False)))).api == "1.49"


async def test_through_ssh_as_the_docker_command_does_it(tmp_path, monkeypatch):
    """A program in ssh's place: it is told whom to reach, and joins its streams with the daemon's socket as `dial-stdio` does."""
    fake = tmp_path / "bin" / "ssh"
    fake.parent.mkdir()
    path = tmp_path / "far.sock"
    fake.write_text(f"""#!/usr/bin/env python3
import os, socket, sys, threading
open({str(tmp_path / "told")!r}, "w").write(" ".join(sys.argv[1:]))
s = socket.socket(socket.AF_UNIX); s.connect({str(path)!r})
def up():
    while data := os.read(0, 65536): s.sendall(data)
threading.Thread(target=up, daemon=True).start()
while data := s.recv(65536): os.write(1, data)
""")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    async with await asyncio.start_unix_server(answer, path):
        assert (await Daemon.open(Endpoint("ssh://someone@lab.example:2222"))).api == "1.49"
    told = (tmp_path / "told").read_text()
    assert "-l someone -p 2222" in told
    assert told.endswith("-- lab.example docker system dial-stdio")
    assert "BatchMode=yes" in told
