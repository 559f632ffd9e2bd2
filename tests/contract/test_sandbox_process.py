"""What every sandbox promises, row by row; each test asserts what `enforcement()` states on this host.

Run as root with all walls; as an unprivileged user with all walls and with namespaces and control groups taken away
(`test_sandbox_as_user.py` starts those from root).
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from jupyter_lambda.errors import ImageBuildFailed, InvalidRuntime, SandboxError
from jupyter_lambda.model.function import Mount
from jupyter_lambda.sandbox.process import process_table
from jupyter_lambda.sandbox.process.spawn_request import MARKER
from jupyter_lambda.sandbox.protocol import Death, DeathCause
from jupyter_lambda.testing.runtime_bench import RuntimeBench

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(sys.platform != "linux", reason="the process sandbox needs Linux")]

MIB = 1024 * 1024
PATIENCE_SECONDS = 20


@pytest.fixture
def anyio_backend():
    return "asyncio"


async def ended(environment) -> Death:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await asyncio.shield(environment.died)


async def until(fact) -> None:
    """Let the loop run until something is so that no event tells of."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not fact():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


# -- the handler ------------------------------------------------------------------------------------------------------------


async def test_runs_a_handler_and_keeps_its_globals(workshop):
    source = """
        calls = 0
        def handler(event, context):
            global calls
            calls += 1
            return {"event": event, "calls": calls}
    """
    _, bench, first = await workshop.run(source, {"a": [1, 2.5, None, "ü"]})
    second = await bench.invoke(7)
    assert first.value == {"event": {"a": [1, 2.5, None, "ü"]}, "calls": 1}
    assert second.value == {"event": 7, "calls": 2}


async def test_has_only_the_variables_it_was_given(workshop):
    source = "import os\ndef handler(event, context): return dict(os.environ)"
    environment, _, answer = await workshop.run(source, variables={"MINE": "1", "AWS_LAMBDA_RUNTIME_API": "x:1"})
    names = {
        "PATH",
        "LAMBDA_TASK_ROOT",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "MINE",
        "AWS_LAMBDA_RUNTIME_API",
    }
    mark = set() if workshop.is_contained else {MARKER}  # a container is found by its labels
    image = {"PYTHONPATH", "LAMBDA_RUNTIME_DIR"} if workshop.walls == "distant" else set()  # folders of the image's, named again
    assert set(answer.value) == names | {"HOME", "TMPDIR"} | mark | image
    if mark:
        assert answer.value[MARKER].endswith(f"/boot/{environment.environment_id}")


async def test_child_processes_get_the_same_variables(workshop):
    source = "import subprocess\ndef handler(event, context): return subprocess.check_output(['env'], text=True)"
    _, _, answer = await workshop.run(source, variables={"MINE": "yes"})
    assert "MINE=yes\n" in answer.value
    assert "OMP_NUM_THREADS" not in answer.value


async def test_starts_in_its_package_with_lambdas_umask_in_the_main_thread(workshop):
    source = """
        import os, sys, threading
        def handler(event, context):
            mask = os.umask(0)
            os.umask(mask)
            return [os.getcwd(), mask, threading.current_thread() is threading.main_thread(), sys.path[0]]
    """
    root = workshop.package(source)
    _, _, answer = await workshop.run(source, task_root=root)
    assert answer.value == [workshop.inside(root), 0o022, True, workshop.inside(root)]


async def test_each_environment_draws_other_random_numbers(workshop):
    source = "import random, uuid\ndef handler(event, context): return [random.random(), uuid.uuid4().hex]"
    answers = [(await workshop.run(source))[2].value for _ in range(2)]
    assert answers[0][0] != answers[1][0]
    assert answers[0][1] != answers[1][1]


async def test_each_environment_draws_other_random_numbers_from_numpy(workshop):
    pytest.importorskip("numpy")
    source = "import numpy\ndef handler(event, context): return numpy.random.random(4).tolist()"
    answers = [(await workshop.run(source, preload=("numpy",)))[2].value for _ in range(2)]
    assert answers[0] != answers[1]


