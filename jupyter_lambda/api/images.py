"""Having an image at hand, told line by line: a build takes minutes, and its reader wants to see that it goes on.

The answer is a JSON object a line (`ImageProgress`): lines of the build, then the image or why there is none. A client that leaves gives
its wish up, and the build ends with the last one who waits for it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from jupyter_lambda.api.error_body import error_body
from jupyter_lambda.errors import JupyterLambdaError
from jupyter_lambda.model.engine_api import ImageProgress
from jupyter_lambda.sandbox.protocol import ImageSpec

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from jupyter_lambda.engine.engine import Engine
    from jupyter_lambda.model.engine_api import ImageRequest


async def image_progress(engine: Engine, asked: ImageRequest) -> AsyncIterator[bytes]:
    """The lines of the answer."""
    spec = ImageSpec(python=asked.python, image=asked.image, requirements=asked.requirements, sandbox=asked.sandbox)
    told: asyncio.Queue[ImageProgress] = asyncio.Queue()
    work = asyncio.create_task(engine.ensure_image(spec, lambda line: told.put_nowait(ImageProgress(line=line))))
    try:
        while True:
            line = asyncio.create_task(told.get())
            await asyncio.wait({work, line}, return_when=asyncio.FIRST_COMPLETED)
            if not line.done():
                line.cancel()
                yield _encoded(_outcome(work))
                return
            yield _encoded(line.result())
    finally:  # also when the client left: the answer is cancelled then
        work.cancel()
        await asyncio.wait({work})  # `gather` would cancel it again when this is cancelled


def _outcome(work: asyncio.Task[str]) -> ImageProgress:
    try:
        return ImageProgress(image=work.result())
    except JupyterLambdaError as error:
        return ImageProgress(error=error_body(error))


def _encoded(progress: ImageProgress) -> bytes:
    return msgspec.json.encode(progress) + b"\n"
