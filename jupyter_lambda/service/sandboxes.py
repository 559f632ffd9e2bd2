"""The sandboxes of an engine: its own, opened now, and how another kind is opened when the first function asks for it.

Nothing of a kind is imported before it is needed: an engine of process workers knows nothing of containers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jupyter_lambda.errors import SandboxError
from jupyter_lambda.sandbox.routed import RoutedSandbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from jupyter_lambda.sandbox.protocol import Sandbox
    from jupyter_lambda.service.plan import Plan


async def open_sandboxes(plan: Plan) -> RoutedSandbox:
    """Open the engine's own sandbox, behind one that routes.

    Raises:
        SandboxError: It is not to be had here, or went since it was chosen.
    """
    own = plan.containers if plan.containers is not None else await _OPENERS[plan.sandbox.kind](plan)
    others = {kind: (lambda opener=opener: _asked_for(opener, plan)) for kind, opener in _OPENERS.items() if kind != own.kind}
    return RoutedSandbox(own, others, plan.location.folder / "environments")


async def _asked_for(opener: Callable[[Plan], Awaitable[Sandbox]], plan: Plan) -> Sandbox:
    try:
        return await opener(plan)
    except SandboxError as error:
        way_out = f"Or leave --sandbox and --image out: the engine's own is the {plan.sandbox.kind} sandbox."
        raise SandboxError(error.where, error.what, f"{error.suggestion} {way_out}".lstrip()) from error


async def _containers(plan: Plan) -> Sandbox:
    from jupyter_lambda.service.containers import open_containers

    return await open_containers(plan)


async def _walls(plan: Plan) -> Sandbox:
    from jupyter_lambda.service.process_walls import open_walls

    return await open_walls(plan)


_OPENERS: Final[dict[str, Callable[[Plan], Awaitable[Sandbox]]]] = {"process": _walls, "docker": _containers}