# -- how it ends ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "death"),
    [
        ("os.kill(os.getpid(), 9)", Death(DeathCause.SIGNAL, signal.SIGKILL)),
        ("ctypes.string_at(0)", Death(DeathCause.SIGNAL, signal.SIGSEGV)),
        ("os.abort()", Death(DeathCause.SIGNAL, signal.SIGABRT)),
        ("os.kill(os.getpid(), signal.SIGTERM)", Death(DeathCause.SIGNAL, signal.SIGTERM)),
        ("sys.exit(3)", Death(DeathCause.EXIT, 3)),
        ("sys.exit()", Death(DeathCause.EXIT, 0)),
        ("os._exit(4)", Death(DeathCause.EXIT, 4)),
    ],
)
async def test_says_how_the_process_ended(workshop, statement, death):
    environment, bench = await workshop.start(f"import ctypes, os, signal, sys\ndef handler(event, context): {statement}")
    bench.send()
    assert await ended(environment) == death
    assert environment.pid is None


async def test_a_failed_init_exits_with_1_after_saying_why(workshop):
    environment, bench = await workshop.start("import nothing_of_that_name")
    await bench.until_ready()
    assert bench.init_error["errorType"] == "Runtime.ImportModuleError"
    assert await ended(environment) == Death(DeathCause.EXIT, 1)


async def test_memory_of_an_init_that_ended_at_once_is_told(workshop):
    if not any(row.row == "memory" and "cgroup" in row.by for row in workshop.sandbox.enforcement()):
        pytest.skip("without control groups nobody has counted by then")
    environment, _ = await workshop.start("import os\nos._exit(3)")
    assert await ended(environment) == Death(DeathCause.EXIT, 3)
    assert environment.memory().peak_bytes > MIB // 4


async def test_what_a_dead_process_leaves_is_gone_before_its_death_is_told(workshop):
    source = """
        import os, subprocess, sys
        def handler(event, context):
            daemon = "import os, time; os.setsid(); print('up', flush=True); time.sleep(600)"
            subprocess.Popen([sys.executable, "-c", daemon])
            subprocess.run(["sleep", "600"])
    """
    environment, bench = await workshop.start(source)
    bench.send()
    await bench.until_logged("up")
    assert len(workshop.living(environment)) == 3
    os.kill(workshop.host_pid(environment), signal.SIGKILL)
    assert (await ended(environment)).cause is DeathCause.SIGNAL
    assert workshop.living(environment) == []


@pytest.mark.parametrize("busy", ["pow(3, 10**9)", "re.match('(a+)+$', 'a' * 60 + 'b')"])
async def test_kill_ends_a_busy_loop_in_c_and_all_it_started(workshop, busy):
    source = f"""
        import os, re, subprocess, sys
        DAEMON = '''
        import os, signal
        for number in range(1, 65):
            try: signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError): pass
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
        os.setsid()
        if os.fork(): os._exit(0)
        os.write(1, b"daemon up\\\\n")
        while True: pass
        '''.replace("\\n        ", "\\n")
        def handler(event, context):
            for _ in range(2):
                subprocess.Popen([sys.executable, "-c", DAEMON]).wait()
            {busy}
    """
    environment, bench = await workshop.start(source, memory_mib=1769)
    bench.send()
    await bench.until_logged("daemon up", times=2)
    assert len(workshop.living(environment)) >= 3
    async with asyncio.timeout(5):
        await environment.kill()
    assert workshop.living(environment) == []
    assert environment.died.result().cause is DeathCause.KILLED
    await environment.kill()


async def test_kill_ends_a_fork_bomb(workshop):
    if workshop.rows["processes"].by == "nothing":
        pytest.skip("nothing bounds processes here: a bomb would hit the whole machine")
    source = """
        import os
        def handler(event, context):
            while True:
                try: os.fork()
                except OSError: pass
                os.write(1, b"another\\n")
    """
    environment, bench = await workshop.start(source, memory_mib=1024)
    bench.send()
    await bench.until_logged("another", times=60)
    async with asyncio.timeout(PATIENCE_SECONDS):
        await environment.kill()
    assert workshop.living(environment) == []


