"""Waiting for a server that another process starts."""

from __future__ import annotations

import socket

from jupyter_lambda.clock import pause


def wait_until_it_listens(port: int) -> None:
    """Return once something listens; Jupyter's server tells its address before its loop runs, and binds the port in the loop."""
    for _ in range(1000):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=10).close()
        except ConnectionRefusedError:
            pause(0.02)
        else:
            return
    raise AssertionError(f"nothing listens on port {port}")
