"""A program that owns a process sandbox: starts environments that start daemons, says which processes there are, and waits.

`python owner.py HOME BOOT WALLS [frozen]`: WALLS is `all` or a comma-separated list; `frozen` freezes the environments.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from jupyter_lambda.clock import SystemClock
from jupyter_lambda.model.function import PythonEnvironment
from jupyter_lambda.sandbox.process import process_table
from jupyter_lambda.sandbox.process.sandbox import open_process_sandbox
from jupyter_lambda.sandbox.process.tier import EVERYTHING
from jupyter_lambda.sandbox.protocol import EnvironmentSpec
from jupyter_lambda.testing.runtime_bench import RuntimeBench

SOURCE = """
import subprocess, sys
DAEMON = "import os, time; os.setsid(); print('daemon', flush=True); time.sleep(600)"
subprocess.Popen([sys.executable, "-c", DAEMON])
def handler(event, context): pass
"""


async def own(home: Path, boot: str, walls: frozenset[str], *, frozen: bool) -> None:
    sandbox = await open_process_sandbox(home, boot, SystemClock(), run_folder=home / "run", allow=walls)
    package = home / "package"
    package.mkdir(exist_ok=True)
    (package / "function.py").write_text(SOURCE)
    python = PythonEnvironment(
        executable=sys.executable,
        prefix=sys.prefix,
        base_prefix=sys.base_prefix,
        version=".".join(map(str, sys.version_info[:3])),
    )
    zygote = None
    for number in range(3):
        bench = RuntimeBench()
        spec = EnvironmentSpec(
            environment_id=f"e{number}", function_name="f", version="1", task_root=package, handler="function.handler", memory_mib=256,
            ephemeral_mib=512, variables={"PATH": "/usr/bin:/bin"}, runtime_api="x:1", python=python,
        )  # fmt: skip
        environment = await sandbox.start(spec, bench.channels())
        await bench.until_logged("daemon")
        zygote = environment.zygote.pid
        if frozen:
            await environment.freeze()
    print(json.dumps([zygote, *process_table.descendants(zygote)]), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(
        own(
            Path(sys.argv[1]),
            sys.argv[2],
            EVERYTHING if sys.argv[3] == "all" else frozenset(sys.argv[3].split(",")),
            frozen="frozen" in sys.argv,
        )
    )
