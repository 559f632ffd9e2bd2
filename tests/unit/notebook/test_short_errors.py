"""Errors of ours are short in a notebook, show the reader's own line, and stay what they are."""

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from jupyter_lambda.client.json_boundary import EventTypeError, encode_event
from jupyter_lambda.errors import RequestError
from jupyter_lambda.model.names import check_qualifier


@pytest.fixture
def shown():
    """Runs a cell and gives what IPython shows for its error."""
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    lines = []
    shell._showtraceback = lambda etype, value, rendered: lines.extend([etype.__name__, *rendered])
    shell.user_ns.update(check_qualifier=check_qualifier, encode_event=encode_event)

    def run(cell):
        lines.clear()
        assert shell.run_cell(cell, store_history=False).error_in_exec is not None
        return "\n".join(lines)

    yield run
    InteractiveShell.clear_instance()


def test_where_what_and_what_to_do():
    text = "\n".join(RequestError("memory 64 MB", "out of range: 128–10,240 MB", "Use --memory 128.")._render_traceback_())
    assert "memory 64 MB" in text
    assert "out of range: 128–10,240 MB." in text
    assert "Use --memory 128." in text
    assert "Traceback" not in text


def test_the_readers_own_line_stands_below_and_no_frame_of_ours(shown):
    text = shown("1\ncheck_qualifier('a b')")
    assert text.startswith("ValidationError\n")
    assert "line 2: check_qualifier('a b')" in text
    assert "names.py" not in text


def test_functions_on_the_way_are_named(shown):
    text = shown("def call(event):\n    return encode_event(event)\n\ncall({'a': {1}})")
    assert 'event["a"]' in text
    assert "line 4: call({'a': {1}})" in text
    assert "line 2, in call: return encode_event(event)" in text
    assert "json_boundary.py" not in text


def test_libraries_on_the_way_are_left_out(shown):
    text = shown("import json\njson.dumps(object(), default=lambda value: check_qualifier('a b'), indent=1)")
    assert "line 2: json.dumps(" in text
    assert "line 2, in <lambda>" in text
    assert "encoder.py" not in text


def test_foreign_errors_keep_their_traceback(shown):
    assert "Traceback" in shown("1 / 0")


def test_an_event_that_has_no_json_form_names_the_place():
    with pytest.raises(EventTypeError) as caught:
        encode_event([object()])
    assert "event[0]" in caught.value._render_traceback_()[0]
    assert "is an object, which" in str(caught.value)
