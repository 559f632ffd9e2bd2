"""The `build` images of an engine: found by what they are made from, else made, once for all who wait for the same one.

    asked for ─▶ the base image's id and the recipe give the name ─▶ the daemon has it: used
                                                                ─▶ it is being built: joined
                                                                ─▶ built; whoever waits hears each line

The daemon is asked each time, so an image that somebody deleted is made again. A build ends when the last one who waits for it gives up.
A failed one is forgotten: the next one who asks tries again.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import os
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import msgspec

from jupyter_lambda.errors import SandboxError
from jupyter_lambda.model.function import PythonEnvironment
from jupyter_lambda.model.host import ImageBuildView
from jupyter_lambda.sandbox.docker.host_image import container_user
from jupyter_lambda.sandbox.docker.image_build import RECIPE_LABEL, REPOSITORY, ImageBuild, build_failed, pull, python_of
from jupyter_lambda.sandbox.docker.image_recipe import ImageRecipe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jupyter_lambda.clock import Clock
    from jupyter_lambda.sandbox.docker.container import Labels
    from jupyter_lambda.sandbox.docker.daemon import Daemon
    from jupyter_lambda.sandbox.docker.removal import Removal
    from jupyter_lambda.sandbox.docker.sdk import Sdk

    Tell = Callable[[str], None]

log = logging.getLogger(__name__)
BASE_IMAGE: Final = "python:{minor}-slim"
_AT_A_TIME: Final = 2  # builds: pip is busy with the network or a processor
_TOLD_MAX: Final = 10_000


class ImageSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How images are made; see the engine's settings.

    Attributes:
        base: The base image; `{minor}` stands for the Python's minor version, as `3.12`.
        wheel_folder: Where pip finds packages, and looks nowhere else; None: on the index.
    """

    base: str = BASE_IMAGE
    wheel_folder: str | None = None


class BuiltImage(msgspec.Struct, frozen=True):
    """An image that functions run in, and the interpreter that is in it."""

    reference: str
    python: PythonEnvironment
    variables: dict[str, str]  # of the image's own configuration


class _Build:
    """A build under way."""

    def __init__(self, reference: str, recipe: ImageRecipe, started: float) -> None:
        self.reference, self.recipe, self.started = reference, recipe, started
        self.told: deque[str] = deque(maxlen=_TOLD_MAX)
        self.listeners: list[Tell] = []
        self.waiters = 0
        self.task: asyncio.Task[BuiltImage] | None = None

    def tell(self, line: str) -> None:
        """To all who wait, also those who come later."""
        self.told.append(line)
        for listener in self.listeners:
            listener(line)


