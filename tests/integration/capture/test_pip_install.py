"""Requirements are installed once, whole or not at all, by the worker's own pip; offline from a folder of wheels."""

from __future__ import annotations

import stat
import threading

import pytest

from jupyter_lambda.capture import install_requirements, parse_requirements, this_python
from jupyter_lambda.errors import CaptureError
from tests.wheels import two_wheels


@pytest.fixture
def wheels(tmp_path):
    return two_wheels(tmp_path / "wheels")


def test_installs_from_wheels_without_a_network_and_once(tmp_path, wheels, deploy, call):
    told = []
    lines = parse_requirements("jlt_first", tmp_path)
    first = install_requirements(lines, this_python(), tmp_path / "cache", find_links=wheels, progress=told.append)
    assert not first.was_cached
    assert any("Successfully installed" in line for line in told)
    assert sorted(p.name for p in first.folder.glob("*.py")) == ["jlt_first.py", "jlt_second.py"]
    capture = deploy("import jlt_first\ndef handler(event, context):\n    return jlt_first.N", requirements=lines)
    assert call(capture, {}, path=[first.folder]) == {"result": 2}
    again = install_requirements(lines, this_python(), tmp_path / "cache", find_links=wheels, progress=pytest.fail)
    assert (again.folder, again.was_cached) == (first.folder, True)
    assert [p.name for p in (tmp_path / "cache").iterdir()] == [first.folder.name]
    assert stat.S_IMODE((tmp_path / "cache").stat().st_mode) == 0o700


def test_pips_own_variables_are_honoured(tmp_path, wheels, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    assert (install_requirements(["jlt_second"], this_python(), tmp_path / "cache").folder / "jlt_second.py").exists()


def test_a_requirement_may_be_a_wheels_path(tmp_path, wheels):
    lines = parse_requirements("./wheels/jlt_second-1.0-py3-none-any.whl", tmp_path)
    folder = install_requirements(lines, this_python(), tmp_path / "cache", find_links=wheels).folder
    assert (folder / "jlt_second.py").exists()


def test_failure_carries_pips_words_and_leaves_nothing(tmp_path, wheels):
    with pytest.raises(CaptureError, match=r"--requirements jlt_nowhere: pip failed: .*jlt_nowhere") as caught:
        install_requirements(["jlt_nowhere"], this_python(), tmp_path / "cache", find_links=wheels)
    assert any("No matching distribution" in note for note in caught.value.__notes__)
    assert list((tmp_path / "cache").iterdir()) == []


def test_an_interpreter_without_pip_says_what_to_do(tmp_path, monkeypatch):
    fake = tmp_path / "python"
    fake.write_text('#!/bin/sh\necho "$0: No module named pip" >&2\nexit 1\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    python = this_python()
    python = type(python)(executable=str(fake), prefix="/", base_prefix="/", version=python.version)
    with pytest.raises(CaptureError, match="has no pip"):
        install_requirements(["a"], python, tmp_path / "cache")


def test_two_installs_at_once_give_one_folder(tmp_path, wheels):
    found = []

    def install():
        found.append(install_requirements(["jlt_second"], this_python(), tmp_path / "cache", find_links=wheels).folder)

    threads = [threading.Thread(target=install) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert [p.name for p in (tmp_path / "cache").iterdir()] == [found[0].name]


def test_an_interrupt_ends_pip_and_leaves_nothing(tmp_path, wheels):
    def interrupt(line):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        install_requirements(["jlt_second"], this_python(), tmp_path / "cache", find_links=wheels, progress=interrupt)
    assert list((tmp_path / "cache").iterdir()) == []
