"""The package on disk: files, their names, sizes, warnings; the same content gives the same bytes and the same digest."""

from __future__ import annotations

import os
import stat
import zipfile

import pytest

from jupyter_lambda.capture.assembly import module_name
from jupyter_lambda.capture.failure import Refused
from jupyter_lambda.capture.local_modules import LocalModules
from jupyter_lambda.capture.package_files import find_files
from jupyter_lambda.capture.zip_package import materialize, write_zip
from jupyter_lambda.model.function import Mount

HANDLER = "def handler(event, context):\n    return 1"


@pytest.fixture
def folder(tmp_path):
    for name in ("notes/a.txt", "notes/deep/b.txt", "notes/__pycache__/c.pyc", "notes/.hidden", "top.txt"):
        file = tmp_path / "nb" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "m.bin").write_text("m")
    return tmp_path / "nb"


@pytest.mark.parametrize(
    ("globs", "names"),
    [
        (["*.txt"], ["top.txt"]),
        (["notes"], ["notes/a.txt", "notes/deep/b.txt"]),
        (["notes/*"], ["notes/a.txt", "notes/deep/b.txt"]),
        (["notes/**/*.txt"], ["notes/a.txt", "notes/deep/b.txt"]),
        (["./notes/a.txt", "notes/a.txt"], ["notes/a.txt"]),
        (["../models/*.bin"], ["m.bin"]),
        (["../models"], ["models/m.bin"]),
        (["{root}/models/m.bin"], ["m.bin"]),
        (["{root}/models"], ["models/m.bin"]),
        (["{root}/nb/top.txt"], ["top.txt"]),
    ],
)
def test_globs_name_files(folder, globs, names):
    found = find_files([g.format(root=folder.parent) for g in globs], folder)
    assert list(found) == names


def test_two_files_of_one_name_are_refused(folder):
    (folder.parent / "models" / "top.txt").write_text("other")
    with pytest.raises(Refused, match="two files would be"):
        find_files(["top.txt", "../models/*.txt"], folder)


def test_what_is_no_file_is_refused(folder):
    os.mkfifo(folder / "pipe")
    with pytest.raises(Refused, match="pipe is no file"):
        find_files(["pipe"], folder)


def test_a_zip_is_the_same_bytes_each_time(tmp_path):
    (tmp_path / "big").write_bytes(os.urandom(2_000_000))
    (tmp_path / "run").write_text("#!/bin/sh\n")
    (tmp_path / "run").chmod(0o700)
    entries = {"b/run": tmp_path / "run", "a.py": b"x = 1\n" * 100, "big": tmp_path / "big"}
    one = write_zip(tmp_path / "1.zip", entries)
    os.utime(tmp_path / "big", (0, 0))
    other = write_zip(tmp_path / "2.zip", dict(reversed(entries.items())))
    assert one.sha256 == other.sha256
    with zipfile.ZipFile(one.path) as package:
        assert package.testzip() is None
        kinds = {i.filename: (i.compress_type, stat.S_IMODE(i.external_attr >> 16)) for i in package.infolist()}
    assert kinds == {
        "a.py": (zipfile.ZIP_DEFLATED, 0o644), "b/run": (zipfile.ZIP_DEFLATED, 0o755), "big": (zipfile.ZIP_STORED, 0o644),
    }  # fmt: skip
    assert one.unzipped_bytes == 2_000_000 + 600 + 10


def test_more_than_ten_gigabytes_are_refused(tmp_path):
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(10 * 1024**3 + 1)  # sparse
    with pytest.raises(Refused, match=r"the package holds 10.0 GB, and 10 GB is the most. Show workers the folder instead"):
        write_zip(tmp_path / "p.zip", {"huge": tmp_path / "huge"})


def test_a_folder_form_links_to_the_hosts_files(tmp_path):
    (tmp_path / "big").write_bytes(b"b")
    materialize(tmp_path / "root", {"a/b.py": b"1", "big": tmp_path / "big"})
    assert (tmp_path / "root" / "a" / "b.py").read_bytes() == b"1"
    assert (tmp_path / "root" / "big").is_symlink()


def test_packages_that_real_lambda_refuses_are_warned_of(deploy, tmp_path):
    with (tmp_path / "model.bin").open("wb") as file:
        file.truncate(262_144_000)  # sparse
    warnings = deploy(HANDLER, files=("model.bin",)).report.warnings
    assert [w.partition(":")[0] for w in warnings] == ["package of 250 MB", "250 MB unzipped"]


