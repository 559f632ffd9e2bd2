"""The sandbox's contract once more as an unprivileged user: with all walls that user can have, without namespaces and groups, and with
containers of a daemon whose socket that user may open.

Root starts it from a copy of the project that the user can read, on an interpreter the user can read: the system's own, with the few
packages that the suite needs copied from ours where the minor version is the same, else installed by pip.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.docker_daemon import NEEDS_DOCKER, OwnDaemon, may_have_own

pytestmark = [
    pytest.mark.needs_root,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="root starts the suite as somebody else"),
    pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv (util-linux) is not installed"),
]

PROJECT = Path(__file__).parents[2]
USER = 12_345  # nobody's
GROUP = 12_346  # likewise
CONFTEST = """
import pytest
from tests.docker_daemon import open_daemon

@pytest.fixture(scope="session")
def docker_daemon(tmp_path_factory):
    return open_daemon(tmp_path_factory.mktemp("docker"))
"""
NEEDED = ("pytest", "pytest-timeout", "pytest-asyncio", "anyio", "msgspec", "psutil", "platformdirs", "awslambdaric")


@pytest.fixture(scope="module")
def copy():
    """A folder with the project and a Python that anybody can read."""
    folder = Path(tempfile.mkdtemp(prefix="jupyter-lambda-as-user-"))
    folder.chmod(0o755)
    shutil.copytree(
        PROJECT / "jupyter_lambda", folder / "jupyter_lambda", ignore=shutil.ignore_patterns("__pycache__", "labextension")
    )
    (folder / "tests").mkdir()
    (folder / "tests" / "conftest.py").write_text(CONFTEST)
    shutil.copytree(PROJECT / "tests" / "contract", folder / "tests" / "contract", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("docker_daemon.py", "python_image.py"):
        shutil.copy(PROJECT / "tests" / name, folder / "tests")
    shutil.copy(PROJECT / "pyproject.toml", folder)
    make_python(folder / "python")
    (folder / "scratch").mkdir()
    os.chown(folder / "scratch", USER, USER)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def make_python(folder: Path) -> None:
    system = readable_python()
    subprocess.run([system, "-m", "venv", "--without-pip", str(folder)], check=True)
    minor = subprocess.check_output([system, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], text=True).strip()
    target = folder / "lib" / f"python{minor}" / "site-packages"
    if minor == f"{sys.version_info[0]}.{sys.version_info[1]}":
        for name in closure(NEEDED):
            copy_distribution(name, target)
    else:
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "-q", "--target", str(target), "--python-version", minor, "--only-binary=:all:",
             *(name for name in NEEDED if name != "awslambdaric")],
            check=True,
        )  # fmt: skip


def readable_python() -> str:
    for candidate in ("/usr/bin/python3", "/usr/local/bin/python3"):
        if Path(candidate).exists():
            return candidate
    pytest.skip("no interpreter that an unprivileged user can read")


def closure(names) -> set[str]:
    """Installed distributions that these need, by their canonical names."""
    found: set[str] = set()
    todo = list(names)
    while todo:
        name = re.sub(r"[-_.]+", "-", todo.pop()).lower()
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # an extra's, or another platform's
        if name not in found:
            found.add(name)
            todo += [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in distribution.requires or () if "extra ==" not in line]
    return found


def copy_distribution(name: str, target: Path) -> None:
    for file in importlib.metadata.distribution(name).files or ():
        source = Path(file.locate())
        if file.parts[0] != ".." and source.is_file() and source.suffix != ".pyc":
            (target / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target / file)


@pytest.mark.parametrize("walls", ["all", "bare"])
def test_the_contract_holds_for_an_unprivileged_user(copy, walls):
    run_contract(copy, walls, [f"--regid={USER}", "--clear-groups"], {})


@pytest.mark.parametrize("walls", [pytest.param("docker", marks=NEEDS_DOCKER)])
def test_the_contract_holds_for_a_user_of_the_sockets_group(copy, walls):
    if not may_have_own():
        pytest.skip("the group of this machine's socket is not ours to change")
    folder = copy / "docker"
    folder.mkdir()
    daemon = OwnDaemon(folder)
    try:
        os.chown(daemon.address, 0, GROUP)
        rows = "memory or cpu or kill or freez or restart or peak or tmp or aclose or each_other or home or amazons"
        run_contract(copy, walls, [f"--regid={USER}", f"--groups={GROUP}"], {"DOCKER_HOST": daemon.host}, "-k", rows)
    finally:
        daemon.stop()


def run_contract(copy: Path, walls: str, groups: list[str], more: dict[str, str], *chosen: str) -> None:
    scratch = copy / "scratch"
    command = [
        "setpriv", f"--reuid={USER}", *groups, str(copy / "python" / "bin" / "python"), "-m", "pytest", "-q",
        "-p", "no:cacheprovider", "--tb=short", f"--basetemp={scratch / walls}", "tests/contract/test_sandbox_process.py", *chosen,
    ]  # fmt: skip
    variables = {
        "PATH": "/usr/local/bin:/usr/bin:/usr/sbin:/bin", "HOME": str(scratch), "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1",
        "JUPYTER_LAMBDA_TEST_WALLS": walls, **more,
    }  # fmt: skip
    ran = subprocess.run(command, cwd=copy, env=variables, capture_output=True, text=True, timeout=580, check=False)
    print(ran.stdout[-20_000:], ran.stderr[-4_000:])
    assert ran.returncode == 0
    assert re.search(r"\b[1-9]\d+ passed", ran.stdout)
