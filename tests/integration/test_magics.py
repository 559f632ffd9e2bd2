"""`%%lambda` and `%lambda` in a real IPython, on a real engine."""

from __future__ import annotations

import sys

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

import jupyter_lambda
from jupyter_lambda.capture.failure import CaptureFailed
from jupyter_lambda.client.connection import forget_engines
from jupyter_lambda.client.outcome import FunctionError
from jupyter_lambda.errors import CaptureError, OwnedByAnotherNotebook, RequestError, SandboxError


class Notebook:
    """A shell whose cells run one after the other."""

    def __init__(self, shell):
        self.shell, self.names = shell, shell.user_ns

    def cell(self, line, body):
        """What a `%%lambda` cell displayed, as text."""
        with capture_output() as captured:
            self.shell.run_cell_magic("lambda", line, body)
        self.html = "".join(output.data.get("text/html", "") for output in captured.outputs)
        return captured.stdout + "\n".join(output.data["text/plain"] for output in captured.outputs)

    def line(self, line):
        with capture_output() as captured:
            self.shell.run_line_magic("lambda", line)
        return captured.stdout + "\n".join(output.data["text/plain"] for output in captured.outputs)

    def python(self, source):
        self.shell.run_cell(source, store_history=True).raise_error()


@pytest.fixture
def notebook(jupyter_lambda_home, tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_LAMBDA_SANDBOX", "process")
    monkeypatch.chdir(tmp_path)
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    jupyter_lambda.load_ipython_extension(shell)
    yield Notebook(shell)
    jupyter_lambda.unload_ipython_extension(shell)
    InteractiveShell.clear_instance()
    forget_engines()


ECHO = "def handler(event, context):\n    return {'got': event}\n"


def test_a_cell_becomes_a_function(notebook):
    notebook.python("FACTOR = 3")
    said = notebook.cell("times --memory 256", "def handler(event, context):\n    return event * FACTOR\n")
    assert "λ times v1 · published" in said
    assert "takes along FACTOR" in said
    assert "256 MB" in said
    assert "process sandbox" in said
    assert notebook.names["times"](14) == 42
    assert "<details>" in notebook.html
    assert "FACTOR" in notebook.html


def test_a_cell_without_captured_values_works_too(notebook):
    notebook.cell("echo", ECHO)
    assert notebook.names["echo"]([1]) == {"got": [1]}


def test_an_expression_is_a_handler(notebook):
    notebook.cell("shout", "event['text'].upper() + '!'\n")
    assert notebook.names["shout"]({"text": "hi"}) == "HI!"


def test_versions_follow_changes_and_only_changes(notebook):
    notebook.python("FACTOR = 3")
    body = "def handler(event, context):\n    return event * FACTOR\n"
    notebook.cell("times", body)
    assert "unchanged, version 1" in notebook.cell("times", body)
    notebook.python("FACTOR = 4")
    assert "λ times v2 · published: FACTOR" in notebook.cell("times", body)
    assert "λ times v3 · published: cell" in notebook.cell("times", body + "\n# a remark at the end\n")
    assert notebook.names["times"](1) == 4
    assert notebook.names["times"].at(1)(1) == 3
    assert "FACTOR" in notebook.line("versions times 1 2")


def test_options_not_on_the_line_stay_and_the_report_says_so(notebook):
    notebook.cell("echo --memory 512 --timeout 7", ECHO)
    said = notebook.cell("echo --timeout 8", ECHO)
    assert "--timeout 7 s → 8 s" in said
    assert "kept from before, not on this line: --memory 512 MB" in said


def test_no_publish_changes_latest_only(notebook):
    notebook.cell("echo", ECHO)
    said = notebook.cell("echo --no-publish --memory 256", ECHO)
    assert "not published" in said
    assert len(notebook.names["echo"].versions) == 1


def test_an_alias_takes_a_share_of_the_new_version(notebook):
    notebook.cell("echo --alias prod", ECHO)
    notebook.cell("echo --alias prod=0.25 --memory 256", ECHO)
    assert notebook.line("alias echo prod") == "echo:prod → 1 (75 %), 2 (25 %)"
    assert notebook.line("alias echo prod --rollback") == "echo:prod → 1"


def test_another_notebook_needs_take_over(notebook):
    notebook.names["__vsc_ipynb_file__"] = "/a/one.ipynb"
    notebook.cell("echo", ECHO)
    notebook.names["__vsc_ipynb_file__"] = "/a/two.ipynb"
    with pytest.raises(OwnedByAnotherNotebook, match="--take-over"):
        notebook.cell("echo --memory 256", ECHO)
    assert "v2" in notebook.cell("echo --memory 256 --take-over", ECHO)


def test_the_same_notebook_under_nbconvert_needs_none(notebook, tmp_path):
    notebook.names["__vsc_ipynb_file__"] = str(tmp_path / "one.ipynb")
    notebook.cell("echo", ECHO)
    del notebook.names["__vsc_ipynb_file__"]  # nobody tells any more; the folder is the same
    assert "unchanged" in notebook.cell("echo", ECHO)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("def handler(event, context):\n    return thresold\n", "thresold"),
        ("def one(event, context): ...\n\ndef two(event, context): ...\n", "one"),
        ("def handler(event, context)\n    return 1\n", "2"),
        ("def handler(event, context):\n    return LOCK\n", "LOCK"),
    ],
)
def test_a_cell_that_can_not_be_a_function_deploys_nothing(notebook, body, says):
    notebook.python("import threading; LOCK = threading.Lock()")
    with pytest.raises(CaptureFailed, match=says) as caught:
        notebook.cell("broken", body)
    assert len(caught.value._render_traceback_()) == 1
    assert "broken" not in notebook.line("list")


