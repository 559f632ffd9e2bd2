from __future__ import annotations

import io
import struct

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_lambda.client.batch_frames import NO_MORE_EVENTS, AnswerFrames, event_frame
from jupyter_lambda.client.batch_progress import Progress, Silence, Standing, TerminalLine, _bar, display_of_this_process
from jupyter_lambda.client.http_answer import CutOff
from jupyter_lambda.client.result_shelf import ResultShelf
from jupyter_lambda.errors import StoreError
from jupyter_lambda.model.invocation import InvocationRecord

RECORD = InvocationRecord(request_id="r", function_name="f", version="1")


def answer(index, payload=b"1", log=b""):
    record = msgspec.json.encode(RECORD)
    return struct.pack("<IIII", index, len(record), len(payload), len(log)) + record + payload + log


END = struct.pack("<IIII", 0xFFFFFFFF, 0, 0, 0)


# -- frames -------------------------------------------------------------------------------------------------------------------


def test_an_event_is_length_index_bytes():
    assert event_frame(7, b"{}") == b"\x02\0\0\0\x07\0\0\0{}"
    assert NO_MORE_EVENTS == b"\xff\xff\xff\xff\0\0\0\0"


@given(st.lists(st.tuples(st.integers(0, 9), st.binary(max_size=9), st.binary(max_size=9)), max_size=5), st.integers(1, 50))
def test_answers_are_found_in_whatever_pieces_they_come(answers, step):
    stream = b"".join(answer(*one) for one in answers) + END
    frames, found = AnswerFrames(stream[:3]), []
    for start in range(3, len(stream), step):
        assert not frames.ended
        found += frames.feed(stream[start : start + step])

    assert [(one.number, one.payload, one.log) for one in found] == answers
    assert frames.ended


def test_a_record_that_is_none():
    with pytest.raises(CutOff, match="can't be read"):
        AnswerFrames().feed(struct.pack("<IIII", 0, 2, 0, 0) + b"{}")


# -- the shelf ----------------------------------------------------------------------------------------------------------------


def test_what_does_not_fit_into_memory_is_found_in_the_file():
    shelf = ResultShelf(memory_bytes=1_000)
    payloads = [bytes([n]) * 100 for n in range(30)]
    for index in reversed(range(30)):
        shelf.put(index, payloads[index])

    assert shelf.is_full
    assert shelf.held < 10
    assert [shelf.get(index) for index in range(30)] == payloads
    assert [shelf.take(index) for index in range(30)] == payloads
    assert (shelf.held, shelf.get(99)) == (0, None)
    shelf.close()
    shelf.close()


def test_what_is_put_after_something_was_got_stands_behind_it():
    shelf = ResultShelf(memory_bytes=0)
    for index in range(4):
        shelf.put(index, b"%d" % index * 5_000)
        assert shelf.get(0) == b"0" * 5_000

    assert [shelf.get(index) for index in range(4)] == [b"%d" % index * 5_000 for index in range(4)]
    shelf.close()


def test_an_empty_payload_is_a_payload():
    shelf = ResultShelf(memory_bytes=0)
    shelf.put(0, b"")

    assert shelf.get(0) == b""
    shelf.close()


def test_a_full_temporary_folder_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    shelf = ResultShelf(memory_bytes=0)

    with pytest.raises(StoreError, match="temporary folder"):
        shelf.put(0, b"x")


# -- what is shown ------------------------------------------------------------------------------------------------------------


def standing(**values):
    defaults = {
        "function_name": "resize", "answered": 300, "failed": 0, "running": 8, "cold": 2, "total": 1_000, "seconds": 2.0, "p50_ms": 4.25,
    }  # fmt: skip
    return Standing(**{**defaults, **values})


class FakeClock:
    now = 0.0

    def monotonic(self):
        return self.now


def test_the_figures_in_words():
    assert standing().words() == ["300 of 1,000", "8 running", "◇ 2 cold", "150 /s", "p50 4.2 ms"]
    assert standing(total=None, failed=3, cold=0, p50_ms=None, ended="interrupted").words() == [
        "300", "3 failed", "interrupted after 2.00 s", "150 /s",
    ]  # fmt: skip


def test_a_terminal_line_is_written_over_itself_and_ends():
    stream = io.StringIO()
    line = TerminalLine(stream)
    line.draw(standing(answered=500))
    line.draw(standing(answered=1_000, running=0, ended="done"))

    drawn = stream.getvalue().split("\r\x1b[2K")
    assert drawn[1].startswith("resize [████████████            ] 500 of 1,000 · 8 running")
    assert drawn[2].startswith("resize [████████████████████████] 1,000 of 1,000 · done after 2.00 s")
    assert drawn[2].endswith("\n")
    assert stream.getvalue().count("\n") == 1


def test_the_bar_shows_the_failed_part():
    html = _bar(standing(failed=30, function_name="<b>"))

    assert "width:27.00%" in html
    assert "width:3.00%" in html
    assert "&lt;b&gt;" in html


def test_drawing_is_rationed():
    clock = FakeClock()
    progress = Progress(Silence(), clock)
    assert not progress.is_due

    clock.now = 0.11
    assert progress.is_due
    progress.draw(standing())
    assert not progress.is_due


def test_where_there_is_nobody_nothing_is_shown(monkeypatch):
    monkeypatch.setattr("sys.stderr", io.StringIO())

    assert isinstance(display_of_this_process(), Silence)


def test_a_terminal_gets_a_line(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("sys.stderr", Terminal())

    assert isinstance(display_of_this_process(), TerminalLine)
