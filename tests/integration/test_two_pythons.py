"""Functions run in the Python environment that deployed them: two virtual environments, and two Python versions, on one engine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import jupyter_lambda as jl

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the process sandbox needs Linux")
ROOT = Path(jl.__file__).parent.parent
OTHER_MINORS = ("3.12", "3.13", "3.14", "3.10")

DEPLOY = """
import sys
import jupyter_lambda as jl
import flavour

def taste(event, context):
    import sys, flavour
    return {"flavour": flavour.NAME, "python": list(sys.version_info[:2]), "prefix": sys.prefix}

jl.deploy(taste, name=sys.argv[1])
"""


def make_environment(folder: Path, python: str, flavour: str, packages: list[str]) -> str:
    """A virtual environment with a package of its own; `packages` are folders whose contents it may import too."""
    subprocess.run([python, "-m", "venv", "--without-pip", folder], check=True, timeout=60)
    site = next(folder.glob("lib/python*/site-packages"))
    (site / "flavour.py").write_text(f"NAME = {flavour!r}\n")
    (site / "shared.pth").write_text("\n".join(packages) + "\n")
    return str(folder / "bin" / "python")


def deploy(python: str, name: str, folder: Path) -> None:
    """Deploy the script's function from that environment, as its kernel would."""
    script = folder / f"{name}.py"
    script.write_text(DEPLOY)
    done = subprocess.run([python, script, name], capture_output=True, text=True, timeout=120, check=False, env=os.environ)
    assert done.returncode == 0, done.stderr


def other_python() -> str | None:
    """A Python of another minor version that can make virtual environments, None where the machine has none."""
    for minor in OTHER_MINORS:
        if minor == f"{sys.version_info[0]}.{sys.version_info[1]}":
            continue
        found = [shutil.which(f"python{minor}"), *sorted(Path.home().glob(f".pyenv/versions/{minor}*/bin/python3"))]
        for python in filter(None, found):
            answer = subprocess.run(
                [python, "-c", "import venv, sys; print(sys.version_info[:2])"], capture_output=True, check=False
            )
            if answer.returncode == 0 and answer.stdout.decode().strip() == str(tuple(map(int, minor.split(".")))):
                return python
    return None


def test_each_function_sees_the_packages_of_its_own_environment(jupyter_lambda_engine, tmp_path):
    shared = [str(ROOT), sysconfig.get_path("purelib")]
    pythons = {
        name: make_environment(tmp_path / name, sys.executable, name, shared) for name in ("vanilla", "pistachio")
    }  # fmt: skip

    for name, python in pythons.items():
        deploy(python, name, tmp_path)

    for name in pythons:
        tasted = jl.function(name)({})
        assert tasted["flavour"] == name
        assert tasted["prefix"] == str(tmp_path / name)


def test_a_second_minor_version_beside_the_first(jupyter_lambda_engine, tmp_path):
    python = other_python()
    if python is None:
        pytest.skip("no Python of another minor version on this machine")
    packages = tmp_path / "packages"
    needed = ["msgspec", "cloudpickle", "psutil", "jupyter_core", "platformdirs"]
    version = subprocess.run(
        [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], capture_output=True, text=True, check=True
    )
    installed = subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--target", packages, "--python-version", version.stdout.strip(),
         "--only-binary=:all:", "--no-deps", *needed, "traitlets"],
        capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip
    if installed.returncode:
        pytest.skip(f"its packages could not be installed: {installed.stderr[-300:]}")
    other = make_environment(tmp_path / "other", python, "other", [str(ROOT), str(packages)])
    mine = make_environment(tmp_path / "mine", sys.executable, "mine", [str(ROOT), sysconfig.get_path("purelib")])

    deploy(other, "other", tmp_path)
    deploy(mine, "mine", tmp_path)

    tasted = {name: jl.function(name)({}) for name in ("other", "mine")}
    assert {name: t["flavour"] for name, t in tasted.items()} == {"other": "other", "mine": "mine"}
    assert tasted["other"]["python"] == [int(part) for part in version.stdout.split(".")]
    assert tasted["mine"]["python"] == list(sys.version_info[:2])


def test_an_interpreter_that_is_gone_is_a_clear_error(jupyter_lambda_engine, tmp_path):
    python = make_environment(tmp_path / "gone", sys.executable, "gone", [str(ROOT), sysconfig.get_path("purelib")])
    deploy(python, "gone", tmp_path)
    shutil.rmtree(tmp_path / "gone")

    with pytest.raises(jl_error("InvalidRuntime"), match="gone"):
        jl.function("gone")({})


def jl_error(name: str) -> type[Exception]:
    """An error class by its name."""
    from jupyter_lambda.errors import error_classes

    return error_classes()[name]
