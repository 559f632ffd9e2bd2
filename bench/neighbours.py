"""What a function's calls cost while others mean harm, beside what they cost in peace; one engine, one run, turn and turn about."""

from __future__ import annotations

import threading

import jupyter_lambda as jl
from bench import ours
from bench.measure import Row, timed

MEASURE = "a neighbour's call"
HOSTILE = ("allocate", "fork bomb", "busy loop", "flood of output", "full disk")
CALLS = 400
ROUNDS = 3
FACTOR = 2.0  # the aim: no more than this beside its own quiet value


def measure(sandbox: str, calls: int = CALLS, rounds: int = ROUNDS) -> list[Row]:
    """Quiet and beside each hostile handler in turn, two of a kind at a time."""
    quiet, beside = [], []
    with ours.engine(sandbox) as client:
        echo = jl.deploy(ours.FUNCTIONS / "echo.py", engine=client, memory=ours.MEMORY_MIB)
        hostile = jl.deploy(ours.FUNCTIONS / "hostile.py", engine=client, memory=512, timeout=3)
        for _ in range(200):
            echo(1)
        for _ in range(rounds):
            quiet += [timed(lambda: echo(1)) for _ in range(calls)]
            for harm in HOSTILE:
                with _harming(hostile, harm):
                    beside += [timed(lambda: echo(1)) for _ in range(calls // len(HOSTILE))]
    subject = f"{ours.SUBJECT}, {sandbox} sandbox"
    before = Row(MEASURE, f"{subject}: quiet", tuple(quiet))
    notes = f"p99 aim ≤ {FACTOR * before.percentile(99):.3g} ms; two hostile callers at a time: {', '.join(HOSTILE)}"
    return [before, Row(MEASURE, f"{subject}: beside harm", tuple(beside), aim_ms=FACTOR * before.percentile(50), note=notes)]


class _harming:
    """Two callers of a hostile function until the block ends."""

    def __init__(self, function: jl.FunctionHandle, harm: str) -> None:
        self._function, self._harm = function, harm
        self._stop = threading.Event()
        self._callers = [threading.Thread(target=self._call) for _ in range(2)]

    def __enter__(self) -> None:
        for caller in self._callers:
            caller.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for caller in self._callers:
            caller.join()

    def _call(self) -> None:
        while not self._stop.is_set():
            self._function.invoke(self._harm)