async def test_restart_keeps_tmp_and_nothing_else(workshop):
    source = """
        import os, tempfile
        path = os.path.join(tempfile.gettempdir(), "kept")
        before = open(path).read() if os.path.exists(path) else None
        def handler(event, context):
            open(path, "w").write(str(event))
            return [before, os.getpid()]
    """
    spec, bench = workshop.spec(source), RuntimeBench()
    environment = await workshop.sandbox.start(spec, bench.channels())
    first = await bench.invoke(5)
    await environment.kill()
    await environment.restart(spec, bench.channels())
    second = await bench.invoke(6)
    assert first.value[0] is None
    assert second.value[0] == "5"
    assert first.value[1] != second.value[1]
    assert not environment.died.done()
    await bench.aclose()


async def test_restart_of_a_living_process_is_refused(workshop):
    environment, bench = await workshop.start("def handler(event, context): return 1")
    with pytest.raises(SandboxError, match="still there"):
        await environment.restart(workshop.spec("x = 1"), RuntimeBench().channels())
    assert (await bench.invoke()).value == 1


async def test_aclose_leaves_nothing(workshop):
    environment, bench = await workshop.start(
        "import subprocess\nsubprocess.Popen(['sleep', '600'])\ndef handler(event, context): return 1"
    )
    await bench.invoke()
    assert len(workshop.living(environment)) == 2
    groups = [Path(file).parent for file in environment._group.join_files] if getattr(environment, "_group", None) else []
    assert all(folder.is_dir() for folder in groups)
    await environment.aclose()
    await environment.aclose()
    assert workshop.living(environment) == []
    assert not any(folder.exists() for folder in groups)
    assert [entry for entry in (workshop.home / "run").rglob("*") if entry.name == environment.environment_id] == []


async def test_two_may_close_at_a_time(workshop):
    environment, _ = await workshop.start("def handler(event, context): return 1")
    closing = [environment.aclose(), environment.aclose()]
    if workshop.is_contained:  # whoever sees it paused closes the container beside its environment
        closing += [environment._container.aclose(by_force=True), environment._container.aclose()]
    await asyncio.gather(*closing)
    assert workshop.living(environment) == []


# -- memory -----------------------------------------------------------------------------------------------------------------

_EAT = """
    import os, subprocess, sys, tempfile
    EAT = "held = []\\nfor _ in range(100): held.append(b'x' * 4_000_000)"
    def handler(event, context):
        if event == "own":
            exec(EAT)
        elif event == "child":
            return subprocess.run([sys.executable, "-c", EAT]).returncode
        elif event == "memfd":
            os.write(os.memfd_create("m"), b"x" * 300_000_000)
        elif event == "half":
            exec(EAT.replace("100", "15"))
        return "lived"
"""


@pytest.mark.parametrize("who", ["own", "child"])
async def test_memory_above_the_limit_ends_the_environment(workshop, who):
    assert workshop.rows["memory"].held
    environment, bench = await workshop.start(_EAT)
    bench.send(who)
    death = await ended(environment)
    assert death.cause is DeathCause.OUT_OF_MEMORY
    assert environment.memory().peak_bytes == 128 * MIB
    assert workshop.living(environment) == []


async def test_memory_below_the_limit_lives_and_its_peak_is_told(workshop):
    environment, _, answer = await workshop.run(_EAT, "half")
    assert answer.value == "lived"
    assert environment.memory().peak_bytes < 128 * MIB


async def test_the_peak_is_what_was_held_at_most(workshop):
    source = """
        import time
        def handler(event, context):
            held = b"x" * 60_000_000
            ends = time.monotonic() + 0.2
            while time.monotonic() < ends: pass
            del held
            return time.monotonic()
    """
    environment, _, _ = await workshop.run(source, memory_mib=1769)
    reading = environment.memory()
    assert 57 * MIB < reading.peak_bytes < 90 * MIB
    assert reading.now_bytes < 40 * MIB


