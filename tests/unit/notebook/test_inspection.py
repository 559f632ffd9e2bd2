"""Help for a word of a `%%lambda` line (notebook/inspection.py)."""

import pytest

from jupyter_lambda.notebook.inspection import explain_lines, line_help

CODE = "%%lambda resize --memory 256 -e A=1\ndef handler(event, context):\n    return 1"


@pytest.mark.parametrize(
    ("word", "begins"),
    [("%%lam", "the magic"), ("resize", "the magic"), ("--mem", "--memory MB"), ("256", "--memory MB"), ("A=1", "-")],
)
def test_the_first_line_is_explained(word, begins):
    assert line_help(CODE, CODE.index(word) + 1, "the magic").startswith(begins)


@pytest.mark.parametrize("code", ["def handler(event, context):\n    return 1", "x = 1\n%%lambda f", "%%lambdas f", ""])
def test_other_lines_are_the_kernels(code):
    assert line_help(code, len(code), "the magic") is None
    assert line_help(CODE, CODE.index("handler"), "the magic") is None


def test_a_line_magic_is_explained_wherever_it_stands():
    assert line_help("x = 1\n%lambda show f", 10, "the magic") == "the magic"


def test_the_kernel_answers_for_all_other_code_and_for_all_once_it_is_over():
    class Kernel:
        def do_inspect(self, code, cursor_pos, detail_level=0, omit_sections=()):
            return (code, cursor_pos, detail_level, omit_sections)

    kernel = Kernel()
    end = explain_lines(kernel, "the magic")
    assert kernel.do_inspect(CODE, 3)["data"]["text/plain"] == "the magic"
    assert kernel.do_inspect("len", 3, 1, omit_sections=("x",)) == ("len", 3, 1, ("x",))
    end()
    assert kernel.do_inspect(CODE, 3) == (CODE, 3, 0, ())