class BuiltImages:
    """Finds and makes images on one daemon."""

    def __init__(self, daemon: Daemon, sdk: Sdk, removal: Removal, clock: Clock, labels: Labels, settings: ImageSettings) -> None:
        self.settings = settings
        self._daemon, self._sdk, self._removal, self._clock, self._labels = daemon, sdk, removal, clock, labels
        self._builds: dict[str, _Build] = {}
        self._places = asyncio.Semaphore(_AT_A_TIME)
        self._is_closed = False

    def recipe(self, minor: str, lines: tuple[str, ...]) -> ImageRecipe:
        """What a function's image is made from."""
        return ImageRecipe(
            minor=minor, base=self.settings.base.replace("{minor}", minor), lines=lines, user=container_user(),
            wheel_folder=self.settings.wheel_folder if lines else None,
        )  # fmt: skip

    async def ensure(self, minor: str, lines: tuple[str, ...], tell: Tell | None = None) -> BuiltImage:
        """The image for a Python and pip's lines, found or built; `tell` hears of a build line by line.

        Raises:
            ImageBuildFailed: It can't be built; says why and what to do.
            DaemonGone, DaemonRefused: The daemon is away, or refuses.
        """
        recipe = self.recipe(minor, lines)
        base_id = await self._id_of(recipe.base)
        digest = await asyncio.to_thread(recipe.digest)
        if base_id is None:
            found = await self._made_from(digest)  # its base image was deleted since
            if found is not None:
                return found
            key = digest  # of the build that begins with pulling
        else:
            key = await asyncio.to_thread(recipe.key, base_id)
            found = await self._look(f"{REPOSITORY}:{key}")
            if found is not None:
                return found
        return await self._join(key, recipe, digest, tell)

    async def is_at_hand(self, minor: str) -> bool:
        """Whether an image without requirements can be had without fetching anything."""
        recipe = self.recipe(minor, ())
        return await self._id_of(recipe.base) is not None or await self._made_from(recipe.digest()) is not None

    def views(self) -> tuple[ImageBuildView, ...]:
        """What is being built now."""
        return tuple(
            ImageBuildView(
                image=build.reference, base=build.recipe.base, requirements=build.recipe.lines, started=build.started,
                last_line=build.told[-1] if build.told else "",
            )
            for build in self._builds.values()
        )  # fmt: skip

    async def sweep(self, present_boot: str) -> int:
        """Remove layers without a name that an earlier engine of this home left; how many there were."""
        mine = {"dangling": ["true"], "label": [f"jupyter-lambda.home={self._labels.home_id}"]}
        found = await self._daemon.call("GET", "/images/json", query={"filters": mine})
        old = [each["Id"] for each in found or () if (each.get("Labels") or {}).get("jupyter-lambda.boot") != present_boot]
        for image_id in old:
            await self._daemon.call("DELETE", f"/images/{image_id}", query={"force": "1"}, missing_ok=True)
        return len(old)

    async def aclose(self) -> None:
        """End what is being built. Safe to call twice."""
        self._is_closed = True
        tasks = [build.task for build in self._builds.values() if build.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _join(self, key: str, recipe: ImageRecipe, digest: str, tell: Tell | None) -> BuiltImage:
        if self._is_closed:
            raise SandboxError("docker sandbox", "it is closed", "Start the engine again.")
        build = self._builds.get(key)
        if build is None:
            build = self._builds[key] = _Build(f"{REPOSITORY}:{key}", recipe, self._clock.epoch())
            build.task = asyncio.create_task(self._build(build, digest), name=f"image {key}")
            build.task.add_done_callback(functools.partial(self._ended, key, build))
        task = build.task
        assert task is not None  # noqa: S101 - set above, before anybody can see the build
        if tell is not None:
            for line in build.told:
                tell(line)
            build.listeners.append(tell)
        build.waiters += 1
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise SandboxError("docker sandbox", "it is closed", "Start the engine again.") from None
            if build.waiters == 1:  # nobody else wants it
                self._ended(key, build, task)
                task.cancel()
                await asyncio.wait({task})
            raise
        finally:
            build.waiters -= 1
            if tell is not None:
                build.listeners.remove(tell)

    def _ended(self, key: str, build: _Build, _: asyncio.Task[BuiltImage]) -> None:
        if self._builds.get(key) is build:
            del self._builds[key]

    async def _build(self, build: _Build, digest: str) -> BuiltImage:
        recipe, began = build.recipe, self._clock.monotonic()
        async with self._places:
            base_id = await self._id_of(recipe.base)
            if base_id is None:
                await pull(self._daemon, recipe, build.tell)
                base_id = await self._id_of(recipe.base)
                if base_id is None:
                    raise build_failed(recipe, f"{recipe.base} was pulled and is not there", "See the daemon's log.")
            tag = await asyncio.to_thread(recipe.key, base_id)
            build.reference = f"{REPOSITORY}:{tag}"
            build.tell(f"building an image from {recipe.base}: {recipe.words}")
            maker = ImageBuild(self._daemon, self._sdk, self._removal, self._labels.as_dict(), os.environ)
            await maker.run(recipe, base_id, tag, digest, build.tell)
        found = await self._look(f"{REPOSITORY}:{tag}")
        if found is None:
            raise build_failed(recipe, f"{build.reference} was built and is not there", "See the daemon's log.")
        build.tell(f"image {build.reference} is ready after {self._clock.monotonic() - began:.1f} s")
        log.info("built %s from %s for %s", build.reference, recipe.base, recipe.words)
        return found

    async def _id_of(self, reference: str) -> str | None:
        answer = await self._daemon.call("GET", f"/images/{reference}/json", missing_ok=True)
        return None if answer is None else str(answer["Id"])

    async def _look(self, reference: str) -> BuiltImage | None:
        answer = await self._daemon.call("GET", f"/images/{reference}/json", missing_ok=True)
        return None if answer is None else _built(reference, answer.get("Config") or {})

    async def _made_from(self, digest: str) -> BuiltImage | None:
        found = await self._daemon.call("GET", "/images/json", query={"filters": {"label": [f"{RECIPE_LABEL}={digest}"]}})
        for each in found or ():
            for reference in each.get("RepoTags") or ():
                if reference.startswith(f"{REPOSITORY}:"):
                    return await self._look(reference)
        return None


def _built(reference: str, configuration: Mapping[str, Any]) -> BuiltImage | None:
    python = python_of(configuration.get("Labels"))
    variables = dict(each.partition("=")[::2] for each in configuration.get("Env") or ())
    return None if python is None else BuiltImage(reference, python, variables)
