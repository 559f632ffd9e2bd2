"""Which program serves a runtime of another language."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jupyter_lambda.errors import InvalidRuntime
from jupyter_lambda.sandbox.interpreters import Places
from jupyter_lambda.sandbox.languages import bootstrap_command, command_for_runtime, find_programs

if TYPE_CHECKING:
    from pathlib import Path


def program(file: Path, says: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\necho '{says}'\n")
    file.chmod(0o755)
    return file


def client(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "rapid-client.node").touch()
    (folder / "package.json").write_text('{"version": "4.0.2"}')
    return folder


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """A machine with nothing but what a test puts on its PATH and into its home."""
    return Places(str(tmp_path / "bin"), tmp_path / "home", {}, ())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bin"


def test_the_nearest_version_that_is_not_older_serves(places: Places, path: Path, tmp_path: Path):
    program(path / "ruby", "ruby 3.1.2p20 (2022-04-12)")
    for version in ("3.3.5", "3.4.1"):
        program(tmp_path / "home" / ".rbenv" / "versions" / version / "bin" / "ruby", f"ruby {version}p0")

    command = command_for_runtime("ruby3.2", places=places)

    assert command.version == "ruby:3.3.5"
    assert command.arguments[0].endswith("3.3.5/bin/ruby")
    assert command.folders == (str(tmp_path / "home" / ".rbenv" / "versions" / "3.3.5"),)
    assert command_for_runtime("ruby3.4", places=places).version == "ruby:3.4.1"


def test_an_older_one_does_not_and_is_named(places: Places, path: Path):
    program(path / "ruby", "ruby 3.1.2p20")
    with pytest.raises(InvalidRuntime, match=r"no Ruby 3\.2 or newer was found on this machine; the newest is 3\.1\.2"):
        command_for_runtime("ruby3.2", places=places)


def test_java_needs_its_compiler(places: Places, path: Path, monkeypatch: pytest.MonkeyPatch):
    program(path / "java", "openjdk 99.0.1 2026-01-01")
    with pytest.raises(InvalidRuntime, match=r"no Java 98 or newer"):
        command_for_runtime("java98", places=places)
    program(path / "javac", "javac 99.0.1")
    assert command_for_runtime("java98", places=places).version == "java:99.0.1"


def test_node_without_its_client_says_what_to_install(places: Places, path: Path):
    program(path / "node", "v24.1.0")
    with pytest.raises(InvalidRuntime, match=r"aws-lambda-ric is not.*node_folder=FOLDER"):
        command_for_runtime("nodejs24.x", places=places)
    assert "without aws-lambda-ric" in find_programs(places=places)[0].note


def test_nodes_client_wants_node_22(places: Places, path: Path):
    program(path / "node", "v20.20.2")
    with pytest.raises(InvalidRuntime, match=r"no Node 22 or newer.*the newest is 20\.20\.2"):
        command_for_runtime("nodejs20.x", places=places)


def test_the_folder_that_was_set_comes_first(places: Places, path: Path, tmp_path: Path):
    program(path / "node", "v24.1.0")
    folder = tmp_path / "set"
    program(folder / "bin" / "node", "v24.9.0")
    package = client(folder / "node_modules" / "aws-lambda-ric")

    command = command_for_runtime("nodejs22.x", node_folder=folder, places=places)

    assert command.arguments[1] == str(package / "index.mjs")
    assert str(package.parent) in command.folders
    assert find_programs(folder, places)[0].note == "aws-lambda-ric 4.0.2"


def test_a_client_that_npm_installed_globally_is_found_beside_its_node(places: Places, path: Path, tmp_path: Path):
    program(path / "node", "v22.4.0")
    package = client(tmp_path / "lib" / "node_modules" / "aws-lambda-ric")
    assert command_for_runtime("nodejs22.x", places=places).arguments[1] == str(package / "index.mjs")


@pytest.mark.parametrize("runtime", ["dotnet10", "nodejs", "cobol85"])
def test_a_language_that_is_none_of_ours(runtime: str, places: Places):
    with pytest.raises(InvalidRuntime, match="none of those that run here"):
        command_for_runtime(runtime, places=places)


def test_the_packages_bootstrap_comes_before_the_layers(tmp_path: Path):
    package, layers = tmp_path / "package", tmp_path / "layers"
    (layers).mkdir()
    package.mkdir()
    assert bootstrap_command(package, None).arguments == (str(package / "bootstrap"),)
    (layers / "bootstrap").touch()
    assert bootstrap_command(package, layers).arguments == (str(layers / "bootstrap"),)
    (package / "bootstrap").touch()
    assert bootstrap_command(package, layers).arguments == (str(package / "bootstrap"),)
