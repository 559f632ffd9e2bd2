"""The program that runs on a worker's interpreter: `python -I entry.py zygote|worker|probe|container …`.

This package need not be installed there, and where it is, it may be another version. So the modules beside this file are loaded
under their own names from here, and taken out of `sys.modules` again before anybody else's code runs.
"""

# ruff: noqa: PTH100, PTH120 - pathlib would be one more import on the way to every cold start

from __future__ import annotations

import os
import sys
from types import ModuleType

_PACKAGE, _ROOM = "jupyter_lambda", "jupyter_lambda.runtime"


def _stand_in(name: str, path: list[str]) -> ModuleType:
    module = ModuleType(name)
    module.__path__ = path
    sys.modules[name] = module
    return module


def _load() -> tuple[ModuleType, ModuleType, ModuleType, ModuleType]:
    """Import this room's modules from beside this file, and forget their names."""
    _stand_in(_PACKAGE, [])
    _stand_in(_ROOM, [os.path.dirname(os.path.abspath(__file__))])
    from jupyter_lambda.runtime import container, probe, worker, zygote

    for name in [name for name in sys.modules if name == _PACKAGE or name.startswith(_PACKAGE + ".")]:
        del sys.modules[name]
    return zygote, worker, probe, container


def main() -> None:
    """Become what the first argument says; the second is the descriptor to talk over, or in a container where the engine is, and a port."""
    zygote, worker, probe, container = _load()
    role = sys.argv[1]
    if role == "container":
        job = container.open_holder(sys.argv[2], int(sys.argv[3])).serve()
        if job is not None:
            worker.run(job)
        return
    descriptor = int(sys.argv[2])
    if role == "probe":
        probe.run(descriptor)
    elif role == "worker":
        worker.run_after_exec(descriptor)
    else:
        job = zygote.Zygote(descriptor).serve()
        if job is not None:  # we are a forked worker now: leave through this function's end, as any program does
            worker.run(job)


if __name__ == "__main__":
    main()