async def test_the_kernel_ends_a_worker_first_when_the_machine_is_short(workshop):
    source = "def handler(event, context):\n    return open('/proc/self/oom_score_adj').read().strip()"
    _, _, answer = await workshop.run(source)
    assert answer.value == "1000"


async def test_a_restart_after_running_out_works(workshop):
    spec, bench = workshop.spec(_EAT), RuntimeBench()
    environment = await workshop.sandbox.start(spec, bench.channels())
    bench.send("own")
    await ended(environment)
    await environment.restart(spec, bench.channels())
    assert (await bench.invoke("half")).value == "lived"
    assert environment.memory().peak_bytes < 128 * MIB
    await bench.aclose()


async def test_400_mb_in_tmp_of_a_128_mb_function_lives(workshop):
    source = """
        import os, tempfile
        def handler(event, context):
            with open(os.path.join(tempfile.gettempdir(), "large"), "wb") as file:
                for _ in range(400):
                    file.write(bytes(1024 * 1024))
            return os.path.getsize(file.name)
    """
    environment, _, answer = await workshop.run(source)
    assert answer.value == 400 * MIB
    assert environment.memory().peak_bytes < 100 * MIB


async def test_tmp_is_refused_beyond_its_bound(workshop):
    assert workshop.rows["tmp"].held
    source = """
        import errno, os, tempfile
        def handler(event, context):
            path, written = os.path.join(tempfile.gettempdir(), "large"), 0
            try:
                with open(path, "wb", buffering=0) as file:
                    while written < 700 << 20:
                        written += file.write(bytes(1 << 20))
            except OSError as error:
                return [errno.errorcode[error.errno], written >> 20]
            finally:
                os.unlink(path)
            return ["none", written >> 20]
    """
    _, _, answer = await workshop.run(source)
    assert answer.value == ["ENOSPC" if workshop.rows["tmp"].by.startswith("tmpfs") else "EFBIG", 512]


# -- what others have -------------------------------------------------------------------------------------------------------


async def test_environments_do_not_see_each_other(workshop):
    source = """
        import os, tempfile
        def attempt(action):
            try: action()
            except Exception as error: return type(error).__name__
            return "done"
        def handler(event, context):
            own = os.path.join(tempfile.gettempdir(), "secret")
            if event is None:
                open(own, "w").write("x")
                return [os.getpid(), own]
            pid, path = event
            found = {"path": attempt(lambda: open(path).read()), "environ": attempt(lambda: open(f"/proc/{pid}/environ").read())}
            found["memory"] = attempt(lambda: open(f"/proc/{pid}/mem", "rb"))
            found["signal"] = attempt(lambda: os.kill(pid, 0))
            found["root"] = attempt(lambda: os.listdir(f"/proc/{pid}/root/tmp"))
            return found
    """
    neighbour, _, first = await workshop.run(source)
    found = (await workshop.run(source, [workshop.host_pid(neighbour), first.value[1]]))[2].value
    assert workshop.rows["files"].held
    assert found.pop("path") in ("FileNotFoundError", "PermissionError")
    assert found.keys() == {"environ", "memory", "signal", "root"}
    unseen = {"FileNotFoundError", "ProcessLookupError"} if workshop.is_contained else set()  # another pid namespace
    assert set(found.values()) <= {"PermissionError"} | unseen


