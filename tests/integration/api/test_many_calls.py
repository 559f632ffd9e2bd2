"""Ten thousand calls at once: answers, counters, records and log lines agree exactly.

Source: AWS Lambda Developer Guide, "Lambda function scaling"; metrics `Invocations` (no throttles among them) and `Throttles`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from jupyter_lambda.testing.sandbox import FakeSandbox, Turn

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.api.conftest import Served

pytestmark = [pytest.mark.asyncio, pytest.mark.slow]
CALLS, CONNECTIONS, CONCURRENCY = 10_000, 250, 40


async def call(port: int, count: int) -> Counter[int]:
    """Calls one after the other on a connection; what was answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    statuses: Counter[int] = Counter()
    for _ in range(count):
        writer.write(
            b"POST /2015-03-31/functions/f/invocations HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer let-me-in\r\n"
            b"Content-Length: 1\r\n\r\n1"
        )
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
        await reader.readexactly(length)
        statuses[int(head.split()[1])] += 1
    writer.close()
    return statuses


async def test_every_call_is_counted_once(serve_engine: Callable[..., Any]) -> None:
    async def answer(turn: Turn) -> bytes:
        await asyncio.sleep(0)
        return turn.event

    served: Served = await serve_engine(sandbox=FakeSandbox(answer), concurrency=CONCURRENCY, budget_mib=64_000)

    counts = await asyncio.gather(*(call(served.port, CALLS // CONNECTIONS) for _ in range(CONNECTIONS)))

    statuses = sum(counts, Counter())
    assert set(statuses) <= {200, 429}
    assert statuses.total() == CALLS
    assert statuses[429] > 0
    store = served.bench.engine.store
    metrics = await store.metrics("f")
    assert (metrics.invocations, metrics.throttles, metrics.errors) == (statuses[200], statuses[429], 0)
    assert sum(metrics.versions.values()) == statuses[200]
    logs = await store.log_events("f", limit=2 * CALLS)
    assert sum(event.text.count("\nREPORT RequestId: ") for event in logs) == statuses[200]
    assert served.bench.engine.dispatcher.running == 0
