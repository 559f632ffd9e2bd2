"""A 300 MB model, by --files and by --mount: loaded once at init, used by every call, never in memory as a whole on its way."""

from __future__ import annotations

import resource
import sys

import pytest

from tests.integration.test_magics import Notebook, notebook  # noqa: F401 - a fixture

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the process sandbox needs Linux")
MIB = 1024 * 1024
SIZE = 300 * MIB

HANDLER = """
import mmap, os
print("init")
with open({path}, "rb") as file:
    MODEL = file.read()

def handler(event, context):
    return [len(MODEL), MODEL[event]]
"""


@pytest.fixture
def model(tmp_path):
    """A file of 300 MB that is no hole, with a mark at its end."""
    path = tmp_path / "models" / "model.bin"
    path.parent.mkdir()
    piece = bytes(range(256)) * (MIB // 256)
    with path.open("wb") as file:
        for _ in range(SIZE // MIB - 1):
            file.write(piece)
        file.write(b"\x07" * MIB)
    return path


def used_twice(function):
    """The results of two calls, the second warm, with what the first one's init printed."""
    first, second = function.invoke(0), function.invoke(SIZE - 1)
    assert (first.result(), second.result()) == ([SIZE, 0], [SIZE, 7])
    assert (first.record.cold, second.record.cold) == (True, False)
    assert (first.logs + second.logs).count("init\n") == 1
    assert first.record.init_ms > second.record.duration_ms
    assert first.record.max_memory_mib >= 300


def test_in_the_package(notebook, model):  # noqa: F811 - the fixture
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    said = notebook.cell("big --memory 1024 --timeout 60 --files models/model.bin", HANDLER.format(path="'models/model.bin'"))

    assert "250 MB" in said  # what real Lambda would refuse is said
    grown_mib = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown_mib < 150
    used_twice(notebook.names["big"])


def test_beside_the_package(notebook, model):  # noqa: F811 - the fixture
    said = notebook.cell(
        f"big --memory 1024 --timeout 60 --mount {model.parent}:/mnt/models", HANDLER.format(path="'/mnt/models/model.bin'")
    )

    assert "/mnt/models" in said
    used_twice(notebook.names["big"])


def test_a_mount_is_read_only(notebook, model):  # noqa: F811 - the fixture
    notebook.cell(
        f"writer --mount {model.parent}:/mnt/models",
        "def handler(event, context):\n"
        "    try:\n        open('/mnt/models/new', 'w')\n"
        "    except OSError as error:\n        return error.errno\n",
    )

    assert notebook.names["writer"]({}) in (13, 30)  # EACCES, EROFS
    assert [p.name for p in model.parent.iterdir()] == ["model.bin"]
