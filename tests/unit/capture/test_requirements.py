"""`--requirements`: the same wishes give the same lines; what a version must not keep is refused."""

from __future__ import annotations

import pytest

from jupyter_lambda.capture import parse_requirements
from jupyter_lambda.capture.pip_install import requirements_key
from jupyter_lambda.errors import RequestError
from jupyter_lambda.model.function import PythonEnvironment


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("numpy", ("numpy",)),
        ("pandas>=2 numpy", ("numpy", "pandas>=2")),
        ("Some_Package.X", ("some-package-x",)),
        ("'a >= 2, <3' a<3,>=2", ("a<3,>=2",)),
        ("'a[Extra, b]==1'", ("a[extra,b]==1",)),
        ("'a; python_version < \"3.12\"'", ('a; python_version < "3.12"',)),
        ("'a @ https://example.org/a.whl'", ("a @ https://example.org/a.whl",)),
        ("--pre a", ("--pre", "a")),
        ("./w/x-1-py3-none-any.whl", ("{root}/w/x-1-py3-none-any.whl",)),
        ("a@git+ssh://git@example.org/a", ("a @git+ssh://git@example.org/a",)),
        ("-f w x", ("--find-links {root}/w", "x")),
        ("r.txt", ("--extra-index-url https://example.org/simple", "a==1", "b>=2", "c")),
    ],
)
def test_canonical_lines(tmp_path, text, lines):
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "x-1-py3-none-any.whl").write_bytes(b"")
    (tmp_path / "r.txt").write_text(
        "# what we need\nb >= \\\n 2\na==1  # pinned\n\n-r sub/more.txt\n--extra-index-url https://example.org/simple\n"
    )
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "more.txt").write_text("c\na==1\n")
    assert parse_requirements(text, tmp_path) == tuple(line.format(root=tmp_path) for line in lines)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no requirement in it"),
        ("nope.txt", "there is no such file"),
        ("./nope.whl", "there is no such file"),
        ("'a b'", "Separate packages by spaces"),
        ("-e ./x", "not taken here"),
        ("'--target x' a", "this option of pip is not taken here"),
        ("--index-url https://token@example.org/simple a", "a user name or password stands in the URL"),
        ("'--index-url https://me:secret@example.org/simple' a", "a user name or password stands in the URL"),
        ('"a', "No closing quotation"),
        ("=1", "not a requirement"),
    ],
)
def test_refused_lines(tmp_path, text, message):
    with pytest.raises(RequestError, match=message) as caught:
        parse_requirements(text, tmp_path)
    assert "secret" not in str(caught.value)


def test_files_that_include_each_other_are_refused(tmp_path):
    (tmp_path / "a.txt").write_text("-r a.txt\n")
    with pytest.raises(RequestError, match="include each other"):
        parse_requirements("a.txt", tmp_path)


def test_a_set_is_known_by_lines_interpreter_and_wheel_content(tmp_path):
    def key(*lines, version="3.11.7"):
        return requirements_key(lines, PythonEnvironment(executable="/p", prefix="/", base_prefix="/", version=version))

    wheel = tmp_path / "x-1-py3-none-any.whl"
    wheel.write_bytes(b"1")
    before = key(str(wheel))
    wheel.write_bytes(b"2")
    assert len({key("a"), key("b"), key("a", version="3.12.1"), before, key(str(wheel))}) == 5
    assert key("a", version="3.11.2") == key("a")
