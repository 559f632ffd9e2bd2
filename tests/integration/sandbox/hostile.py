"""Handlers that mean harm, each with what Lambda answers: the table of `test_hostile_handlers.py`.

A handler gets `{"home": …, "url": …, "engine": pid}` as its event. What it returns or how it ends is compared with `answer`: an
`errorType`, or a predicate over the value. `open_where` names the row of `enforcement()` that, where it is not held, makes the answer
`otherwise` instead: what a host can't hold is stated, and the statement is what is tested.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Value = Callable[[Any], bool]
REFUSED = ("PermissionError", "FileNotFoundError", "NotADirectoryError", "ProcessLookupError")


@dataclass(frozen=True)
class Hostile:
    """One row."""

    name: str
    source: str
    answer: str | tuple[str, ...] | Value
    memory: int = 128
    timeout: int = 3
    open_where: str = ""
    otherwise: Value | None = None
    links: dict[str, str] = field(default_factory=dict)  # symbolic links in the package: name → target


def refused(value: Any) -> bool:
    """Whether every attempt was refused."""
    return bool(value) and set(value if isinstance(value, list) else [value]) <= set(REFUSED)


ATTEMPT = """
import os
def attempt(action):
    try: action()
    except OSError as error: return type(error).__name__
    return "done"
