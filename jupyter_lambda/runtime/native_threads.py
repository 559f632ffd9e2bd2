"""Threads of native libraries in a forked worker: the zygote loaded them with one each, a large function has more processors.

A library that a worker loads itself reads the worker's own variables (OMP_NUM_THREADS, …); one that was preloaded has to be told.
"""

from __future__ import annotations

import ctypes
import os

_MEMORY_MIB_PER_CPU = 1_769
_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")
# By a part of the library's file name; OpenBLAS wheels carry a prefix and a suffix of their own.
_SETTERS = {
    "openblas": ("openblas_set_num_threads", "scipy_openblas_set_num_threads64_", "openblas_set_num_threads64_"),
    "libgomp": ("omp_set_num_threads",),
}


def wanted() -> int:
    """How many threads the function's variables ask for, else how many processors its memory buys."""
    for name in _VARIABLES:
        if os.environ.get(name, "").isdigit():
            return int(os.environ[name])
    memory = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "")
    bought = int(memory) // _MEMORY_MIB_PER_CPU if memory.isdigit() else 1
    return max(1, min(bought, len(os.sched_getaffinity(0))))


def adjust() -> None:
    """Tell the libraries that are loaded; does nothing, and costs nothing, where one thread is wanted."""
    count = wanted()
    if count <= 1:
        return
    for path in _loaded_libraries():
        library = ctypes.CDLL(path)
        for part, setters in _SETTERS.items():
            if part in os.path.basename(path):  # noqa: PTH119 - a string operation
                for setter in setters:
                    function = getattr(library, setter, None)
                    if function is not None:
                        function(ctypes.c_int(count))


def _loaded_libraries() -> set[str]:
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - pathlib would be one more import
        paths = {line.split(None, 5)[5].strip() for line in file if "/" in line}
    return {path for path in paths if any(part in path.rpartition("/")[2] for part in _SETTERS)}
