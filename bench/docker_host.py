"""The Docker daemon of a benchmark: as in tests, one of its own where we are root, else this machine's, else none."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from tests.docker_daemon import open_daemon, why_none


@contextmanager
def docker_host():
    """Start or find a daemon for this process and its engines; gives its socket's path, empty where there is none."""
    why = why_none()
    if why:
        print(f"bench: no containers: {why}", file=sys.stderr)
        yield ""
        return
    before = os.environ.get("DOCKER_HOST")
    with tempfile.TemporaryDirectory(prefix="jl-bench-docker-", ignore_cleanup_errors=True) as folder:
        daemon = open_daemon(Path(folder))
        os.environ["DOCKER_HOST"] = daemon.host
        try:
            yield daemon.address
        finally:
            daemon.stop()
            del os.environ["DOCKER_HOST"]
            if before is not None:
                os.environ["DOCKER_HOST"] = before
