"""The files that an engine keeps in its run folder: the runtime file and the log."""

import logging
import os
import stat

import msgspec
import pytest

from jupyter_lambda.errors import StoreError
from jupyter_lambda.model.runtime_file import RuntimeFile
from jupyter_lambda.service.log import BoundedLogHandler
from jupyter_lambda.service.publication import Publication

RUNTIME = RuntimeFile(
    host="h", boot_id="b", pid=1, started=1.0, url="http://127.0.0.1:1", socket="/s", token="t", protocol=1, version="0", home="/h",
    sandbox="process",
)  # fmt: skip


@pytest.fixture
def path(tmp_path):
    return tmp_path / "engine.json"


def test_is_published_whole_and_closed_to_others(path):
    publication = Publication(path)
    publication.publish(RUNTIME)

    assert msgspec.json.decode(path.read_bytes(), type=RuntimeFile) == RUNTIME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]
    assert publication.stands()


def test_replaces_what_a_dead_engine_left(path):
    path.write_text("stale")
    Publication(path).publish(RUNTIME)

    assert path.read_text() != "stale"


def test_withdraws_its_own_file_only(path):
    former, latter = Publication(path), Publication(path)
    former.publish(RUNTIME)
    latter.publish(RUNTIME)

    assert not former.stands()
    former.withdraw()
    assert path.exists()
    latter.withdraw()
    latter.withdraw()
    assert not path.exists()


def test_a_home_that_is_gone_is_an_error_and_nothing_stands(path):
    path.parent.rmdir()
    publication = Publication(path)

    with pytest.raises(StoreError, match="runtime file"):
        publication.publish(RUNTIME)
    assert not publication.stands()


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
