"""Errors of ours are short in a notebook and stay what they are."""

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from jupyter_lambda.errors import CaptureError, RequestError
from jupyter_lambda.notebook.short_errors import short_errors, shorten


def test_the_class_stays_and_the_rendering_is_short():
    with pytest.raises(RequestError) as caught, short_errors():
        raise RequestError("memory 64 MB", "out of range: 128–10,240 MB", "Use --memory 128.")
    text = "\n".join(caught.value._render_traceback_())
    assert "memory 64 MB" in text
    assert "out of range: 128–10,240 MB." in text
    assert "Use --memory 128." in text
    assert "Traceback" not in text


def test_what_has_a_rendering_keeps_it():
    error = CaptureError('function "f"', "x is defined nowhere", "Define it.")
    shorten(error, ["short"])
    with pytest.raises(CaptureError), short_errors():
        raise error
    assert error._render_traceback_() == ["short"]


def test_foreign_errors_keep_their_traceback():
    with pytest.raises(ZeroDivisionError) as caught, short_errors():
        1 / 0  # noqa: B018
    assert not hasattr(caught.value, "_render_traceback_")


def test_ipython_shows_the_short_form():
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    shown = []
    shell._showtraceback = lambda etype, value, lines: shown.extend([etype.__name__, *lines])
    try:
        with pytest.raises(RequestError), short_errors():
            raise RequestError("here", "that happened", "Do this.")
        shell.user_ns["fail"] = _failing
        shell.run_cell("fail()", store_history=False)
    finally:
        InteractiveShell.clear_instance()
    assert shown[0] == "RequestError"
    assert len(shown) == 3


def _failing():
    with short_errors():
        raise RequestError("here", "that happened", "Do this.")
