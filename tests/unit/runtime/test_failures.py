"""The shape of a function's failure, its stack trace, and its event in the log."""

from __future__ import annotations

import sys

import pytest

from jupyter_lambda.runtime import bootstrap, failures


@pytest.fixture
def package(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setenv("LAMBDA_TASK_ROOT", str(tmp_path))
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    return tmp_path


def raised(function, *arguments) -> Exception:
    try:
        function(*arguments)
    except Exception as error:
        return error
    pytest.fail("nothing was raised")


def test_an_exception_tells_type_message_and_the_functions_own_lines(package, capsys):
    (package / "shape.py").write_text(
        "def handler(event, context):\n    return inner(event)\n\ndef inner(e):\n    raise KeyError(e)\n"
    )
    handler = bootstrap.load_handler("shape.handler")
    described = failures.describe(raised(handler, "a", None), "id-1", str(package))
    described["stackTrace"] = described["stackTrace"][1:]  # the test's own call
    assert described == {
        "errorMessage": "'a'",
        "errorType": "KeyError",
        "requestId": "id-1",
        "stackTrace": [
            '  File "/var/task/shape.py", line 2, in handler\n    return inner(event)\n',
            '  File "/var/task/shape.py", line 5, in inner\n    raise KeyError(e)\n',
        ],
    }
    failures.log_failure(described)
    assert capsys.readouterr().out.splitlines() == [
        "[ERROR] KeyError: 'a'",
        "Traceback (most recent call last):",
        '\N{NBSP}\N{NBSP}File "/var/task/shape.py", line 2, in handler',
        "\N{NBSP}\N{NBSP}\N{NBSP}\N{NBSP}return inner(event)",
        '\N{NBSP}\N{NBSP}File "/var/task/shape.py", line 5, in inner',
        "\N{NBSP}\N{NBSP}\N{NBSP}\N{NBSP}raise KeyError(e)",
    ]


@pytest.mark.parametrize(
    ("files", "name", "error_type", "message"),
    [
        ({}, "missing.handler", "Runtime.ImportModuleError", "Unable to import module 'missing': No module named 'missing'"),
        ({"a": ""}, "a.handler", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'a'"),
        ({"b": "def ("}, "b.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'b': "),
        ({}, "handler", "Runtime.MalformedHandlerName", "Bad handler 'handler': not enough values to unpack (expected 2, got 1)"),
        ({}, "time.handler", "Runtime.BuiltInModuleConflict", "Cannot use built-in module time as a handler module"),
        ({"c": "import nothing_there"}, "c.f", "Runtime.ImportModuleError", "Unable to import module 'c': No module named 'nothing_there'"),
    ],
)  # fmt: skip
def test_what_can_not_be_loaded_is_named_as_lambda_names_it(package, files, name, error_type, message):
    for module, text in files.items():
        (package / f"{module}.py").write_text(text)
    described = failures.describe(raised(bootstrap.load_handler, name), "", str(package))
    assert described["errorType"] == error_type
    assert described["errorMessage"].startswith(message)
    assert described["requestId"] == ""


def test_a_syntax_error_names_the_file_as_on_lambda(package):
    (package / "wrong.py").write_text("x = 1\ndef (\n")
    described = failures.describe(raised(bootstrap.load_handler, "wrong.handler"), "", str(package))
    assert described["stackTrace"] == ['  File "/var/task/wrong.py" Line 2\n    def (\n']


@pytest.mark.parametrize("name", ["folder/inner.handler", "folder.inner.handler"])
def test_a_handler_may_stand_in_a_folder(package, name):
    (package / "folder").mkdir()
    (package / "folder" / "inner.py").write_text("def handler(event, context): return 'inner'")
    assert bootstrap.load_handler(name)(None, None) == "inner"


def test_an_error_whose_text_fails_is_still_told():
    class BadError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert failures.describe(BadError(), "", "")["errorMessage"] == "<BadError whose text can't be made>"


def test_amazons_shape_is_ours():
    amazons = pytest.importorskip("awslambdaric.bootstrap")
    described = failures.describe(ValueError("boom"), "id", "")
    assert described == amazons.make_error("boom", "ValueError", [], "id")


@pytest.mark.parametrize("stream", [None, "closed"])
def test_a_failure_is_no_second_failure_where_the_output_is_gone(stream, monkeypatch, tmp_path):
    if stream:
        stream = (tmp_path / stream).open("w")
        stream.close()
    monkeypatch.setattr(sys, "stdout", stream)
    failures.log_failure(failures.describe(ValueError("boom"), "id-1", ""))
