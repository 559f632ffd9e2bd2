"""Where containers that can't have a socket mounted come in: a TCP port, open while one of them is expected.

Each expected container has a ticket and a secret of its own, good for one connection. Whoever does not show both with its first bytes is
cut off; the comparison takes the same time whatever is wrong, and only so many may be standing at the door at once. What comes after the
secret is the container's (`tunnel.py`). It is not encrypted: by itself the engine listens only on addresses of this machine that
containers beside it reach, never on one of its network's.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import ipaddress
import secrets
import socket
from typing import TYPE_CHECKING, Any, Final

import msgspec

from jupyter_lambda.errors import SandboxError
from jupyter_lambda.runtime.frames import SECRET_BYTES, TICKET_BYTES

if TYPE_CHECKING:
    from jupyter_lambda.sandbox.docker.daemon import Daemon

DESKTOP_NAME: Final = "host.docker.internal"
_STRANGERS_MAX: Final = 64
_SECRET_SECONDS: Final = 5.0
_LIMIT_BYTES: Final = 1 << 18


class Way(msgspec.Struct, frozen=True):
    """How a container of one network reaches this engine."""

    network: str
    listen: str  # an address of this machine
    host: str  # what the container calls it
    extra_hosts: tuple[str, ...] = ()


class Expected:
    """One container that is expected."""

    def __init__(self, ticket: bytes, secret: bytes, address: str) -> None:
        self.ticket, self._secret, self.address = ticket, secret, address
        self.came: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.get_running_loop().create_future()

    @property
    def handed_in(self) -> bytes:
        """What the container is given on its standard input."""
        return self.ticket + self._secret

    def is_secret(self, said: bytes) -> bool:
        """Whether this is what it was given; takes the same time either way."""
        return hmac.compare_digest(self._secret, said)


class Gateway:
    """Listens on one address while somebody is expected there."""

    def __init__(self, listen: str) -> None:
        self._listen = listen
        self._server: asyncio.Server | None = None
        self._expected: dict[bytes, Expected] = {}
        self._strangers: set[asyncio.Task[None]] = set()
        self._nobody = Expected(secrets.token_bytes(TICKET_BYTES), secrets.token_bytes(SECRET_BYTES), "")
        self._opening = asyncio.Lock()

    @property
    def port(self) -> int | None:
        """Where it listens now, None while nobody is expected."""
        return None if self._server is None else int(self._server.sockets[0].getsockname()[1])

    async def expect(self, host: str) -> Expected:
        """Expect one more container, which calls this machine `host`.

        Raises:
            SandboxError: The address is not this machine's.
        """
        async with self._opening:
            if self._server is None:
                try:
                    self._server = await asyncio.start_server(self._meet, self._listen, 0, limit=_LIMIT_BYTES)
                except OSError as error:
                    raise SandboxError(
                        "docker sandbox", f"the engine can't listen on {self._listen} ({error.strerror or error})",
                        "Set docker_gateway to an address of this machine that containers reach.",
                    ) from error  # fmt: skip
            shown = f"[{host}]" if ":" in host else host
            expected = Expected(secrets.token_bytes(TICKET_BYTES), secrets.token_bytes(SECRET_BYTES), f"{shown}:{self.port}")
            self._expected[expected.ticket] = expected
            return expected

    def forget(self, expected: Expected) -> None:
        """Expect it no more; the last one closes the port. Safe to call twice."""
        self._expected.pop(expected.ticket, None)
        expected.came.cancel()
        if not self._expected and self._server is not None:
            self._server.close()
            self._server = None

    async def aclose(self) -> None:
        """Expect nobody. Safe to call twice."""
        for expected in list(self._expected.values()):
            self.forget(expected)
        for stranger in list(self._strangers):
            stranger.cancel()
        await asyncio.gather(*self._strangers, return_exceptions=True)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._strangers) >= _STRANGERS_MAX:
            writer.transport.abort()
            return
        self._strangers.add(task)
        expected = None
        try:
            async with asyncio.timeout(_SECRET_SECONDS):
                said = await reader.readexactly(TICKET_BYTES + SECRET_BYTES)
            expected = self._recognise(said)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass
        finally:
            self._strangers.discard(task)
            if expected is None:
                writer.transport.abort()
        if expected is not None:
            expected.came.set_result((reader, writer))
            self.forget(expected)

    def _recognise(self, said: bytes) -> Expected | None:
        ticket, secret = said[:TICKET_BYTES], said[TICKET_BYTES:]
        expected = self._expected.get(ticket, self._nobody)
        is_it = expected.is_secret(secret)
        return expected if is_it and expected is not self._nobody and not expected.came.done() else None


async def find_way(daemon: Daemon, network: str, given: str) -> Way:
    """How containers of a network reach this engine.

    Args:
        daemon: The daemon.
        network: Its name.
        given: The address that the user set; empty: found.

    Raises:
        SandboxError: The daemon is on another machine and no address was set, or the network is not there.
    """
    if given:
        return Way(network, given if _is_own(given) else "127.0.0.1", given, _desktop_hosts(given))
    found: Any = await daemon.call("GET", f"/networks/{network}", missing_ok=True)
    if found is None:
        raise SandboxError("docker sandbox", f'the daemon has no network "{network}"', "Restart the engine.")
    for each in (found.get("IPAM") or {}).get("Config") or ():
        gateway = str(each.get("Gateway", "")).partition("/")[0]
        if gateway and _is_own(gateway):
            return Way(network, gateway, gateway)
    if not daemon.endpoint.is_here:
        raise SandboxError(
            "docker sandbox", f"the daemon at {daemon.endpoint} is on another machine, whose containers don't know this one's address",
            "Set docker_gateway to an address of this machine that they reach, on a network you trust: it is not encrypted.",
        )  # fmt: skip
    return Way(network, "127.0.0.1", DESKTOP_NAME, _desktop_hosts(DESKTOP_NAME))


def _desktop_hosts(name: str) -> tuple[str, ...]:
    return (f"{DESKTOP_NAME}:host-gateway",) if name == DESKTOP_NAME else ()


def _is_own(address: str) -> bool:
    """Whether an address is one of this machine's: whether one can listen there."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if parsed.is_unspecified:
        return False
    family = socket.AF_INET6 if parsed.version == 6 else socket.AF_INET
    with contextlib.closing(socket.socket(family, socket.SOCK_STREAM)) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True
