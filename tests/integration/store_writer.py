"""Run by test_store_durability.py: keeps things in a store as fast as it can, and says on its standard output what was acknowledged.

Arguments: the home, what to do (`commit` or `record`), the round's name. It goes on until it is killed.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from jupyter_lambda.clock import SystemClock
from jupyter_lambda.model.invocation import InvocationRecord
from jupyter_lambda.store import open_store
from jupyter_lambda.store.protocol import PutEvent, QueuedEvent


def acknowledge(number: int) -> None:
    os.write(1, b"%d\n" % number)


def log_of(number: int) -> bytes:
    """Mostly short, sometimes so long that the journal begins another file."""
    return f"log {number}\n".encode() * (200_000 if number % 97 == 0 else 3)


async def commit_forever(store, name: str) -> None:
    async def one(number: int) -> None:
        event = QueuedEvent(
            request_id=f"{name}-{number}", function_name=name, qualifier=None, payload=b"{}", accepted=float(number), due=0.0
        )
        await store.commit([PutEvent(event)])
        acknowledge(number)

    number = 0
    while True:  # four at a time, so that commits share transactions
        await asyncio.gather(*(one(number + n) for n in range(4)))
        number += 4


async def record_forever(store, name: str) -> None:
    number = 0
    while True:
        record = InvocationRecord(request_id=f"{name}-{number}", function_name=name, version="1", arrived=float(number))
        store.record(record, log_of(number))
        acknowledge(number)
        number += 1
        if number % 10 == 0:
            await asyncio.sleep(0)
        if number % 500 == 0:
            await store.metrics(name)


async def main(home: str, what: str, name: str) -> None:
    store = await open_store(Path(home), clock=SystemClock())
    await {"commit": commit_forever, "record": record_forever}[what](store, name)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
