"""Fresh randomness for a forked worker: two children of one zygote must not draw the same numbers."""

from __future__ import annotations

import random
import sys


def renew() -> None:
    """Seed the standard library's generator, and NumPy's global one where NumPy is loaded, from the operating system."""
    random.seed()
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()
