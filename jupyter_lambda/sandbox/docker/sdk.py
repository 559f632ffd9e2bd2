"""The one way into the Docker SDK, whose calls block: a few threads, and its errors in our words.

Images are made this way: seconds long, and outside every invocation. What lies on the way of a cold start goes over the daemon's
socket instead (`daemon.py`).

A thread can't be cancelled. So a call whose caller is cancelled goes on to its end, and the caller learns of its cancellation then: who
made something knows its name and can remove it. A stream is cut, which ends its thread at once.
"""

from __future__ import annotations

import asyncio
import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, TypeVar

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
        self._streams: set[_Stream] = set()

    async def call(self, work: Callable[[APIClient], T]) -> T:
        """Run `work` with a client in one of the threads.

        Raises:
            DaemonRefused: An error status, with the daemon's own words.
            DaemonGone: No answer.
        """
        return await self._finish(self._submit(work))

    async def follow(self, open_stream: Callable[[APIClient], Any], tell: Callable[[bytes], None]) -> None:
        """Pass on what a stream of the SDK yields, on the loop, until it ends; being cancelled cuts it (DaemonRefused, DaemonGone)."""
        stream = _Stream()
        loop = asyncio.get_running_loop()

        def work(client: APIClient) -> None:
            for piece in stream.opened(open_stream(client)):
                loop.call_soon_threadsafe(tell, piece)

        self._streams.add(stream)
        try:
            await self._finish(self._submit(work), stream.cut)
        finally:
            self._streams.discard(stream)

    async def aclose(self) -> None:
        """Cut streams and wait for the threads. Safe to call twice."""
        for stream in list(self._streams):
            stream.cut()
        await asyncio.to_thread(self._threads.shutdown)

    def _submit(self, work: Callable[[APIClient], T]) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(self._threads, self._run, work)

    async def _finish(self, running: asyncio.Future[T], cut: Callable[[], None] | None = None) -> T:
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            if cut is not None:
                cut()
            await asyncio.wait({running})
            if not running.cancelled():
                running.exception()  # nobody asks for it any more
            raise

    def _run(self, work: Callable[[APIClient], T]) -> T:
        import docker  # 0.1 s, which only who makes an image pays
        import urllib3

        client = docker.APIClient(base_url=f"unix://{self._daemon.socket_path}", version=self._daemon.api, timeout=_SECONDS)
        try:
            return work(client)
        except docker.errors.APIError as error:
            status = error.response.status_code if error.response is not None else 500
            raise DaemonRefused(str(error.explanation or error).strip().rstrip("."), status) from error
        except (docker.errors.DockerException, urllib3.exceptions.HTTPError, OSError) as error:
            raise DaemonGone(f"it stopped answering ({error})") from error
        finally:
            client.close()


class _Stream:
    """A stream that can be cut before it is opened, while it is read, and after."""

    def __init__(self) -> None:
        self._stream: Any = None
        self._is_cut = False

    def opened(self, stream: Any) -> Any:
        """Keep the stream; one that was cut meanwhile has nothing more to say."""
        self._stream = stream
        if self._is_cut:
            self.cut()
        return stream

    def cut(self) -> None:
        """End it; whoever reads it sees its end."""
        self._is_cut = True
        if self._stream is not None:
            with contextlib.suppress(OSError, AttributeError):  # it has ended by itself
                self._stream.close()
