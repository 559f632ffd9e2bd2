"""A proxy that cuts live streams while the rest passes: what a bad network, or a proxy with a short patience, does to a page."""

from __future__ import annotations

import selectors
import socket
import threading
from contextlib import suppress
from typing import Final

_STREAM: Final = b"jupyter-lambda/stream"


class CuttingProxy:
    """Passes connections to a port that may change; each live stream is cut `cut_seconds` after it began, None for never."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.cut_seconds: float | None = None
        self.streams = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """End the connections and take no more."""
        self._listener.close()
        for connection in list(self._open):
            _cut(connection)

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        self._open.add(client)
        try:
            with suppress(OSError):
                first = client.recv(65536)
                server = socket.create_connection(("127.0.0.1", self.target), timeout=10)
                server.settimeout(None)
                self._open.add(server)
                try:
                    server.sendall(first)
                    self._pass(client, server, is_stream=_STREAM in first.partition(b"\r\n")[0])
                finally:
                    self._open.discard(server)
                    _cut(server)
        finally:
            self._open.discard(client)
            _cut(client)

    def _pass(self, client: socket.socket, server: socket.socket, *, is_stream: bool) -> None:
        timer = None
        if is_stream:
            self.streams += 1
            if self.cut_seconds is not None:
                timer = threading.Timer(self.cut_seconds, _cut, [client])
                timer.start()
        with selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ, server)
            selector.register(server, selectors.EVENT_READ, client)
            while True:
                for key, _ in selector.select():
                    chunk = key.fileobj.recv(65536)
                    if not chunk:
                        if timer is not None:
                            timer.cancel()
                        return
                    key.data.sendall(chunk)


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
