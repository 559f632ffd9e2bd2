"""The package is loaded in a clean process before anything is deployed; what fails there is told, and nothing is left running."""

from __future__ import annotations

import zipfile
from pathlib import Path

import psutil
import pytest

from jupyter_lambda.capture import CaptureFailed, prove


def failing(capture, **options):
    with pytest.raises(CaptureFailed) as caught:
        prove(capture, **options)
    return caught.value.report.problems[0]


def test_measures_imports_and_values(notebook, deploy):
    notebook.run("import numpy as np\nbig = np.zeros(400_000)\nsmall = [1]")
    proof = prove(deploy("def handler(event, context):\n    return [np.sum(big), small]"))
    assert proof.import_ms["numpy"] > 0
    assert set(proof.unpickle_ms) == {"np", "big", "small"}
    assert proof.init_ms >= sum(proof.unpickle_ms.values())
    (note,) = next(t for t in proof.report.taken if t.name == "big").notes
    assert note.text.startswith("above 1 MB: unpickled at each cold start, about ")
    assert proof.report.warnings == (f"`big`: {note.text}",)


def test_a_value_that_pickles_but_does_not_load_is_named(notebook, deploy):
    notebook.run("def rebuild(n):\n    raise RuntimeError(f'no {n} here')")
    notebook.run("class Odd:\n    def __reduce__(self): return rebuild, (3,)\nodd = {'x': Odd()}\nfine = 1")
    problem = failing(deploy("def handler(event, context):\n    return odd, fine"))
    assert problem.headline == "`odd` can be pickled but not loaded"
    assert problem.detail == "loading it in a clean process raised RuntimeError: no 3 here"


def test_what_a_module_on_disk_no_longer_has_is_noticed(notebook, deploy, tmp_path, monkeypatch):
    import sys

    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "jlt_shrunk.py").write_text("class Gone:\n    pass\n")
    notebook.run("from jlt_shrunk import Gone\nvalue = Gone()")
    (tmp_path / "jlt_shrunk.py").write_text("")
    problem = failing(deploy("def handler(event, context):\n    return value"))
    assert problem.headline == "`value` can be pickled but not loaded"
    assert "Gone" in problem.detail
    sys.modules.pop("jlt_shrunk")


def test_a_value_that_kills_the_process_is_named(notebook, deploy):
    notebook.run(
        "import os, signal\ndef die(): os.kill(os.getpid(), signal.SIGSEGV)\nclass Bomb:\n    def __reduce__(self): return die, ()"
    )
    notebook.run("bomb = Bomb()")
    problem = failing(deploy("def handler(event, context):\n    return bomb"))
    assert problem.headline == "a clean process that loads the package ends with signal 11, while `bomb` was loaded"


def test_the_cells_own_failure_at_import_is_a_warning_with_its_line(deploy):
    proof = prove(deploy("import os\nKEY = os.environ['NOT_THERE']\ndef handler(event, context):\n    return KEY"))
    (warning,) = proof.report.warnings
    assert warning.startswith("loading the cell raised `KeyError: 'NOT_THERE'` in line 3;")


def test_the_functions_variables_are_there_and_the_kernels_are_not(deploy, monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_KERNEL", "x")
    source = "import os\nassert os.environ['KEY'] == 'v' and 'SECRET_OF_THE_KERNEL' not in os.environ\ndef handler(e, c): pass"
    assert prove(deploy(source, environment={"KEY": "v"})).report.warnings == ()


@pytest.mark.skipif(not Path("/proc/self/oom_score_adj").exists(), reason="Linux tells the kernel's choice by it")
def test_a_proof_ends_before_the_notebook_when_memory_is_short(deploy):
    source = "assert open('/proc/self/oom_score_adj').read().strip() == '1000'\ndef handler(e, c): pass"
    assert prove(deploy(source)).report.warnings == ()


def test_a_handler_that_is_no_function_is_refused(deploy):
    assert "can't be called" in failing(deploy("handler = dict(a=1)")).headline


def test_exit_while_loading_is_told(deploy):
    (warning,) = prove(deploy("import sys\nsys.exit(3)\ndef handler(e, c): pass")).report.warnings
    assert "`SystemExit: 3` in line 3" in warning
    assert (
        "ends with exit status 4"
        in failing(deploy("import os\nprint('last words', flush=True)\nos._exit(4)\ndef handler(e, c): pass")).headline
    )


def test_too_slow_is_stopped_with_all_it_started(deploy, tmp_path):
    source = f"""
        import subprocess, sys
        child = subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"])
        open({str(tmp_path / "pid")!r}, "w").write(str(child.pid))
        while True: pass
        def handler(event, context): pass
    """
    proof = prove(deploy(source), limit_seconds=1.5)
    assert "took more than 1.5 s and was stopped" in proof.report.warnings[0]
    pid = int((tmp_path / "pid").read_text())
    _, alive = psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=5)
    assert alive == []


def test_a_package_from_requirements_is_found(deploy, tmp_path):
    (tmp_path / "installed").mkdir()
    (tmp_path / "installed" / "jlt_fetched.py").write_text("N = 4")
    capture = deploy("import jlt_fetched\ndef handler(event, context):\n    return jlt_fetched.N", requirements=("jlt-fetched",))
    assert [(m.name, m.origin) for m in capture.report.modules] == [("jlt_fetched", "from --requirements")]
    assert prove(capture, extra_path=[str(tmp_path / "installed")]).report.warnings == ()


def test_files_of_the_host_are_there_while_loading(deploy, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.txt").write_text("hello")
    source = "TEXT = open('data/a.txt').read()\nassert TEXT == 'hello'\ndef handler(e, c): return TEXT"
    assert prove(deploy(source, files=("data/*.txt",))).report.warnings == ()


def test_nothing_stays_behind(deploy):
    capture = deploy("def handler(e, c): pass")
    prove(capture)
    assert [p.name for p in capture.folder.iterdir()] == ["package.zip"]
    with zipfile.ZipFile(capture.package) as package:
        assert package.testzip() is None
    capture.close()
    capture.close()
    assert not capture.folder.exists()
