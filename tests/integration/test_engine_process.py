"""The engine's process: started once however many ask, let go by its starter, found, replaced, and gone without a trace.

What is inside it does not matter here (`stand_in_engine.py`); `test_engine_real.py` and `test_kill_engine.py` have the real one.
"""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import psutil
import pytest

from jupyter_lambda.client.discovery import find_engine
from jupyter_lambda.client.file_lock import FileLock
from jupyter_lambda.client.home import run_folder
from jupyter_lambda.client.launch import EngineOptions, Launcher, stop_engine
from jupyter_lambda.client.process_identity import is_running, start_ticks
from jupyter_lambda.client.stopping import wait_for_end
from jupyter_lambda.errors import DiskFull, EngineUnavailable, NewerHome, RequestError, SandboxError, StoreError

STAND_IN = str(Path(__file__).with_name("stand_in_engine.py"))
SECONDS = 30.0


def launcher(*wishes, **changes):
    return Launcher(command=(sys.executable, "-P", STAND_IN, *wishes), **changes)


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "home"
    yield folder
    stop_engine(folder, timeout=5.0)


@pytest.fixture
def engine(home):
    return launcher().ensure(EngineOptions(home=home))


def run_files(home):
    folder = run_folder(home).folder
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def call(runtime, target="/health"):
    """The status of a request on the engine's unix socket."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(SECONDS)
        connection.connect(runtime.socket)
        connection.sendall(f"GET {target} HTTP/1.1\r\n\r\n".encode())
        return int(connection.recv(4_096).split()[1])


# -- starting -------------------------------------------------------------------------------------------------------------------


def test_it_answers_on_both_sockets_once_started(engine, home):
    host, port = engine.url.removeprefix("http://").split(":")

    assert call(engine) == 200
    with socket.create_connection((host, int(port)), timeout=SECONDS):
        pass
    assert find_engine(home) == engine
    assert (engine.home, engine.sandbox) == (str(home), "process")


def test_the_start_of_another_finds_it(engine, home):
    assert launcher().ensure(EngineOptions(home=home, port=1, sandbox="docker")) == engine


def test_ten_processes_at_the_same_instant_get_one_engine(home):
    code = (
        "import sys; from pathlib import Path; from jupyter_lambda.client.launch import *\n"
        f"options = EngineOptions(home=Path({str(home)!r}))\n"
        f"launcher = Launcher(command=(sys.executable, '-P', {STAND_IN!r}))\n"
        "print('here', flush=True); sys.stdin.read()\n"
        "print(launcher.ensure(options).pid)"
    )
    starters = [
        subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(10)
    ]
    for starter in starters:
        assert starter.stdout.readline() == "here\n"
    for starter in starters:
        starter.stdin.close()
    pids = [starter.stdout.read() for starter in starters]
    for starter in starters:
        starter.stdout.close()
        assert starter.wait(SECONDS) == 0

    assert len(set(pids)) == 1
    assert int(pids[0]) == find_engine(home).pid
    assert [process.pid for process in engines_of(home)] == [find_engine(home).pid]
    assert "start.lock" not in run_files(home)


def test_ten_threads_at_the_same_instant_get_one_engine(home):
    with ThreadPoolExecutor(10) as pool:
        found = list(pool.map(lambda _: launcher().ensure(EngineOptions(home=home)), range(10)))

    assert len({runtime.pid for runtime in found}) == 1


def test_engines_of_two_homes_know_nothing_of_each_other(engine, home, tmp_path):
    other = launcher().ensure(EngineOptions(home=tmp_path / "other"))

    assert other.pid != engine.pid
    assert other.token != engine.token
    assert stop_engine(tmp_path / "other")
    assert call(engine) == 200


def test_a_runtime_file_whose_pid_is_used_again_is_not_believed(engine, home):
    path = run_folder(home).runtime_file
    stop_engine(home)
    stale = msgspec.structs.replace(engine, pid=os.getpid())
    path.write_bytes(msgspec.json.encode(stale))
    path.chmod(0o600)

    assert find_engine(home) is None
    fresh = launcher().ensure(EngineOptions(home=home))
    assert fresh.pid not in (engine.pid, os.getpid())
    assert find_engine(home) == fresh


def test_what_a_killed_engine_left_is_no_obstacle(engine, home):
    os.kill(engine.pid, signal.SIGKILL)
    assert wait_for_end(engine, SECONDS)
    assert {"engine.json", "engine.lock", "engine.sock"} <= set(run_files(home))

    assert find_engine(home) is None
    fresh = launcher().ensure(EngineOptions(home=home))
    assert fresh.pid != engine.pid
    assert call(fresh) == 200


def test_a_zombie_is_no_engine(tmp_path):
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

    assert psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE
    assert start_ticks(child.pid) is None
    assert not is_running(child.pid, 0, psutil.Process(child.pid).create_time())
    child.wait()


def test_waits_for_an_engine_whose_starter_died(home):
    """Its lock is held and its runtime file is not there yet: the starter's start comes to nothing until the lock is free."""
    run = run_folder(home)
    run.make()
    lock = FileLock(run.folder / "engine.lock")
    assert lock.acquire()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(launcher().ensure, EngineOptions(home=home))
        with pytest.raises(TimeoutError):
            waiting.result(0.7)
        lock.release()
        assert call(waiting.result(SECONDS)) == 200


