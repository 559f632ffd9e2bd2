"""What is measured in a browser: how soon the panel shows what happened, and what that costs page and server."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import jupyter_lambda as jl
from bench import ours
from bench.measure import Row
from jupyter_lambda.client.engine_client import EngineClient
from jupyter_lambda.client.launch import ensure_engine, stop_engine
from jupyter_lambda.model.engine_api import DeployRequest
from tests.browser.lab_page import LabPage, browser, what_is_missing
from tests.browser.servers import lab_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import CDPSession

SUBJECT: Final = ours.SUBJECT
FUNCTIONS: Final = 200
INVOCATIONS: Final = 100_000
RATE: Final = 500
SECONDS: Final = 10

# Runs before the page's own scripts: keeps the live stream's socket at hand, and says when it was made.
_KEEP_STREAM: Final = """{
    const Real = window.WebSocket;
    window.WebSocket = class extends Real {
        constructor(url, ...rest) {
            super(url, ...rest);
            if (String(url).includes('jupyter-lambda/stream')) {
                window.stream = this;
                window.streamMade = performance.now();
                this.addEventListener('message', event => {
                    if (event.data.startsWith('{"type":"snapshot"') || event.data.startsWith('{"type": "snapshot"')) {
                        setTimeout(() => { window.snapshotTaken ??= performance.now(); });
                    }
                });
            }
        }
    };
}"""
# When each invocation's row was painted, by request.
_WATCH_ROWS: Final = """() => {
    window.painted = {};
    new MutationObserver(() => {
        for (const row of document.querySelectorAll('[data-request]')) {
            const id = row.dataset.request;
            if (!(id in window.painted) && !/\\brunning\\b/i.test(row.innerHTML)) {
                window.painted[id] = 0;
                requestAnimationFrame(() => setTimeout(() => { window.painted[id] = Date.now(); }));
            }
        }
    }).observe(document.body, { childList: true, subtree: true });
}"""
_OPEN_PANEL: Final = """functions => new Promise((done, failed) => {
    const begin = performance.now();
    window.jupyterapp.commands.execute('jupyter-lambda:show-panel');
    const look = () => {
        const panel = document.querySelector('#jp-Lambda-panel');
        const isThere = panel?.getClientRects().length > 0 && panel.querySelectorAll('[data-function]').length > 0
            && panel.innerHTML.includes(String(functions));
        if (isThere) setTimeout(() => done(performance.now() - begin));
        else if (performance.now() - begin > 60_000) failed(new Error('no list'));
        else requestAnimationFrame(look);
    };
    look();
})"""
# An hour of a busy stream in as little time as the page can take: 20 messages a second, 20 records in each, as the engine sends them.
_HOUR: Final = """async name => {
    const real = Date.now, socket = window.stream;
    let now = real.call(Date), number = 1e9, id = 0;
    Date.now = () => now;
    for (let message = 0; message < 3600 * 20; message++) {
        now += 50;
        const changes = Array.from({ length: 20 }, () => ({ number: ++number, kind: 'invocation', body: {
            request_id: `00000000-0000-4000-8000-${String(++id).padStart(12, '0')}`, function_name: name, version: '$LATEST',
            status: id % 50 ? 'succeeded' : 'failed', error_type: id % 50 ? null : 'ValueError', error_message: id % 50 ? null : 'no text',
            environment_id: `e${id % 40}`, arrived: now / 1000, cold: id % 100 === 0, duration_ms: 1 + id % 90, billed_ms: 2 + id % 90,
            memory_mib: 256, max_memory_mib: 40 + id % 9, timeout_seconds: 10, init_ms: 3,
        } }));
        const counts = [{ function_name: name, invocations: 25, errors: 1, throttles: 0, cold_starts: 0 }];
        const environments = Array.from({ length: 10 }, (_, n) => ({
            environment_id: `e${message / 600 | 0}-${n}`, function_name: name, version: '$LATEST', revision_id: 'r', sandbox: 'process',
            state: n < message % 10 ? 'busy' : 'idle', started: now / 1000 - n, invocations: message, memory_mib: 256, held_mib: 40,
            pid: 100 + n, init_ms: 3, ended: null, reason: '',
        }));
        socket.onmessage({ data: JSON.stringify({ type: 'changes', number, changes, counts, running: [], environments }) });
        if (message % 100 === 0) await new Promise(frame => requestAnimationFrame(frame));
    }
    Date.now = real;
}"""


def measure() -> list[Row]:
    """All rows of pages; none where there is no browser."""
    missing = what_is_missing()
    if missing:
        print(f"bench: no pages: {missing}", file=sys.stderr)
        return [extension()]
    with _page() as (lab, client):
        echo = jl.deploy(ours.FUNCTIONS / "echo.py", engine=client, memory=ours.MEMORY_MIB)
        rows = [seen(lab, echo), scripting(lab, echo), memory(lab, echo.name)]
    with _page() as (lab, client):
        return [*rows, *opening(lab, client), extension()]


@contextmanager
def _page() -> Iterator[tuple[LabPage, EngineClient]]:
    """A page of Lab, and its engine."""
    with tempfile.TemporaryDirectory(prefix="jl-bench-") as folder:
        home = Path(folder) / "home"
        try:
            client = EngineClient(ensure_engine(home, sandbox="process"))
            with lab_server(Path(folder), home) as address, browser() as chromium:
                page = chromium.new_page(viewport={"width": 1440, "height": 900})
                page.add_init_script(_KEEP_STREAM)
                yield LabPage(page, address), client
            client.close()
        finally:
            stop_engine(home)


def seen(lab: LabPage, echo: jl.FunctionHandle, samples: int = 60) -> Row:
    """From the moment an invocation ended, as its record has it, to the frame that shows its row."""
    lab.open()
    lab.show_panel()
    lab.view(echo.name, "Invocations")
    lab.page.evaluate(_WATCH_ROWS)
    times = []
    for number in range(samples + 3):
        record = echo.invoke({"side": number}).record
        ended_ms = (
            record.arrived * 1_000
            + record.queued_ms
            + (record.start_ms + record.init_ms if record.cold else 0)
            + record.duration_ms
        )
        lab.page.wait_for_function("id => window.painted[id]", arg=record.request_id)
        painted_ms: float = lab.page.evaluate("id => window.painted[id]", record.request_id)
        if number >= 3:
            times.append(max(0.0, painted_ms - ended_ms))
        lab.page.wait_for_timeout(37)  # another place in the stream's window each time
    return Row("invocation end to its row in the panel", SUBJECT, tuple(times), aim_ms=150.0, note="painted by Chromium")


def scripting(lab: LabPage, echo: jl.FunctionHandle, seconds: int = SECONDS) -> Row:
    """What scripts of the page take of each second while 500 invocations a second end, the function's tab and the panel open."""
    devtools = lab.page.context.new_cdp_session(lab.page)
    devtools.send("Performance.enable")
    done = threading.Event()
    load = threading.Thread(target=_invoke_at_rate, args=(echo, done), daemon=True)
    load.start()
    lab.page.wait_for_timeout(1_000)
    shares = []
    for _ in range(seconds):
        before, began = _script_seconds(devtools), time.perf_counter()
        lab.page.wait_for_timeout(1_000)
        shares.append((_script_seconds(devtools) - before) / (time.perf_counter() - began) * 1_000)
    done.set()
    load.join()
    return Row(
        f"scripting in the page each second, {RATE} invocations/s", SUBJECT, tuple(shares), aim_ms=200.0,
        note="panel and invocations open; ScriptDuration",
    )  # fmt: skip


