"""Where a daemon is, and how a connection to it is made: a unix socket, TCP with or without TLS, or through ssh.

Which one is decided as the docker command decides it: $DOCKER_HOST, else $DOCKER_CONTEXT, else the context that is in use, else the sockets
that are usual here. Contexts are read here: the Docker SDK takes no notice of $DOCKER_CONTEXT, and finds none where there is no
`config.json` yet.

Source: Docker CLI reference, "Environment variables" and "docker context".
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ipaddress
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

import msgspec

from jupyter_lambda.errors import SandboxError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

_LINE_BYTES: Final = 1 << 20
_PORT, _TLS_PORT = 2375, 2376
_SSH_KEPT: Final = "60s"  # one connection of ssh serves all calls until it was idle for so long


class Writer(Protocol):
    """What is used of a stream's writer."""

    def write(self, data: bytes, /) -> None:
        """Send bytes."""
        ...

    async def drain(self) -> None:
        """Wait until there is room for more."""
        ...

    def close(self) -> None:
        """End the connection."""
        ...


class Tls(msgspec.Struct, frozen=True):
    """Certificates, as paths; `verify` False: whoever answers is believed, as without DOCKER_TLS_VERIFY."""

    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    verify: bool = True


class Endpoint(msgspec.Struct, frozen=True):
    """A daemon's address: `unix:///path`, `tcp://host:port`, `ssh://user@host`."""

    url: str
    tls: Tls | None = None

    def __str__(self) -> str:
        return self.socket_path or self.url

    @property
    def socket_path(self) -> str:
        """The path of a unix socket; empty for the others."""
        return self.url.removeprefix("unix://") if self.url.startswith("unix://") else ""

    @property
    def is_here(self) -> bool:
        """Whether the address is this machine's; the daemon may still sit in a virtual machine behind it."""
        if self.socket_path:
            return True
        host = urlsplit(self.url).hostname or ""
        with contextlib.suppress(ValueError):
            return self.url.startswith("tcp://") and ipaddress.ip_address(host).is_loopback
        return self.url.startswith("tcp://") and host == "localhost"

    async def connect(self) -> tuple[asyncio.StreamReader, Writer]:
        """A connection that speaks the daemon's HTTP.

        Raises:
            OSError: Nobody is there, or its certificate is not believed.
        """
        if self.socket_path:
            return await asyncio.open_unix_connection(self.socket_path, limit=_LINE_BYTES)
        parts = urlsplit(self.url)
        if parts.scheme == "ssh":
            return await _through_ssh(self.url)
        port = parts.port or (_TLS_PORT if self.tls else _PORT)
        context = None if self.tls is None else await asyncio.to_thread(_context, self.tls)
        return await asyncio.open_connection(parts.hostname, port, ssl=context, limit=_LINE_BYTES)

    def sdk_arguments(self) -> dict[str, Any]:
        """What the Docker SDK's client is made with to reach the same daemon."""
        if self.tls is None:
            return {"base_url": self.url, "use_ssh_client": self.url.startswith("ssh://")}
        from docker.tls import TLSConfig  # only where there is TLS

        pair = (self.tls.certificate, self.tls.key) if self.tls.certificate and self.tls.key else None
        tls = TLSConfig(client_cert=pair, ca_cert=self.tls.ca, verify=self.tls.verify)
        return {"base_url": self.url.replace("tcp://", "https://", 1), "tls": tls}


def find_endpoints(environ: Mapping[str, str]) -> list[Endpoint]:
    """Where a daemon may be, the likeliest first; blocks for as long as reading a few files takes.

    Raises:
        SandboxError: $DOCKER_HOST or the context names something that can't be used.
    """
    if host := environ.get("DOCKER_HOST", ""):
        return [_checked(Endpoint(host, _tls_of(environ) if host.startswith("tcp://") else None), f"DOCKER_HOST is {host}")]
    name = environ.get("DOCKER_CONTEXT", "") or _context_in_use(environ)
    if name and name != "default":
        return [_from_context(name, environ)]
    runtime = environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    usual = ["/var/run/docker.sock", f"{runtime}/docker.sock", "/run/podman/podman.sock", f"{runtime}/podman/podman.sock"]
    return [Endpoint(f"unix://{path}") for path in usual if Path(path).exists()]