def test_files_and_code_may_not_collide(refuse, tmp_path):
    (tmp_path / "demo.py").write_text("")
    (problem,) = refuse(HANDLER, files=("demo.py",)).problems
    assert problem.headline == "`demo.py` is in the package already"


def test_mounts_are_told_and_no_part_of_the_package(deploy):
    with_mount = deploy(HANDLER, mounts=(Mount("/data", "/models"),))
    assert with_mount.report.notes[0].text == "`/data` is shown read-only at `/models`, outside the package and its digest"
    assert with_mount.content_digest == deploy(HANDLER).content_digest


@pytest.mark.parametrize(
    ("name", "module"),
    [("resize", "resize"), ("a-b", "a_b"), ("2fast", "function_2fast"), ("class", "function_class"), ("random", "random_function"),
     ("numpy", "numpy_function"), ("_jupyter_lambda", "_jupyter_lambda_function")],
)  # fmt: skip
def test_the_handlers_module_hides_no_other(name, module, tmp_path):
    assert module_name(name, LocalModules(tmp_path), set()) == module


def test_a_function_may_not_be_named_like_a_module_that_goes_along(refuse, deploy, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "jlt_twin.py").write_text("")
    assert deploy(f"import jlt_twin\n{HANDLER}", name="jlt_twin").handler == "jlt_twin_function.handler"
    (tmp_path / "jlt_user.py").write_text("import jlt_twin")
    (problem,) = refuse(f"import jlt_user\n{HANDLER}", name="jlt_twin").problems
    assert problem.suggestion == "Give the function another name."


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        (HANDLER, HANDLER + "   \n\n", True),
        (HANDLER, HANDLER + "  # a comment", False),
        (HANDLER, HANDLER.replace("1", "2"), False),
    ],
)
def test_the_digest_follows_the_source(deploy, before, after, same):
    assert (deploy(before).content_digest == deploy(after).content_digest) is same


def test_the_digest_follows_values_files_and_requirements(notebook, deploy, tmp_path):
    source = "def handler(event, context):\n    return n"
    (tmp_path / "f.txt").write_text("1")
    notebook.run("n = {'a', 'b'}")
    digests = [deploy(source).content_digest]
    notebook.run("n = {'b', 'a'}")
    assert deploy(source).content_digest == digests[0]
    notebook.run("n = {'b', 'c'}")
    digests.append(deploy(source).content_digest)
    digests.append(deploy(source, files=("*.txt",)).content_digest)
    (tmp_path / "f.txt").write_text("2")
    digests.append(deploy(source, files=("*.txt",)).content_digest)
    digests.append(deploy(source, requirements=("numpy",)).content_digest)
    digests.append(deploy(source.replace("handler", "other")).content_digest)
    assert len(set(digests)) == len(digests)


def test_no_secret_of_the_magic_line_is_kept(notebook, tmp_path):
    from jupyter_lambda.capture import PackageOptions, capture_cell

    source = f"%%lambda demo -e TOKEN=s3cret\n{HANDLER}\n"
    with capture_cell(
        source, {}, name="demo", options=PackageOptions(folder=tmp_path, environment={"TOKEN": "s3cret"})
    ) as capture:
        assert b"s3cret" not in capture.package.read_bytes()
        assert "s3cret" not in capture.source + str(capture.manifest) + str(capture.report)
        with zipfile.ZipFile(capture.package) as package:
            assert all(b"s3cret" not in package.read(n) for n in package.namelist())
        assert stat.S_IMODE(capture.folder.stat().st_mode) == 0o700


def test_what_a_capture_says(notebook, deploy):
    notebook.run("import numpy as np\ncfg = {'k': 1, 'm': 2}\nbig = np.zeros(200_000)")
    capture = deploy("from xml import dom\nimport jlt_not_there\ndef handler(event, context):\n    return cfg['k'], big, np.pi")
    assert capture.runtime == f"python{capture.python.minor}"
    assert capture.source.startswith("from xml import dom")
    assert list(capture.manifest["captured"]) == ["cfg", "big"]
    assert [(m.name, m.is_present) for m in capture.report.modules] == [("jlt_not_there", False), ("numpy", True)]
    assert capture.report.warnings[-1] == (
        "module `jlt_not_there` is missing in the worker: install it, or add `--requirements jlt_not_there`"
    )
    assert [t.notes[0].text for t in capture.report.taken] == [
        'only `cfg["k"]` is used, the whole dict goes along', "above 1 MB: unpickled at each cold start, about 5 ms",
    ]  # fmt: skip
    assert [t.type_text for t in capture.report.taken] == ["dict, 2 entries", "ndarray float64, 200,000"]