async def test_the_engines_home_and_the_users_files_are_closed(workshop, tmp_path):
    assert workshop.rows["files"].held
    secret = workshop.home / "token"
    secret.write_text("x")
    (tmp_path / "elsewhere").write_text("x")
    source = """
        import os
        def handler(event, context):
            found = []
            for path in event:
                try: os.listdir(path) if path.endswith("/") else open(path).read()
                except Exception as error: found.append(type(error).__name__)
                else: found.append("read")
            return found
    """
    paths = [str(secret), str(tmp_path / "elsewhere"), "/root/", "/home/", "/var/spool/", f"{Path.home()}/.profile"]
    _, _, answer = await workshop.run(source, paths)
    found = dict(zip(paths, answer.value, strict=True))
    if workshop.is_contained:  # there they may be, as parents of what is mounted: see tests/integration/sandbox_docker
        found = {path: what for path, what in found.items() if not (path in ("/root/", "/home/") and what == "read")}
    assert set(found.values()) <= {"PermissionError", "FileNotFoundError"}


async def test_the_package_and_the_system_can_be_read_and_not_written(workshop):
    source = """
        import os
        def attempt(path):
            try: open(path, "a").close()
            except OSError as error: return type(error).__name__
            return "written"
        def handler(event, context):
            assert open("/etc/passwd").read() and os.listdir("/usr/bin") and open(__file__).read()
            return [attempt(__file__), attempt("/usr/bin/new"), attempt(os.path.join(os.getcwd(), "new")), attempt("/etc/passwd")]
    """
    _, _, answer = await workshop.run(source)
    assert workshop.rows["files"].held
    assert set(answer.value) <= {"PermissionError", "OSError"}


async def test_no_new_namespaces_no_tracing_no_mounts_no_new_privileges(workshop):
    source = """
        import ctypes, errno, os
        libc = ctypes.CDLL(None, use_errno=True)
        def refused(result): return errno.errorcode[ctypes.get_errno()] if result == -1 else "allowed"
        def handler(event, context):
            found = {"unshare": refused(libc.unshare(0x10000000)), "trace": refused(libc.ptrace(16, os.getppid(), 0, 0))}
            found["mount"] = refused(libc.mount(b"none", b"/tmp", b"tmpfs", 0, None))
            status = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
            found["setting"] = [status["NoNewPrivs"].strip(), status["Seccomp"].strip()]
            found["capabilities"] = int(status["CapEff"], 16) & (1 << 21 | 1 << 19 | 1 << 12)
            return found
    """
    _, _, answer = await workshop.run(source)
    refused = dict.fromkeys(("unshare", "trace", "mount"), "EPERM")
    assert answer.value == {**refused, "setting": ["1", "2"], "capabilities": 0}


async def test_descriptors_are_bounded(workshop):
    assert workshop.rows["descriptors"].held
    source = """
        import os, resource
        def handler(event, context):
            held = []
            try:
                while len(held) < 3000: held.append(os.open("/dev/null", os.O_RDONLY))
            except OSError as error:
                return [len(held), resource.getrlimit(resource.RLIMIT_NOFILE), error.errno]
            finally:
                for number in held: os.close(number)
    """
    _, _, answer = await workshop.run(source)
    count, limits, number = answer.value
    assert limits == [1024, 1024]
    assert (number, count > 1000) == (24, True)


async def test_a_new_process_holds_nothing_of_the_engines(workshop):
    source = """
        import contextlib, os
        def handler(event, context):
            found = []
            for number in range(1024):
                with contextlib.suppress(OSError): found.append(os.readlink(f"/proc/self/fd/{number}"))
            return found
    """
    _, _, answer = await workshop.run(source)
    kinds = sorted(target.split(":")[0] for target in answer.value)
    assert kinds == ["/dev/null", "pipe", "pipe", "socket"]


async def test_processes_are_bounded(workshop):
    if not workshop.rows["processes"].held:
        pytest.skip("nothing bounds processes here, and enforcement() says so")
    source = """
        import threading
        def handler(event, context):
            threading.stack_size(64 * 1024)
            stop, threads = threading.Event(), []
            try:
                while len(threads) < 1100:
                    thread = threading.Thread(target=stop.wait, daemon=True)
                    thread.start()
                    threads.append(thread)
            except RuntimeError:
                return len(threads)
            finally:
                stop.set()
    """
    _, _, answer = await workshop.run(source, memory_mib=1769)
    assert 1000 <= answer.value < 1024


