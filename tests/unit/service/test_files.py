"""The files that an engine keeps in its run folder: the runtime file and the log."""

import logging
import os
import stat

import msgspec
import pytest

from jupyter_lambda.client.home import RunFolder
from jupyter_lambda.errors import StoreError
from jupyter_lambda.model.runtime_file import RuntimeFile
from jupyter_lambda.service.log import BoundedLogHandler
from jupyter_lambda.service.publication import Publication

RUNTIME = RuntimeFile(
    host="h", boot_id="b", pid=1, started=1.0, url="http://127.0.0.1:1", socket="/s", token="t", protocol=1, version="0", home="/h",
    sandbox="process",
)  # fmt: skip


@pytest.fixture
def run(tmp_path):
    run = RunFolder(tmp_path, "host")
    run.make()
    return run


def names(run):
    return [path.name for path in run.folder.iterdir()]


def test_is_published_whole_and_closed_to_others(run):
    publication = Publication(run)
    publication.publish(RUNTIME)

    assert msgspec.json.decode(run.runtime_file.read_bytes(), type=RuntimeFile) == RUNTIME
    assert stat.S_IMODE(run.runtime_file.stat().st_mode) == 0o600
    assert names(run) == ["engine.json"]
    assert publication.stands()


def test_replaces_what_dead_engines_left(run):
    run.runtime_file.write_text("stale")
    run.ending_file.write_text("stale")
    Publication(run).publish(RUNTIME)

    assert run.runtime_file.read_text() != "stale"
    assert names(run) == ["engine.json"]


def test_has_another_name_while_its_engine_ends(run):
    publication = Publication(run)
    publication.publish(RUNTIME)

    publication.withdraw()
    publication.withdraw()
    assert names(run) == ["ending.json"]
    assert msgspec.json.decode(run.ending_file.read_bytes(), type=RuntimeFile) == RUNTIME
    publication.remove()
    publication.remove()
    assert names(run) == []


def test_withdraws_its_own_file_only(run):
    former, latter = Publication(run), Publication(run)
    former.publish(RUNTIME)
    latter.publish(RUNTIME)

    assert not former.stands()
    former.withdraw()
    assert names(run) == ["engine.json"]
    latter.remove()
    assert names(run) == []


def test_a_home_that_is_gone_is_an_error_and_nothing_stands(run):
    run.folder.rmdir()
    publication = Publication(run)

    with pytest.raises(StoreError, match="runtime file"):
        publication.publish(RUNTIME)
    assert not publication.stands()
    publication.remove()


def test_the_log_begins_anew_when_it_is_full(tmp_path):
    path = tmp_path / "engine.log"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    handler = BoundedLogHandler(path, descriptor, bytes_max=1_000)

    for number in range(100):
        handler.emit(logging.makeLogRecord({"msg": f"line {number:04d} {'x' * 40}"}))
    os.write(descriptor, b"what C code writes\n")
    os.close(descriptor)

    assert sorted(p.name for p in tmp_path.iterdir()) == ["engine.log", "engine.log.1"]
    assert sum(p.stat().st_size for p in tmp_path.iterdir()) < 2_200
    assert "line 0099" in path.read_text() + (tmp_path / "engine.log.1").read_text()
    assert path.read_text().endswith("what C code writes\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