def test_says_what_holds_it_up_when_time_is_over(home):
    run = run_folder(home)
    run.make()
    lock = FileLock(run.folder / "engine.lock")
    assert lock.acquire()

    with pytest.raises(EngineUnavailable, match=r"not ready within 0.5 s.*engine.log"):
        launcher().ensure(EngineOptions(home=home), timeout=0.5)
    lock.release()


# -- protocols ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", [4, 5, 6])
def test_one_protocol_apart_works_together(home, protocol):
    engine = launcher("--protocol=5").ensure(EngineOptions(home=home))

    assert launcher(protocol=protocol).ensure(EngineOptions(home=home)) == engine


def test_a_client_two_newer_drains_and_replaces_the_engine(home):
    older = launcher("--protocol=3").ensure(EngineOptions(home=home))
    told = []

    newer = launcher("--protocol=5", protocol=5).ensure(EngineOptions(home=home), on_progress=told.append)

    assert (newer.protocol, find_engine(home)) == (5, newer)
    assert not is_running(older.pid, older.started_ticks, older.started)
    assert "older engine" in told[0]
    assert "make room" in run_folder(home).log.read_text()


def test_an_older_engine_that_never_gets_quiet_can_be_cut_off(home):
    older = launcher("--protocol=3", "--busy").ensure(EngineOptions(home=home))

    with pytest.raises(EngineUnavailable, match=r"still runs invocations.*engine stop"):
        launcher("--protocol=5", protocol=5, drain_seconds=0.3).ensure(EngineOptions(home=home))
    with pytest.raises(EngineUnavailable, match=rf"process {older.pid}.*did not end within 2 s.*engine stop"):
        launcher("--protocol=5", protocol=5).ensure(EngineOptions(home=home), timeout=2.0)
    assert find_engine(home) is None
    assert stop_engine(home)
    assert_none_is_left(home)
    assert run_files(home) == ["engine.log"]


def test_a_client_two_older_is_told_what_to_update(home):
    engine = launcher("--protocol=5").ensure(EngineOptions(home=home))

    with pytest.raises(EngineUnavailable, match=r"speaks protocol 5.*speaks 3.*pip install --upgrade jupyter-lambda"):
        launcher(protocol=3).ensure(EngineOptions(home=home))
    assert find_engine(home) == engine


# -- what can stand in the way --------------------------------------------------------------------------------------------------