async def test_the_cpu_share_holds_from_the_end_of_init(workshop):
    source = """
        import time
        def measure():
            began, used = time.monotonic(), time.process_time()
            while time.monotonic() < began + 0.6: pass
            return (time.process_time() - used) / 0.6
        def handler(event, context): return measure()
    """
    environment, bench = await workshop.start(source)
    await bench.until_ready()
    environment.init_ended()
    share = (await bench.invoke()).value
    if workshop.rows["cpu"].held:
        assert share < 0.2
    else:
        assert share > 0.2


async def test_a_function_without_network_has_none(workshop):
    source = """
        import socket
        def handler(event, context):
            try: socket.create_connection(("127.0.0.1", event), timeout=2)
            except OSError as error: return type(error).__name__
            return "connected"
    """
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        if not workshop.rows["network"].held:
            assert (await workshop.run(source, port))[2].value == "connected"
        if workshop.walls == "bare":
            with pytest.raises(SandboxError, match="network namespaces"):
                await workshop.start(source, network="none")
        else:
            refusal = "ConnectionRefusedError" if workshop.is_contained else "OSError"  # loopback is up in a container
            assert (await workshop.run(source, port, network="none"))[2].value == refusal


async def test_a_mounted_folder_is_read_only_at_its_target(workshop, tmp_path):
    model = tmp_path / "model"
    model.mkdir()
    (model / "weights").write_text("w")
    source = """
        def handler(event, context):
            text = open(event + "/weights").read()
            try: open(event + "/new", "w")
            except OSError as error: return [text, "refused"]
            return [text, "written"]
    """
    _, _, answer = await workshop.run(source, str(model), mounts=(Mount(str(model), str(model)),))
    assert answer.value == ["w", "refused"]
    elsewhere = Mount(str(model), "/tmp/models/first")
    if workshop.walls == "bare":
        with pytest.raises(SandboxError, match="allows no mounts"):
            await workshop.start(source, mounts=(elsewhere,))
    else:
        _, _, answer = await workshop.run(source, elsewhere.target, mounts=(elsewhere,))
        assert answer.value == ["w", "refused"]


# -- output -----------------------------------------------------------------------------------------------------------------


async def test_ten_thousand_lines_are_complete_when_the_answer_comes(workshop):
    source = """
        import sys
        def handler(event, context):
            for number in range(10_000): print("line", number)
            print("to stderr", file=sys.stderr)
            print("no newline", end="")
            return 1
    """
    _, _, answer = await workshop.run(source, memory_mib=1769)
    lines = answer.log.splitlines()
    assert [line for line in lines if line.startswith("line")] == [f"line {number}" for number in range(10_000)]
    assert lines[-2:] == ["to stderr", "no newline"]


async def test_output_of_children_and_of_c_code_arrives_in_order(workshop):
    source = """
        import ctypes, logging, subprocess, sys
        libc = ctypes.CDLL(None)
        def handler(event, context):
            print("python")
            subprocess.run(["sh", "-c", "echo child; echo child to stderr >&2"])
            for number in range(100): libc.printf(b"from c %d\\n", number)
            logging.getLogger().warning("a warning")
            return 1
    """
    _, _, answer = await workshop.run(source)
    lines = answer.log.splitlines()
    assert lines[:3] == ["python", "child", "child to stderr"]
    assert [line for line in lines if line.startswith("from c")] == [f"from c {number}" for number in range(100)]
    assert any(line.startswith("[WARNING]\t") and line.endswith("\ta warning") for line in lines)


async def test_what_was_printed_before_a_kill_is_there(workshop):
    environment, bench = await workshop.start(
        "import os\ndef handler(event, context):\n for n in range(50): print('line', n)\n os.kill(os.getpid(), 9)"
    )
    bench.send()
    await ended(environment)
    assert bench.log.splitlines() == [f"line {number}" for number in range(50)]


# -- other runtimes ---------------------------------------------------------------------------------------------------------


