"""A runtime file is believed only if it is this user's alone and names a process that lives here and now."""

import os
from pathlib import Path

import msgspec
import psutil
import pytest

from jupyter_lambda.client.discovery import find_engine, read_runtime_file
from jupyter_lambda.client.home import host_name, run_folder
from jupyter_lambda.client.process_identity import boot_id, is_running, start_epoch, start_ticks
from jupyter_lambda.model.runtime_file import RuntimeFile


def runtime(**changes):
    pid = changes.get("pid", os.getpid())
    true = RuntimeFile(
        host=host_name(),
        boot_id=boot_id(),
        pid=pid,
        started=start_epoch(pid) or 0.0,
        started_ticks=start_ticks(pid) or 0,
        url="http://127.0.0.1:4000",
        socket="/run/engine.sock",
        token="a token",
        protocol=1,
        version="0.1.0",
        home="/home/somebody/lambda",
        sandbox="process",
    )
    return msgspec.structs.replace(true, **changes)


def write(home: Path, described, mode=0o600) -> Path:
    path = run_folder(home).runtime_file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(described if isinstance(described, bytes) else msgspec.json.encode(described))
    path.chmod(mode)
    return path


def test_finds_an_engine_that_lives(tmp_path):
    here = runtime()
    write(tmp_path, here)

    assert find_engine(tmp_path) == here


def test_says_that_there_is_no_file(tmp_path):
    reading = read_runtime_file(run_folder(tmp_path).runtime_file)

    assert reading.runtime is None
    assert "no engine runs" in reading.why_not


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"host": "another"}, 'runs on host "another"'),
        ({"boot_id": "before"}, "before this host was restarted"),
        ({"started_ticks": 17}, "has ended"),
        ({"started_ticks": 0, "started": 17.0}, "has ended"),
        ({"pid": 2**22 + 1}, "has ended"),
        ({"pid": 0}, "has ended"),
        ({"pid": -1}, "has ended"),
    ],
    ids=str,
)
def test_does_not_believe_what_is_true_no_more(tmp_path, change, why):
    reading = read_runtime_file(write(tmp_path, runtime(**change)))

    assert reading.runtime is None
    assert why in reading.why_not


def test_believes_the_epoch_where_there_are_no_ticks(tmp_path):
    described = runtime(started_ticks=0)

    assert read_runtime_file(write(tmp_path, described)).runtime == described


def test_a_clock_that_was_set_does_not_hide_the_engine(tmp_path):
    described = runtime(started=1.0)

    assert read_runtime_file(write(tmp_path, described)).runtime == described


@pytest.mark.parametrize("mode", [0o644, 0o620, 0o602, 0o640])
def test_does_not_believe_a_file_that_others_can_open(tmp_path, mode):
    reading = read_runtime_file(write(tmp_path, runtime(), mode=mode))

    assert reading.runtime is None
    assert f"mode {mode:04o}" in reading.why_not


@pytest.mark.needs_root
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_does_not_believe_another_users_file(tmp_path):
    path = write(tmp_path, runtime())
    os.chown(path, 12345, 12345)

    assert "belongs to user 12345" in read_runtime_file(path).why_not


def test_follows_no_link(tmp_path):
    real = write(tmp_path / "elsewhere", runtime())
    path = run_folder(tmp_path).runtime_file
    path.parent.mkdir(parents=True)
    path.symlink_to(real)

    assert "can't be read" in read_runtime_file(path).why_not


@pytest.mark.parametrize("data", [b"", b"{", b'{"host": 1}', b"\xff\xfe", b"null"], ids=str)
def test_a_damaged_file_is_no_engine(tmp_path, data):
    reading = read_runtime_file(write(tmp_path, data))

    assert reading.runtime is None
    assert "damaged" in reading.why_not


def test_a_fifo_in_its_place_does_not_block(tmp_path):
    path = run_folder(tmp_path).runtime_file
    path.parent.mkdir(parents=True)
    os.mkfifo(path, 0o600)

    assert "no regular file" in read_runtime_file(path).why_not


def test_start_times_are_those_of_psutil():
    pid = os.getpid()

    assert start_epoch(pid) == psutil.Process(pid).create_time()
    assert is_running(pid, start_ticks(pid), 0.0)
    assert is_running(pid, 0, psutil.Process(pid).create_time())
    assert not is_running(pid, 0, psutil.Process(pid).create_time() + 1)
