"""What means harm, by name: what a neighbour has to live with."""

import os
import time
from pathlib import Path


def allocate():
    kept = []
    while True:
        kept.append(bytes(1 << 20))


def fork_bomb():
    while True:
        try:
            os.fork()
        except OSError:
            time.sleep(0.01)


def busy():
    while True:
        sum(range(10_000_000))


def flood():
    for _ in range(20_000):
        print("x" * 500)


def fill():
    try:
        with Path("/tmp/all").open("wb") as file:
            while True:
                file.write(bytes(1 << 20))
    except OSError:
        return "full"


def handler(event, context):
    return {"allocate": allocate, "fork bomb": fork_bomb, "busy loop": busy, "flood of output": flood, "full disk": fill}[event]()
