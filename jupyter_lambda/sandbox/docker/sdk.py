"""The one way into the Docker SDK, whose calls block: a few threads, and its errors in our words.

Images are made this way: seconds long, and outside every invocation. What lies on the way of a cold start, and what has to end at once
when nobody wants it any more (the output of a process, a pull), goes over the daemon's socket instead (`daemon.py`).

A thread can't be cancelled. So a call whose caller is cancelled goes on to its end, and the caller learns of its cancellation then: who
made something knows its name and can remove it.
"""

from __future__ import annotations

import asyncio
import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeVar

from jupyter_lambda.sandbox.docker.daemon import DaemonGone, DaemonRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from docker import APIClient

    from jupyter_lambda.sandbox.docker.daemon import Daemon

THREADS: Final = 4
_SECONDS: Final = 900  # how long the daemon may be silent: keeping a layer of gigabytes takes minutes
T = TypeVar("T")


class Sdk:
    """Runs calls of the SDK on one daemon.

    Args:
        daemon: It has been asked for its version.
    """

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="jupyter-lambda-docker")

    async def call(self, work: Callable[[APIClient], T]) -> T:
        """Run `work` with a client in one of the threads.

        Raises:
            DaemonRefused: An error status, with the daemon's own words.
            DaemonGone: No answer.
        """
        running = asyncio.get_running_loop().run_in_executor(self._threads, self._run, work)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            while not running.done():  # however often it is cancelled meanwhile
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait({running})
            if not running.cancelled():
                running.exception()  # nobody asks for it any more
            raise

    async def aclose(self) -> None:
        """Wait for the threads. Safe to call twice."""
        await asyncio.to_thread(self._threads.shutdown)

    def _run(self, work: Callable[[APIClient], T]) -> T:
        import docker  # 0.1 s, which only who makes an image pays
        import urllib3

        client = docker.APIClient(**self._daemon.endpoint.sdk_arguments(), version=self._daemon.api, timeout=_SECONDS)
        try:
            return work(client)
        except docker.errors.APIError as error:
            status = error.response.status_code if error.response is not None else 500
            raise DaemonRefused(str(error.explanation or error).strip().rstrip("."), status) from error
        except (docker.errors.DockerException, urllib3.exceptions.HTTPError, OSError) as error:
            raise DaemonGone(f"it stopped answering ({error})") from error
        finally:
            client.close()