"""

TABLE = [
    Hostile(
        "allocate without end", "def handler(e, c):\n x = []\n while True: x.append(bytes(1 << 20))",
        "Runtime.OutOfMemory", timeout=20,
    ),
    Hostile(
        "allocate in children without end",
        "import os\ndef handler(e, c):\n while True:\n  if not os.fork():\n   x = b'x' * 40_000_000\n   while True: pass",
        ("Runtime.OutOfMemory", "Runtime.ExitError"), timeout=20,
    ),
    Hostile(
        "fork bomb",
        "import os, time\ndef handler(e, c):\n while True:\n  try: os.fork()\n  except OSError: time.sleep(0.01)",
        ("Sandbox.Timedout", "Runtime.OutOfMemory"), memory=512,
    ),
    Hostile(
        "thread bomb",
        "import threading, time\ndef handler(e, c):\n threading.stack_size(65536)\n n = 0\n try:\n"
        "  while n < 3000:\n   threading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n   n += 1\n"
        " except RuntimeError: pass\n return n",
        lambda count: 500 < count < 1024, memory=1769, timeout=20, open_where="processes", otherwise=lambda count: count <= 3000,
    ),
    Hostile(
        "fill /tmp",
        "import os, tempfile\ndef handler(e, c):\n path = os.path.join(tempfile.gettempdir(), 'f')\n n = 0\n try:\n"
        "  with open(path, 'wb', buffering=0) as f:\n   while n < 2000: n += f.write(bytes(1 << 20)) >> 20\n"
        " except OSError: pass\n os.unlink(path)\n return n",
        lambda mib: mib <= 512, timeout=30,
    ),
    Hostile(
        "fill stdout", "def handler(e, c):\n for _ in range(400): print('x' * 99_999)\n return 1",
        lambda v: v == 1, memory=512, timeout=30,
    ),
    Hostile(
        "ignore SIGTERM",
        "import signal, time\ndef handler(e, c):\n for s in (15, 2, 1): signal.signal(s, signal.SIG_IGN)\n while True: time.sleep(1)",
        "Sandbox.Timedout", timeout=1,
    ),
    Hostile(
        "leave a daemon behind",
        "import os, time\ndef handler(e, c):\n if not os.fork():\n  os.setsid()\n  if not os.fork():\n   while True: time.sleep(1)\n"
        "  os._exit(0)\n return os.getpid()",
        lambda v: isinstance(v, int),
    ),
    Hostile("busy loop in C", "def handler(e, c): return str(pow(7, 10**9))[:1]", "Sandbox.Timedout", timeout=1),
    Hostile("close all descriptors", "import os\ndef handler(e, c):\n os.closerange(0, 1024)\n return 1", "Runtime.ExitError"),
    Hostile(
        "kill the parent",
        ATTEMPT + "import time\ndef handler(e, c):\n"
        " found = attempt(lambda: os.kill(os.getppid(), 9))\n time.sleep(0.2)\n return [found, os.getppid() > 0]",
        lambda v: v[0] in ("PermissionError", "done") and v[1],
    ),
    Hostile(
        "read the engine's home",
        ATTEMPT + "def handler(e, c):\n root, found = os.environ['LAMBDA_TASK_ROOT'], []\n for top in (e['home'], e['run']):\n"
        "  for folder, _, names in os.walk(top):\n   found += [n for n in names if not folder.startswith(root)"
        " and attempt(lambda: open(os.path.join(folder, n)).close()) == 'done']\n"
        " return [found, attempt(lambda: open(e['runtime_file']).read())]",
        lambda v: v[0] == [] and refused(v[1]), open_where="files", otherwise=lambda v: len(v) == 2,
    ),
    Hostile(
        "read the user's files",
        ATTEMPT + "def handler(e, c): return [attempt(lambda p=p: open(p).read()) for p in e['secrets']]",
        refused, open_where="files", otherwise=bool,
    ),
    Hostile(
        "read every other process's variables",
        "import os\ndef handler(e, c):\n own = {os.getpid()}\n found = []\n for p in os.listdir('/proc'):\n"
        "  if p.isdigit() and int(p) not in own:\n   try:\n    if open(f'/proc/{p}/environ', 'rb').read(): found.append(p)\n"
        "   except OSError: pass\n return found",
        lambda v: v == [], open_where="files", otherwise=lambda v: isinstance(v, list),
    ),
    Hostile(
        "connect to the engine's port",
        "import socket\ndef handler(e, c):\n host, port = e['url'].removeprefix('http://').split(':')\n"
        " try: socket.create_connection((host, int(port)), 1).close()\n"
        " except OSError as error: return type(error).__name__\n return 'connected'",
        lambda v: v in ("ConnectionRefusedError", "OSError", "PermissionError"),
        open_where="network", otherwise=lambda v: isinstance(v, str),
    ),
    Hostile(
        "trace the engine",
        "import ctypes\ndef handler(e, c):\n libc = ctypes.CDLL(None, use_errno=True)\n"
        " return [libc.ptrace(16, e['engine'], 0, 0), ctypes.get_errno()]",
        lambda v: v[0] == -1 and v[1] in (1, 3, 38),
    ),
    Hostile(
        "trace every process there is",
        "import ctypes, os\ndef handler(e, c):\n seize = lambda pid: ctypes.CDLL(None).ptrace(0x4206, pid, 0, 0)\n"
        " return [p for p in os.listdir('/proc') if p.isdigit() and int(p) != os.getpid() and seize(int(p)) == 0]",
        lambda v: v == [],
    ),
    Hostile(
        "connect to every port that listens",
        "import socket\ndef handler(e, c):\n found = []\n for line in open('/proc/net/tcp').read().splitlines()[1:51]:\n"
        "  _, local, _, state = line.split()[:4]\n  if state == '0A':\n   port = int(local.partition(':')[2], 16)\n"
        "   try: socket.create_connection(('127.0.0.1', port), 0.1).close()\n   except OSError: continue\n"
        "   found.append(port)\n return found",
        lambda ports: set(ports) <= {9001},  # its own Runtime API
        open_where="network", otherwise=lambda ports: isinstance(ports, list), memory=1769,
    ),
    Hostile(
        "sleep past the timeout in a child", "import subprocess\ndef handler(e, c): subprocess.run(['sleep', '600'])",
        "Sandbox.Timedout", timeout=1,
    ),
    Hostile("answer with 1 GB", "def handler(e, c): return 'x' * (1 << 30)", "Runtime.OutOfMemory", timeout=20),
    Hostile("answer with 7 MB", "def handler(e, c): return 'x' * 7_000_000", "Function.ResponseSizeTooLarge", memory=512),
    Hostile("recurse deeply", "def f(n): return f(n + 1)\ndef handler(e, c): return f(0)", "RecursionError"),
    Hostile(
        "recurse deeply in C",
        "import sys\ndef handler(e, c):\n sys.setrecursionlimit(10**8)\n x = []\n for _ in range(10**6): x = [x]\n return repr(x)[:1]",
        ("Runtime.ExitError", "Runtime.OutOfMemory", "RecursionError", "MemoryError"), memory=512, timeout=20,
    ),
    Hostile("exit at once", "import os\ndef handler(e, c): os._exit(3)", "Runtime.ExitError"),
    Hostile("crash", "import ctypes\ndef handler(e, c): ctypes.string_at(0)", "Runtime.ExitError"),
    Hostile(
        "raise while the interpreter ends",
        "import atexit, sys\ndef fail(): raise ValueError('late')\ndef handler(e, c):\n atexit.register(fail)\n sys.exit(0)",
        "Runtime.ExitError",
    ),
    Hostile(
        "hang while the interpreter ends",
        "import atexit, sys, time\ndef handler(e, c):\n atexit.register(time.sleep, 600)\n sys.exit(0)",
        ("Runtime.ExitError", "Sandbox.Timedout"), timeout=1,
    ),
    Hostile(
        "make a device",
        ATTEMPT + "import stat, tempfile\ndef handler(e, c):\n path = os.path.join(tempfile.gettempdir(), 'disk')\n"
        " if attempt(lambda: os.mknod(path, 0o600 | stat.S_IFBLK, os.makedev(254, 0))) != 'done': return 'PermissionError'\n"
        " return attempt(lambda: open(path, 'rb').read(1))",
        refused,
    ),
    Hostile(
        "links in the package that lead out",
        ATTEMPT + "def handler(e, c):\n root = os.environ['LAMBDA_TASK_ROOT']\n"
        " return [attempt(lambda: open(root + '/' + n).read()) for n in ('home', 'shadow')]",
        refused, links={"home": "../../../../../engine.json", "shadow": "/etc/shadow"},
    ),
    Hostile(
        "write into the package",
        ATTEMPT + "def handler(e, c):\n root = os.environ['LAMBDA_TASK_ROOT']\n"
        " return [attempt(lambda: open(root + '/cell.py', 'w')), attempt(lambda: open(root + '/new', 'w'))]",
        lambda v: set(v) <= {"PermissionError", "OSError"}, open_where="files", otherwise=bool,
    ),
]  # fmt: skip