def test_failures_show_the_cells_lines(notebook):
    notebook.cell("fail", "def handler(event, context):\n    return event['missing']\n")
    with pytest.raises(FunctionError) as caught:
        notebook.names["fail"]({})
    assert "line 3, in handler" in str(caught.value)  # line 1 is the %%lambda line
    assert "event['missing']" in str(caught.value)
    assert "the lines of fail.py are the cell's" in "\n".join(caught.value._render_traceback_())


def test_a_failed_invocation_shows_its_message_rather_than_json(notebook):
    notebook.cell("fail", "def handler(event, context):\n    return event['<b>']\n")
    shown = notebook.names["fail"].invoke({})._repr_html_()
    assert "KeyError</span>: &#x27;&lt;b&gt;&#x27;" in shown
    assert "line 3, in handler" in shown
    assert "stackTrace" not in shown


def test_an_open_file_goes_along_and_the_report_says_so(notebook, tmp_path):
    (tmp_path / "text.txt").write_text("hello")
    notebook.python("source = open('text.txt')")
    notebook.cell("reads", "def handler(event, context):\n    return source.read()\n")
    assert notebook.names["reads"]() == "hello"
    assert "an open file" in str(notebook.names["reads"].deployment.report)


def test_a_name_with_accents_gets_a_proposal(notebook):
    with pytest.raises(RequestError, match='Try "uber"'):
        notebook.cell("über", "event")


def test_requirements_are_installed_from_a_local_wheel(notebook, tmp_path):
    _write_wheel(tmp_path / "tiny_wheel-1.0-py3-none-any.whl")
    said = notebook.cell(
        'tiny --requirements "./tiny_wheel-1.0-py3-none-any.whl"',
        "def handler(event, context):\n    import tiny_wheel\n    return tiny_wheel.ANSWER\n",
    )
    assert "Successfully installed tiny-wheel-1.0" in said
    assert notebook.names["tiny"]() == 42


def test_files_and_mounts_reach_the_worker(notebook, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "words.txt").write_text("one two")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "big.bin").write_bytes(b"x" * 1000)
    notebook.cell(
        "reader --files data/*.txt --mount models:/mnt/models",
        "import os\n\ndef handler(event, context):\n"
        "    return [open('data/words.txt').read(), os.path.getsize('/mnt/models/big.bin')]\n",
    )
    assert notebook.names["reader"]() == ["one two", 1000]
    with pytest.raises(RequestError, match="is not there"):
        notebook.cell("reader --mount no-such-folder", ECHO)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("f --sandbox docker", "no Docker daemon answers here.*the engine's own is the process sandbox"),
        ("f --image python:3.12", "no Docker daemon answers here"),
        ("f --image python:3.12 --sandbox process", "needs containers"),
        ("f --layer arn:aws:lambda:us-east-1:000000000000:layer:a:1", "layer:a:1"),
    ],
)
def test_what_this_engine_can_not_do_is_told_by_the_engine(notebook, line, says, tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")  # of the engine, which the cell starts
    with pytest.raises((RequestError, SandboxError), match=says):
        notebook.cell(line, ECHO)
    assert "f  " not in notebook.line("list")


def test_pip_that_fails_says_why(notebook):
    with pytest.raises((CaptureError, RequestError), match=r"no-such-wheel|no such file"):
        notebook.cell('tiny --requirements "./no-such-wheel-1.0-py3-none-any.whl"', ECHO)


def test_environment_variables_and_runtime(notebook):
    notebook.cell(
        "show -e STAGE=test -e 'GREETING=hello world'",
        "import os, sys\n\ndef handler(event, context):\n    return [os.environ['STAGE'], os.environ['GREETING'], sys.version_info[1]]\n",
    )
    assert notebook.names["show"]() == ["test", "hello world", sys.version_info[1]]


def test_commands_on_real_functions(notebook):
    notebook.cell("echo", ECHO)
    assert '{"got": {"a": 1}}' in notebook.line('invoke echo {"a": 1}')
    assert "REPORT RequestId" in notebook.line("logs echo")
    assert "invocations  1" in notebook.line("metrics echo")
    assert "v" not in notebook.line("versions echo").splitlines()[1].split()[0]
    assert "unchanged, version 1" in notebook.line("publish echo")
    assert "→" in notebook.line("doctor")
    assert "is removed" in notebook.line("rm echo")


def _write_wheel(path):
    import zipfile

    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("tiny_wheel.py", "ANSWER = 42\n")
        wheel.writestr("tiny_wheel-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-wheel\nVersion: 1.0\n")
        wheel.writestr(
            "tiny_wheel-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr("tiny_wheel-1.0.dist-info/RECORD", "")