async def test_amazons_runtime_client_runs_over_tcp(workshop):
    pytest.importorskip("awslambdaric")
    bench = RuntimeBench()
    source = (
        "def handler(event, context):\n print('hi')\n return {'got': event, 'left': context.get_remaining_time_in_millis() > 0}"
    )
    spec = workshop.spec(source, bootstrap=(workshop.executable, "-m", "awslambdaric", "function.handler"), python=None)
    address = await bench.listen()
    spec = workshop.with_changes(spec, runtime_api=address, variables={**spec.variables, "AWS_LAMBDA_RUNTIME_API": address})
    environment = await workshop.sandbox.start(spec, bench.channels(over_tcp=True))
    try:
        answer = await bench.invoke({"a": 1})
        assert answer.value == {"got": {"a": 1}, "left": True}
        assert answer.log == "hi\n"
    finally:
        await environment.aclose()
        await bench.aclose()


async def test_a_command_is_a_runtime_behind_the_same_walls(workshop):
    bench = RuntimeBench()
    spec = workshop.spec(bootstrap=("/bin/sh", "-c", f"cat {workshop.home}/token; echo pid $$; exit 7"), python=None)
    (workshop.home / "token").write_text("secret")
    environment = await workshop.sandbox.start(spec, bench.channels(over_tcp=True))
    assert await ended(environment) == Death(DeathCause.EXIT, 7)
    assert "pid" in bench.log
    assert "secret" not in bench.log
    await environment.aclose()
    await bench.aclose()


async def test_a_missing_command_exits_with_127(workshop):
    environment, bench = await workshop.start(bootstrap=("/nowhere/bootstrap",), python=None)
    assert await ended(environment) == Death(DeathCause.EXIT, 127)
    assert "/nowhere/bootstrap: No such file or directory" in bench.log


async def test_our_runtime_speaks_tcp_where_there_is_no_descriptor(workshop):
    bench = RuntimeBench()
    address = await bench.listen()
    spec = workshop.spec(
        "def handler(event, context): return event", variables={"AWS_LAMBDA_RUNTIME_API": address}, runtime_api=address
    )
    environment = await workshop.sandbox.start(spec, bench.channels(over_tcp=True))
    assert (await bench.invoke([1])).value == [1]
    await environment.aclose()
    await bench.aclose()


# -- freezing ---------------------------------------------------------------------------------------------------------------


async def test_freezing_stops_it_where_the_host_can(workshop):
    source = """
        import threading, time
        ticks = 0
        def tick():
            global ticks
            while True:
                ticks += 1
                time.sleep(0.001)
        threading.Thread(target=tick, daemon=True).start()
        def handler(event, context): return ticks
    """
    environment, bench = await workshop.start(source)
    await bench.invoke()
    frozen = await environment.freeze()
    assert frozen == (workshop.is_contained or workshop.sandbox.tier.groups is not None)
    await environment.thaw()
    assert (await bench.invoke()).value > 0
    await environment.freeze()
    async with asyncio.timeout(5):
        await environment.kill()
    assert workshop.living(environment) == []


# -- interpreters -----------------------------------------------------------------------------------------------------------


async def test_an_interpreter_that_is_gone_is_refused(workshop):
    spec = workshop.spec("def handler(event, context): return event")
    gone = workshop.with_changes(spec.python, executable="/nowhere/bin/python")
    if workshop.walls == "distant":  # the image has its own, wherever the function was captured
        bench = RuntimeBench()
        environment = await workshop.sandbox.start(workshop.with_changes(spec, python=gone), bench.channels())
        assert (await bench.invoke(5)).value == 5
        await environment.aclose()
        await bench.aclose()
        return
    with pytest.raises(InvalidRuntime, match="is gone"):
        await workshop.sandbox.start(workshop.with_changes(spec, python=gone), RuntimeBench().channels())


