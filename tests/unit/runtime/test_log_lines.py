"""The `logging` module's lines in Lambda's form."""

from __future__ import annotations

import logging
import re
import sys

import pytest

from jupyter_lambda.runtime import log_lines


@pytest.fixture
def logger():
    """The root logger with Lambda's handler, as it was afterwards."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    handler = log_lines.set_up()
    handler.request_id = "id-1"
    yield root
    root.handlers, root.level = handlers, level


def test_a_record_is_level_time_request_and_message(logger, capsys):
    logger.warning("warm %s", 1)
    assert re.fullmatch(r"\[WARNING\]\t\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\tid-1\twarm 1\n", capsys.readouterr().out)


def test_a_traceback_after_the_message_ends_its_line(logger, capsys):
    try:
        int("x")
    except ValueError:
        logger.exception("bad")
    lines = capsys.readouterr().out
    assert "\tbad\nTraceback (most recent call last):\n" in lines
    assert lines.endswith("ValueError: invalid literal for int() with base 10: 'x'\n")


def test_a_closed_output_stops_nobody(logger, monkeypatch, tmp_path):
    with (tmp_path / "closed").open("w") as closed:
        pass
    monkeypatch.setattr(sys, "stdout", closed)
    monkeypatch.setattr(logging, "raiseExceptions", False)
    logger.warning("nobody reads this")
