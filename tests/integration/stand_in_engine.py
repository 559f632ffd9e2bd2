"""An engine process with the real life around it (lock, sockets, runtime file, signals) and almost nothing inside.

Run as a program, with what a test wants of it before the service's own arguments: `--protocol=N`, `--fails=KIND`, `--busy`, `--open` (its
memory can be looked into by its user).
"""

from __future__ import annotations

import asyncio
import ctypes
import sys
from dataclasses import dataclass, field

import msgspec

from jupyter_lambda.errors import error_classes
from jupyter_lambda.model.engine_api import PROTOCOL
from jupyter_lambda.service.__main__ import detach

PR_SET_DUMPABLE = 4


@dataclass
class StandIn:
    plan: object
    is_busy: bool
    servers: list[asyncio.Server] = field(default_factory=list)
    connections: int = 0
    drained: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def runtime(self):
        return msgspec.structs.replace(self.plan.runtime, access_key_id="JLAMBDATEST", secret_access_key="a secret")

    def is_idle(self):
        return not self.connections and not self.is_busy

    async def drain(self):
        if self.is_busy:
            await asyncio.Event().wait()

    async def open(self):
        for listener in (self.plan.listeners.tcp, self.plan.listeners.unix):
            self.servers.append(await asyncio.start_server(self.answer, sock=listener))

    async def answer(self, reader, writer):
        self.connections += 1
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"POST /engine/v1/stop"):
                assert f"Bearer {self.plan.runtime.token}".encode() in head
                self.plan.request_stop(b"drain=1" in head.split(b"\r\n")[0])
            writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{"status": "ok"}')
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.connections -= 1
            writer.close()

    async def aclose(self):
        for server in self.servers:
            server.close()


def run(arguments: list[str]) -> int:
    wishes = {}
    while arguments and arguments[0].partition("=")[0] in ("--protocol", "--fails", "--busy", "--open"):
        name, _, value = arguments.pop(0).partition("=")
        wishes[name] = value
    detach(arguments)
    from jupyter_lambda.service.life import main

    async def build(plan):
        if kind := wishes.get("--fails"):
            raise error_classes()[kind]("the home", "something is in the way", "Move it.")
        if "--open" in wishes:
            ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
        stand_in = StandIn(plan, "--busy" in wishes)
        await stand_in.open()
        return stand_in

    return main(arguments, build=build, protocol=int(wishes.get("--protocol", PROTOCOL)))


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