def _invoke_at_rate(echo: jl.FunctionHandle, done: threading.Event) -> None:
    due = time.perf_counter()
    while not done.is_set():
        events = [{"side": n} for n in range(RATE // 20)]
        for _ in echo.map(events, progress=False).results():
            pass
        due += 0.05
        done.wait(max(0.0, due - time.perf_counter()))


def _script_seconds(devtools: CDPSession) -> float:
    metrics = devtools.send("Performance.getMetrics")["metrics"]
    return float(next(m["value"] for m in metrics if m["name"] == "ScriptDuration"))


def memory(lab: LabPage, name: str) -> Row:
    """What the page holds more after an hour's stream than before it, both after a collection."""
    devtools = lab.page.context.new_cdp_session(lab.page)
    before = _heap_mb(devtools)
    lab.page.evaluate(_HOUR, name)
    lab.page.wait_for_timeout(1_000)
    grown = max(0.0, _heap_mb(devtools) - before)
    return Row(
        "page's memory after an hour's stream, above its start", SUBJECT, (grown,), aim_ms=50.0, unit="MB",
        note="simulated: 72,000 messages of 20 records",
    )  # fmt: skip


def _heap_mb(devtools: CDPSession) -> float:
    devtools.send("HeapProfiler.collectGarbage")
    return float(devtools.send("Runtime.getHeapUsage")["usedSize"]) / 1e6


def opening(
    lab: LabPage, client: EngineClient, *, functions: int = FUNCTIONS, invocations: int = INVOCATIONS, samples: int = 5
) -> Row:
    """From nothing known to the list painted: the stream's first snapshot, then what a click on the panel's tab does."""
    first = jl.deploy(ours.FUNCTIONS / "echo.py", "echo-000", engine=client)
    _copy(client, first.name, [f"echo-{n:03}" for n in range(1, functions)])
    for number in range(10):
        handle = jl.function(f"echo-{number:03}", engine=client)
        for _ in handle.map(({"side": n} for n in range(invocations // 10)), progress=False).results():
            pass
    told, shown = [], []
    for _ in range(samples):
        lab.open()
        lab.command("filebrowser:activate")
        lab.page.locator("#filebrowser").wait_for()
        lab.page.wait_for_function("() => window.snapshotTaken")
        told.append(float(lab.page.evaluate("() => window.snapshotTaken - window.streamMade")))
        shown.append(float(lab.page.evaluate(_OPEN_PANEL, functions)))
    measured = f"opening the panel, {functions} functions, {invocations:,} invocations"
    return [
        Row(measured, SUBJECT, tuple(shown), aim_ms=300.0, note="command to paint"),
        Row(measured, f"{SUBJECT}: first snapshot", tuple(told), note="before it, while Lab loads: socket to taken in"),
    ]


def _copy(client: EngineClient, name: str, others: list[str]) -> None:
    """Deploy a function's package under other names; captured and proven once."""
    latest = client.function(name).function.latest
    request = DeployRequest(
        package_sha256=latest.package_sha256, content_digest=latest.content_digest, handler=latest.configuration.handler,
        runtime=latest.configuration.runtime, python=latest.python, source=latest.source,
    )  # fmt: skip
    for other in others:
        client.deploy(other, request)


_EXTENSION: Final = """
import logging, sys, time
from jupyter_server.serverapp import ServerApp
server = ServerApp(jpserver_extensions={}, log_level=logging.ERROR)
server.initialize(["--no-browser", "--allow-root", "--port=0"], find_extensions=False)
begin = time.perf_counter()
import jupyter_lambda.server
point = jupyter_lambda.server._jupyter_server_extension_points()[0]
extension = point["app"]()
extension._link_jupyter_server_extension(server)
extension.initialize()
print((time.perf_counter() - begin) * 1_000)
"""


def extension(samples: int = 10) -> Row:
    """What the server extension adds to the start of a Jupyter server: its import and its initialisation."""
    times = []
    for _ in range(samples + 1):
        said = subprocess.run([sys.executable, "-c", _EXTENSION], check=True, capture_output=True, text=True).stdout
        times.append(float(said.split()[-1]))
    return Row(
        "server extension's import and start", SUBJECT, tuple(times[1:]), aim_ms=100.0, note="in a server that is up but for it"
    )
