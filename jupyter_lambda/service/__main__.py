"""`python -m jupyter_lambda.service`: become the engine of a home.

With `--ready-fd` the process first forks and its first half ends: the engine is then nobody's child and outlives whoever started it
(`client.launch` says why). That comes before every import that could start a thread, and costs a millisecond.
"""

from __future__ import annotations

import os
import sys


def detach(arguments: list[str]) -> None:
    """Let go of the starter, if it waits at a pipe and does not want to keep us in the foreground."""
    if "--foreground" not in arguments and any(argument.startswith("--ready-fd") for argument in arguments) and os.fork():
        os._exit(0)


if __name__ == "__main__":
    detach(sys.argv[1:])
    from jupyter_lambda.service.life import main

    sys.exit(main(sys.argv[1:]))
