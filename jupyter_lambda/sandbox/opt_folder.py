"""Where a function's layers stand: at `/opt` too, as on Lambda, where this machine keeps nothing there that the function needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jupyter_lambda.model.function import Mount

if TYPE_CHECKING:
    from collections.abc import Iterable

OPT: Final = "/opt"


def opt_mounts(layers: str, needed: Iterable[str]) -> tuple[Mount, ...]:
    """The mount that shows the layers at `/opt`; none without layers, or where `needed` folders are below this machine's own `/opt`."""
    if not layers or any(path == OPT or path.startswith(f"{OPT}/") for path in needed):
        return ()
    return (Mount(layers, OPT),)