def _checked(endpoint: Endpoint, what: str) -> Endpoint:
    parts = urlsplit(endpoint.url)
    if endpoint.socket_path or (parts.scheme in ("tcp", "ssh") and parts.hostname):
        return endpoint
    raise SandboxError("docker daemon", f"{what}, which names no daemon", "Use unix:///path, tcp://host:port or ssh://user@host.")


def _tls_of(environ: Mapping[str, str]) -> Tls | None:
    """TLS as the docker command takes it from the environment: any non-empty DOCKER_TLS_VERIFY turns it on, and verifies."""
    if not environ.get("DOCKER_TLS_VERIFY"):
        return None
    folder = Path(environ.get("DOCKER_CERT_PATH") or Path.home() / ".docker")
    return Tls(str(folder / "ca.pem"), str(folder / "cert.pem"), str(folder / "key.pem"))


def _configuration(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("DOCKER_CONFIG") or Path.home() / ".docker")


def _context_in_use(environ: Mapping[str, str]) -> str:
    try:
        return str(json.loads((_configuration(environ) / "config.json").read_text()).get("currentContext", ""))
    except (OSError, ValueError, AttributeError):
        return ""


def _from_context(name: str, environ: Mapping[str, str]) -> Endpoint:
    folder, context_id = _configuration(environ) / "contexts", hashlib.sha256(name.encode()).hexdigest()
    try:
        found = json.loads((folder / "meta" / context_id / "meta.json").read_text())["Endpoints"]["docker"]
        host, verify = str(found["Host"]), not found.get("SkipTLSVerify", False)
    except FileNotFoundError:
        raise _bad_context(name, "there is none of that name") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _bad_context(name, f"its file can't be read ({error})") from error
    files = {each: folder / "tls" / context_id / "docker" / f"{each}.pem" for each in ("ca", "cert", "key")}
    given = {each: str(path) if path.exists() else None for each, path in files.items()}
    has_tls = host.startswith("tcp://") and any(given.values())
    tls = Tls(given["ca"], given["cert"], given["key"], verify=verify) if has_tls else None
    return _checked(Endpoint(host, tls), f'the context "{name}" has the address "{host}"')


def _bad_context(name: str, why: str) -> SandboxError:
    return SandboxError("docker daemon", f'the docker context "{name}" can\'t be used: {why}', "See `docker context ls`.")


def _context(tls: Tls) -> ssl.SSLContext:
    import ssl

    context = ssl.create_default_context(cafile=tls.ca if tls.verify else None)
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.certificate:
        context.load_cert_chain(tls.certificate, tls.key)
    return context


# -- ssh --------------------------------------------------------------------------------------------------------------------


async def _through_ssh(url: str) -> tuple[asyncio.StreamReader, Writer]:
    """What the docker command does: the far side's own command passes the bytes on to its daemon's socket."""
    parts = urlsplit(url)
    shared = Path(tempfile.gettempdir()) / f"jupyter-lambda-ssh-{os.getuid()}"
    shared.mkdir(mode=0o700, exist_ok=True)
    if shared.stat().st_uid != os.getuid():
        raise PermissionError(f"{shared} is somebody else's")
    options = [
        "-o", "BatchMode=yes", "-o", "ControlMaster=auto", "-o", f"ControlPath={shared}/%C", "-o", f"ControlPersist={_SSH_KEPT}",
        *(["-l", parts.username] if parts.username else []), *(["-p", str(parts.port)] if parts.port else []),
    ]  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        "ssh", *options, "--", str(parts.hostname), "docker", "system", "dial-stdio",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, limit=_LINE_BYTES,
    )  # fmt: skip
    assert process.stdin is not None  # noqa: S101 - as asked for
    assert process.stdout is not None  # noqa: S101
    return process.stdout, _SshWriter(process, process.stdin)


class _SshWriter:
    """Ends its process with the connection."""

    def __init__(self, process: asyncio.subprocess.Process, stdin: asyncio.StreamWriter) -> None:
        self._process, self._stdin = process, stdin
        self._waiting: asyncio.Task[int] | None = None

    def write(self, data: bytes, /) -> None:
        """Send bytes."""
        self._stdin.write(data)

    async def drain(self) -> None:
        """Wait until there is room for more."""
        await self._stdin.drain()

    def close(self) -> None:
        """End ssh; the shared connection behind it stays for a while."""
        self._stdin.close()
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        self._waiting = asyncio.ensure_future(self._process.wait())