def test_a_port_in_use_is_said_to_the_starter(home):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(EngineUnavailable, match=rf"127.0.0.1:{port}: the port is in use.*--port"):
            launcher().ensure(EngineOptions(home=home, port=port))
    assert run_files(home) == ["engine.log"]
    assert_none_is_left(home)


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"host": "192.0.2.1"}, EngineUnavailable, "no such address"),
        ({"host": "no-such-host.invalid"}, EngineUnavailable, "no such address"),
        ({"settings": {"idle": "1"}}, RequestError, "Did you mean"),
        ({"sandbox": "docker"}, SandboxError, "no Docker daemon answers"),
        ({"sandbox": "chroot"}, RequestError, "auto, process or docker"),
        ({"account_id": "1"}, RequestError, "twelve digits"),
    ],
)
def test_wrong_options_are_said_to_the_starter(home, options, kind, words, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(kind, match=words):
        launcher().ensure(EngineOptions(home=home, **options))
    assert_none_is_left(home)


@pytest.mark.parametrize("kind", [NewerHome, DiskFull, SandboxError])
def test_what_the_inside_raised_is_raised_at_the_starter(home, kind):
    with pytest.raises(kind, match=r"the home: something is in the way. Move it."):
        launcher(f"--fails={kind.__name__}").ensure(EngineOptions(home=home))
    assert run_files(home) == ["engine.log"]


def test_a_process_that_says_nothing_is_given_up_in_time(home):
    silent = Launcher(command=(sys.executable, "-c", "import signal; signal.pause()"))
    before = psutil.Process().children()  # a daemon of other tests, perhaps

    with pytest.raises(EngineUnavailable, match=r"not ready within 0.3 s.*engine.log"):
        silent.ensure(EngineOptions(home=home), timeout=0.3)
    assert psutil.Process().children() == before


def test_a_process_that_ends_without_a_word_shows_the_end_of_its_log(home):
    broken = Launcher(command=(sys.executable, "-c", "import sys; sys.exit('no such module: heart')"))

    with pytest.raises(EngineUnavailable, match="no such module: heart"):
        broken.ensure(EngineOptions(home=home))


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting takes root")
@pytest.mark.needs_root
def test_a_full_disk_is_said_and_leaves_nothing(tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        fill(disk)
        with pytest.raises(DiskFull, match=r"no space is left.*--home"):
            launcher().ensure(EngineOptions(home=disk / "home"))
        assert_none_is_left(disk / "home")


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting takes root")
@pytest.mark.needs_root
def test_a_disk_that_is_full_once_the_engine_runs_its_start_is_said_by_it(tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        home = disk / "home"
        run_folder(home).make()
        run_folder(home).log.touch(mode=0o600)
        (run_folder(home).folder / "engine.lock").touch(mode=0o600)
        fill(disk)
        with pytest.raises((DiskFull, StoreError), match="no space is left"):
            launcher().ensure(EngineOptions(home=home))
        assert_none_is_left(home)


# -- letting go -----------------------------------------------------------------------------------------------------------------


def test_it_has_its_own_session_and_is_nobodys_child(home):
    engine = launcher("--open").ensure(EngineOptions(home=home))
    process = psutil.Process(engine.pid)

    assert os.getsid(engine.pid) not in (os.getsid(0), engine.pid)  # and can't get a terminal: it does not lead its session
    assert engine.pid not in [child.pid for child in psutil.Process().children(recursive=True)]
    assert process.cwd() == "/"
    assert process.terminal() is None


def test_it_inherits_no_descriptor(home, tmp_path):
    """Those of the starter that are made to be inherited don't reach it either."""
    with (tmp_path / "a notebook's file").open("w") as stream:
        os.set_inheritable(stream.fileno(), True)
        engine = launcher("--open").ensure(EngineOptions(home=home))
    targets = descriptors(engine.pid)

    assert (targets[0], targets[1]) == ("/dev/null", "/dev/null")
    assert targets[2] == str(run_folder(home).log)
    own = ("socket:", "anon_inode:", "pipe:", str(home), "/dev/null")
    assert [target for target in targets.values() if not target.startswith(own)] == []
    connected = {target for target in targets.values() if target.startswith(("pipe:", "socket:"))}
    assert not connected & set(descriptors("self").values())


def test_it_inherits_no_secret(home, monkeypatch):
    secrets = ("JPY_API_TOKEN", "JUPYTERHUB_API_TOKEN", "JUPYTERHUB_USER", "JUPYTER_TOKEN", "OPENAI_API_KEY")
    for name in secrets:
        monkeypatch.setenv(name, "a secret of the kernel")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "kept for S3")
    engine = launcher("--open").ensure(EngineOptions(home=home))
    variables = psutil.Process(engine.pid).environ()

    assert "a secret of the kernel" not in variables.values()
    assert not set(secrets) & set(variables)
    assert variables["AWS_SECRET_ACCESS_KEY"] == "kept for S3"
    assert umask_of(engine.pid) == 0o077


def test_its_files_are_its_users_alone(engine, home):
    modes = {path.name: stat.S_IMODE(path.lstat().st_mode) for path in run_folder(home).folder.iterdir()}

    assert modes == {"engine.json": 0o600, "engine.lock": 0o600, "engine.log": 0o600, "engine.sock": 0o600}
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    log = run_folder(home).log.read_text()
    assert engine.token not in log
    assert engine.secret_access_key not in log


def test_it_survives_the_death_of_its_starters_whole_group(home):
    code = (
        "import os, signal, sys; from pathlib import Path; from jupyter_lambda.client.launch import *\n"
        f"print(Launcher(command=(sys.executable, '-P', {STAND_IN!r})).ensure(EngineOptions(home=Path({str(home)!r}))).pid, flush=True)\n"
        "signal.pause()"
    )
    starter = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True)
    pid = int(starter.stdout.readline())
    os.killpg(starter.pid, signal.SIGKILL)
    starter.wait()
    starter.stdout.close()

    assert find_engine(home).pid == pid
    assert call(find_engine(home)) == 200


def test_a_killed_starter_does_not_stop_its_engine(home):
    """The pipe to the starter breaks before the engine is ready."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    command = launcher().start_command(EngineOptions(home=home))
    subprocess.run([*command, f"--ready-fd={write_end}"], pass_fds=(write_end,), check=True, timeout=SECONDS)
    os.close(write_end)

    assert call(launcher().ensure(EngineOptions(home=home))) == 200


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every process")
def test_its_memory_is_closed_to_other_processes_of_its_user(engine):
    with pytest.raises(PermissionError):
        Path(f"/proc/{engine.pid}/environ").read_bytes()


# -- ending ---------------------------------------------------------------------------------------------------------------------


def test_stop_leaves_nothing(engine, home):
    assert stop_engine(home)

    assert_none_is_left(home)
    assert run_files(home) == ["engine.log"]
    assert not stop_engine(home)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_a_clean_stop(engine, home, number):
    os.kill(engine.pid, number)

    assert wait_for_end(engine, SECONDS)
    assert run_files(home) == ["engine.log"]
    assert run_folder(home).log.read_text().splitlines()[-1].endswith("ended")


def test_a_signal_cuts_a_drain_short(home):
    engine = launcher("--busy").ensure(EngineOptions(home=home))
    assert post_stop(engine) == 200
    await_log(home, "make room")
    os.kill(engine.pid, signal.SIGTERM)

    assert wait_for_end(engine, SECONDS)
    assert run_files(home) == ["engine.log"]


def test_a_closed_terminal_is_no_reason_to_end(engine):
    os.kill(engine.pid, signal.SIGHUP)

    assert call(engine) == 200


def test_it_ends_by_itself_when_idle_and_the_next_use_starts_it_again(home):
    engine = launcher().ensure(EngineOptions(home=home, settings={"idle_seconds": "0.2"}))

    assert wait_for_end(engine, SECONDS)
    assert run_files(home) == ["engine.log"]
    assert "nothing to do" in run_folder(home).log.read_text()
    assert launcher().ensure(EngineOptions(home=home)).pid != engine.pid


def test_a_connected_client_keeps_it(home):
    engine = launcher().ensure(EngineOptions(home=home, settings={"idle_seconds": "0.2"}))
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(engine.socket)
        assert not wait_for_end(engine, 0.8)

    assert wait_for_end(engine, SECONDS)


def test_it_ends_when_its_home_is_removed(tmp_path):
    home = tmp_path / "home"
    engine = launcher().ensure(EngineOptions(home=home, settings={"idle_seconds": "2"}))
    run_folder(home).runtime_file.unlink()

    assert wait_for_end(engine, SECONDS)


def test_an_engine_whose_home_was_removed_leaves_the_next_one_alone(tmp_path):
    """Somebody removes the folder and goes on working: for a moment there are two engines, and one set of paths."""
    home = tmp_path / "home"
    former = launcher().ensure(EngineOptions(home=home, settings={"idle_seconds": "20"}))  # it looks every 2 s
    shutil.rmtree(home)
    latter = launcher().ensure(EngineOptions(home=home))

    assert wait_for_end(former, SECONDS)
    assert call(latter) == 200
    assert launcher().ensure(EngineOptions(home=home)).pid == latter.pid
    assert stop_engine(home)


def test_stop_kills_an_engine_that_hangs(engine, home):
    os.kill(engine.pid, signal.SIGSTOP)

    assert stop_engine(home, timeout=0.2)
    assert not is_running(engine.pid, engine.started_ticks, engine.started)


def test_a_home_with_a_long_path_gets_a_private_folder_for_its_socket(tmp_path):
    home = tmp_path / ("deep" * 20) / ("deeper" * 10)
    engine = launcher().ensure(EngineOptions(home=home))
    folder = Path(engine.socket).parent

    assert call(engine) == 200
    assert len(engine.socket) <= 100
    assert not folder.is_relative_to(home)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    os.kill(engine.pid, signal.SIGKILL)
    assert wait_for_end(engine, SECONDS)
    again = launcher().ensure(EngineOptions(home=home))
    assert again.socket == engine.socket  # so a killed engine leaves one folder at most, until the next start
    assert stop_engine(home)
    assert not folder.exists()


def test_in_the_foreground_it_stays_with_its_parent_and_logs_there(home):
    command = launcher().start_command(EngineOptions(home=home))
    process = subprocess.Popen([*command, "--foreground"], stderr=subprocess.PIPE, text=True)
    first = process.stderr.readline()
    runtime = find_engine(home)

    assert runtime.pid == process.pid
    assert f"serves {home}" in first
    second = subprocess.run([*command, "--foreground"], capture_output=True, text=True, timeout=SECONDS)
    assert second.returncode == 3
    assert "it runs already" in second.stderr
    process.terminate()
    assert process.wait(SECONDS) == 0
    process.stderr.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_taking_any_credential_is_loud(home, host):
    engine = launcher().ensure(EngineOptions(home=home, auth="any", host=host))
    log = run_folder(home).log.read_text()

    assert ("ANYBODY WHO REACHES" in log) == (host == "0.0.0.0")
    assert "WARNING" in log
    assert engine.url.startswith("http://127.0.0.1:")


# -- what the tests above stand on ----------------------------------------------------------------------------------------------


def engines_of(home):
    """Every process that was started for a home."""
    running = psutil.process_iter(["cmdline", "status"])
    return [p for p in running if f"--home={home}" in (p.info["cmdline"] or []) and p.info["status"] != psutil.STATUS_ZOMBIE]


def assert_none_is_left(home):
    """One that could not start says so first, and ends then."""
    _gone, alive = psutil.wait_procs(engines_of(home), timeout=SECONDS)
    assert alive == []


def descriptors(pid):
    """What each descriptor of a process leads to."""
    found = {}
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # the one that reads the folder
            found[int(entry.name)] = str(entry.readlink())
    return found


def umask_of(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("Umask")).split()[1], 8)


def post_stop(runtime):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(SECONDS)
        connection.connect(runtime.socket)
        connection.sendall(f"POST /engine/v1/stop?drain=1 HTTP/1.1\r\nAuthorization: Bearer {runtime.token}\r\n\r\n".encode())
        return int(connection.recv(4_096).split()[1])


def await_log(home, words):
    """Wait until an engine said something in its log."""
    runtime = find_engine(home)
    for _ in range(200):
        if words in run_folder(home).log.read_text():
            return
        wait_for_end(runtime, 0.02)
    raise AssertionError(f"the log never said {words!r}")


@contextmanager
def small_disk(folder):
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk):
    with (disk / "ballast").open("wb", buffering=0) as stream, pytest.raises(OSError, match="No space left"):
        stream.writelines(bytes(1_024) for _ in range(1_000))
