"""Which home is meant, and how the folder of one host in it is made."""

import os
import stat
from pathlib import Path

import pytest

from jupyter_lambda.client.home import RunFolder, home_folder
from jupyter_lambda.client.os_errors import store_error
from jupyter_lambda.errors import DiskFull, StoreError


def test_the_argument_wins(monkeypatch):
    assert home_folder("/a/home", {"JUPYTER_LAMBDA_HOME": "/b"}) == Path("/a/home")


def test_then_the_variable():
    assert home_folder(None, {"JUPYTER_LAMBDA_HOME": "/b/../c"}) == Path("/c")


def test_then_jupyters_data_folder(monkeypatch):
    monkeypatch.setenv("JUPYTER_DATA_DIR", "/data/jupyter")

    assert home_folder(None, {}) == Path("/data/jupyter/lambda")


def test_a_relative_home_is_of_this_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert home_folder("here") == tmp_path / "here"


@pytest.mark.parametrize(
    ("host", "folder"), [("node-7.cluster", "node-7.cluster"), ("a/../b", "a-..-b"), ("..", "-"), (".hidden", "-hidden")]
)
def test_a_host_name_stays_in_the_run_folder(host, folder):
    assert RunFolder(Path("/home/h"), host).folder == Path("/home/h/run") / folder


def test_the_folders_are_their_owners_alone(tmp_path):
    run = RunFolder(tmp_path / "deep" / "home", "host")

    run.make()
    run.make()

    assert [mode(run.home), mode(run.home / "run"), mode(run.folder)] == [0o700, 0o700, 0o700]


def test_an_empty_home_is_closed_and_a_used_one_left_as_it_is(tmp_path):
    empty, used = tmp_path / "empty", tmp_path / "used"
    for folder in (empty, used):
        folder.mkdir()
        folder.chmod(0o755)
    (used / "thesis.tex").write_text("…")

    RunFolder(empty, "host").make()
    RunFolder(used, "host").make()

    assert mode(empty) == 0o700
    assert mode(used) == 0o755
    assert mode(used / "run" / "host") == 0o700


def test_a_run_folder_that_was_open_is_closed(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run").chmod(0o777)

    RunFolder(tmp_path, "host").make()

    assert mode(tmp_path / "run") == 0o700


def test_a_link_in_place_of_the_run_folder_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(StoreError, match="not a folder of yours"):
        RunFolder(tmp_path, "host").make()


def test_a_file_in_place_of_the_home_is_named(tmp_path):
    (tmp_path / "home").write_text("")

    with pytest.raises(StoreError, match=str(tmp_path / "home")):
        RunFolder(tmp_path / "home", "host").make()


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (28, DiskFull, "no space is left"),
        (122, DiskFull, "no space"),
        (13, StoreError, "can't be written"),
        (5, StoreError, "error"),
    ],
)
def test_what_the_system_refused_says_what_to_do(number, kind, words):
    error = store_error(OSError(number, os.strerror(number), "/h/file"), 'engine home "/h"')

    assert type(error) is kind
    assert words in str(error)
    assert "/h/file" in str(error)
    assert "--home" in error.suggestion


def mode(folder: Path) -> int:
    return stat.S_IMODE(folder.stat().st_mode)


def test_the_way_out_names_the_variable_as_it_is_written():
    assert store_error(FileExistsError(17, "File exists", "/home/h"), "home").suggestion == (
        "Choose another home with --home or JUPYTER_LAMBDA_HOME."
    )