async def test_an_interpreter_of_another_minor_version_is_refused(workshop):
    spec = workshop.spec("x = 1")
    other = workshop.with_changes(spec.python, version="3.8.1")
    with pytest.raises((InvalidRuntime, ImageBuildFailed), match=r"deployed on 3\.8|the function needs 3\.8"):
        await workshop.sandbox.start(workshop.with_changes(spec, python=other), RuntimeBench().channels())


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("import os; os._exit(5)", "crashes"),
        ("import threading, time; threading.Thread(target=time.sleep, args=(600,), daemon=True).start()", "starts a thread"),
        ("raise ValueError('no')", "raises"),
    ],
)
async def test_a_module_that_cannot_be_preloaded_is_left_to_the_worker(workshop, tmp_path, body, reason):
    packages = tmp_path / "site"
    packages.mkdir()
    (packages / "awkward.py").write_text(body)
    (packages / "fine.py").write_text("LOADED = True")
    source = "import sys\ndef handler(event, context): return ['fine' in sys.modules, 'awkward' in sys.modules]"
    _, _, answer = await workshop.run(source, extra_path=(str(packages),), preload=("awkward", "fine"))
    assert answer.value == [True, False]


async def test_a_package_that_brings_its_own_version_of_a_preloaded_module_gets_it(workshop, tmp_path):
    packages = tmp_path / "site"
    packages.mkdir()
    (packages / "shared.py").write_text("WHERE = 'site'")
    root = workshop.package("import shared\ndef handler(event, context): return shared.WHERE", shared="WHERE = 'package'")
    _, _, other = await workshop.run(
        "import shared\ndef handler(event, context): return shared.WHERE", extra_path=(str(packages),), preload=("shared",)
    )
    _, _, own = await workshop.run("", task_root=root, extra_path=(str(packages),), preload=("shared",))
    assert other.value == "site"
    assert own.value == "package"


async def test_new_modules_are_preloaded_by_a_successor(workshop, tmp_path):
    packages = tmp_path / "site"
    packages.mkdir()
    for name in ("first", "second"):
        (packages / f"{name}.py").write_text("")
    source = "import sys\nFOUND = [n in sys.modules for n in ('first', 'second')]\ndef handler(event, context): return FOUND"
    changes = {"extra_path": (str(packages),)}
    assert (await workshop.run(source, preload=("first",), **changes))[2].value == [True, False]
    await workshop.sandbox.prepare(workshop.spec(source, preload=("second",), **changes))
    first_too = not workshop.is_contained  # what a container has imported counts as its function's memory: it has no more
    assert (await workshop.run(source, preload=("second",), **changes))[2].value == [first_too, True]


async def test_a_preloaded_library_has_as_many_threads_as_memory_buys(workshop):
    pytest.importorskip("numpy")
    if (os.cpu_count() or 1) < 2:
        pytest.skip("one processor")
    source = """
        import os, numpy
        def handler(event, context):
            matrix = numpy.ones((512, 512))
            for _ in range(5): matrix @ matrix
            return len(os.listdir("/proc/self/task"))
    """
    _, _, small = await workshop.run(source, preload=("numpy",), memory_mib=1024)
    _, _, large = await workshop.run(source, preload=("numpy",), memory_mib=4096)
    assert (small.value, large.value) == (1, 2)


async def test_a_start_that_is_given_up_leaves_no_process(workshop):
    spec, bench = workshop.spec("def handler(event, context): pass"), RuntimeBench()
    if workshop.is_contained:
        starting = asyncio.create_task(workshop.sandbox.start(spec, bench.channels()))
        await until(lambda: workshop.sockets())  # the container is being made, and will look for its socket
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        await workshop.sandbox.aclose()
        assert await workshop.sandbox._labelled() == []
        assert workshop.sockets() == []
    else:
        await workshop.sandbox.prepare(spec)
        zygote = await workshop.sandbox._zygotes.get(spec)
        starting = asyncio.create_task(workshop.sandbox.start(spec, bench.channels()))
        await until(lambda: zygote.worker_count)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        await until(lambda: not zygote.worker_count and not process_table.descendants(zygote.pid))
    await bench.aclose()
