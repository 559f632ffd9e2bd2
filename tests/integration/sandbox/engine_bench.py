"""An engine that runs functions in containers, and what its tests ask of it."""

from __future__ import annotations

import json
import threading
from contextlib import suppress

from jupyter_lambda.client.engine_client import EngineClient
from jupyter_lambda.client.launch import EngineOptions, Launcher, stop_engine
from jupyter_lambda.clock import SystemClock, pause
from tests.integration.engine_traffic import CUT_OFF, Connection
from tests.integration.sandbox.containers import containers_of, docker

SECONDS = 30.0


class EngineBench:
    """An engine of containers on a daemon, which $DOCKER_HOST names; it and its containers are gone when the `with` is left."""

    def __init__(self, home, daemon, settings=None, sandbox="docker"):
        self.home, self.daemon = home, daemon
        settings = {"concurrency": "6", "async_retry_base_seconds": "0", **(settings or {})}
        self.options = EngineOptions(home=home, sandbox=sandbox, settings=settings)
        self.connection = None
        self.connect()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()
        stop_engine(self.home)
        self.until(lambda: self.containers() == [])

    def client(self):
        """The engine's own client, which starts no other engine."""
        return EngineClient(self.runtime)

    def connect(self):
        if self.connection is not None:
            self.connection.close()
        self.runtime = Launcher().ensure(self.options)
        self.connection = Connection(self.runtime, 60.0)

    def call(self, name, event):
        status, body = self.connection.call("POST", f"/2015-03-31/functions/{name}/invocations", json.dumps(event).encode())
        return status, json.loads(body)

    def call_aside(self, name, event):
        """Call in a thread; returns what waits for the answer."""
        answers, connection = [], Connection(self.runtime, 120.0)

        def run():
            with suppress(*CUT_OFF):
                status, body = connection.call("POST", f"/2015-03-31/functions/{name}/invocations", json.dumps(event).encode())
                answers.append((status, json.loads(body)))
            connection.close()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()

        def answer():
            thread.join(60)
            assert answers, "no answer came"
            return answers[0]

        return answer

    def until_busy(self, name):
        """Wait until an environment of the function is at work; returns the containers there are."""
        self.until(lambda: any(e["function_name"] == name and e["state"] == "busy" for e in self.environments()))
        return self.containers()

    def environments(self):
        return self.connection.get("/engine/v1/environments")

    def containers(self):
        return containers_of(self.daemon.address, self.home)

    def until(self, claim):
        clock = SystemClock()
        deadline = clock.monotonic() + SECONDS
        while not claim():
            assert clock.monotonic() < deadline, docker(self.daemon.address, "ps", "-a")
            pause(0.02)
