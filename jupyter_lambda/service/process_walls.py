"""Opens the process sandbox of an engine; a module of its own, since that begins before the rest of the graph is imported."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from jupyter_lambda.sandbox.process.sandbox import ProcessSandbox, open_process_sandbox
from jupyter_lambda.sandbox.process.tier import EVERYTHING

if TYPE_CHECKING:
    from jupyter_lambda.service.plan import Plan


async def open_walls(plan: Plan) -> ProcessSandbox:
    """Find what walls this host has, in a child process (some 70 ms), and return the sandbox that uses them.

    Raises:
        SandboxError: This host can't be probed, or has no process sandbox.
    """
    allowed = plan.arguments.settings.process_walls
    return await open_process_sandbox(
        plan.run.home,
        os.urandom(8).hex(),  # tells this engine's processes from those that an earlier one left
        plan.clock,
        run_folder=plan.location.folder / "environments",
        allow=EVERYTHING if allowed is None else frozenset(allowed),
    )
