"""What a release promises: one version number everywhere, the contract's targets, sources that build anywhere."""

from __future__ import annotations

import importlib.util
import json
import os
import re
from pathlib import Path

import pytest

from jupyter_lambda._version import __version__

ROOT = Path(__file__).parents[3]


def _hook():
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _bundle(root: Path, when: int) -> None:
    folder = root / "jupyter_lambda/labextension"
    (folder / "static").mkdir(parents=True)
    (folder / "static/remoteEntry.0.js").touch()
    (folder / "package.json").touch()
    (root / "jupyter_lambda/static").mkdir()
    (root / "jupyter_lambda/static/card.js").touch()
    os.utime(folder / "package.json", (when, when))


def _source(root: Path, when: int) -> None:
    file = root / "labextension/src/index.ts"
    file.parent.mkdir(parents=True)
    file.touch()
    os.utime(file, (when, when))


def test_both_halves_have_one_version():
    package = json.loads((ROOT / "labextension/package.json").read_text())

    assert package["version"] == __version__


def test_changelog_has_a_place_for_what_is_new():
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert headings[0] in {"Unreleased", __version__}


@pytest.mark.parametrize("target", ["demo", "lab", "test", "bench", "check"])
def test_makefile_has_the_targets_that_scripts_call(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_lock_file_names_no_download_address():
    lock = (ROOT / "labextension/yarn.lock").read_text()

    assert "://" not in lock


def test_bundle_newer_than_its_sources_is_kept(tmp_path):
    _source(tmp_path, when=1_000)
    _bundle(tmp_path, when=2_000)

    assert _hook().is_fresh(tmp_path)


def test_bundle_older_than_a_source_is_built_again(tmp_path):
    _source(tmp_path, when=3_000)
    _bundle(tmp_path, when=2_000)

    assert not _hook().is_fresh(tmp_path)


@pytest.mark.parametrize("part", ["labextension/static/remoteEntry.0.js", "static/card.js"])
def test_bundle_without_a_part_is_no_bundle(tmp_path, part):
    _bundle(tmp_path, when=2_000)
    (tmp_path / "jupyter_lambda" / part).unlink()

    assert not _hook().has_bundle(tmp_path)


def test_source_distribution_trusts_the_bundle_it_carries(tmp_path):
    _source(tmp_path, when=3_000)
    _bundle(tmp_path, when=2_000)
    (tmp_path / "PKG-INFO").touch()

    assert _hook().is_fresh(tmp_path)
