"""The report in its two forms: aligned text for a terminal, self-contained HTML for everything else (ui.md, capture report)."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from jupyter_lambda.capture.report import (
    CaptureReport,
    Level,
    NeededModule,
    Note,
    PathStep,
    Problem,
    TakenName,
    size_note,
)  # fmt: skip

GOOD = CaptureReport(
    "embed", "3.12.1", package_bytes=2_411_725, state="deploying", version="v8",
    taken=(
        TakenName("LABELS", "dict, 42 entries", 3_174, notes=(Note("as of cell [4]"),)),
        TakenName("tokenizer", "tokenizers.Tokenizer", 1_992_294, notes=(size_note(9),)),
        TakenName("cfg", "dict, 11 entries", 812, notes=(Note('only `cfg["k"]` is used, the whole dict goes along', Level.NOTICE),)),
    ),
    modules=(NeededModule("numpy", "2.3.4", is_preloaded=True), NeededModule("onnxruntime", "1.23.2", import_ms=118.2)),
)  # fmt: skip
BAD = CaptureReport("score", "3.12.1", taken=GOOD.taken, modules=GOOD.modules).with_problems(
    Problem(
        "`model` can't be pickled", "used in line 7", "Make it inside the cell.", "model = load()   # in this cell", 7,
        (PathStep("model", "churn.Model"), PathStep(".cache", "churn.LruCache"), PathStep(".lock", "_thread.lock")),
        "a lock belongs to one process",
    ),
    Problem("`thresold` is defined nowhere", "used in line 9", "Did you mean `threshold` (float, 0.62)?", line=9),
)  # fmt: skip


class Text(HTMLParser):
    """The words of a page as one line, and its tags."""

    def __init__(self, html):
        super().__init__()
        self.words, self.tags, self._in_style = [], [], False
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self._in_style = tag == "style"
        self.tags.append(tag)

    def handle_endtag(self, tag):
        self._in_style = False

    def handle_data(self, data):
        if not self._in_style:
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def test_text_of_a_clean_capture():
    assert str(GOOD) == (
        "embed  deploying v8 · package 2.3 MB · Python 3.12.1\n"
        "\n"
        "Taken from the notebook   3 names, values as they were when the cell ran\n"
        "  Name       Type                    Size  Note\n"
        "  LABELS     dict, 42 entries      3.1 kB  as of cell [4]\n"
        "  tokenizer  tokenizers.Tokenizer  1.9 MB  ⚠ above 1 MB: unpickled at each cold start, about 9 ms\n"
        '  cfg        dict, 11 entries       812 B  (i) only cfg["k"] is used, the whole dict goes along\n'
        "\n"
        "Modules   2 needed, the worker has both\n"
        "  ✓ numpy 2.3.4 preloaded, 0 ms at init\n"
        "  ✓ onnxruntime 1.23.2 ≈ 118 ms at init"
    )


def test_text_of_a_failure():
    assert str(BAD) == (
        "✕ score  not deployed · 2 problems stand in the way\n"
        "\n"
        "model can't be pickled   used in line 7\n"
        "  model  churn.Model\n"
        "    └ .cache  churn.LruCache\n"
        "        └ .lock  _thread.lock  ✕ a lock belongs to one process\n"
        "  Way out: make it inside the cell.\n"
        "    model = load()   # in this cell\n"
        "\n"
        "thresold is defined nowhere   used in line 9\n"
        "  Did you mean threshold (float, 0.62)?\n"
        "\n"
        "Also captured: 3 names, 1 warning · 2 modules, the worker has both"
    )


@pytest.mark.parametrize("report", [GOOD, BAD])
def test_html_says_what_the_text_says(report):
    shown = Text(report._repr_html_()).text
    for word in (w for line in str(report).split("\n") for w in line.split()):
        plain = word.strip("✕⚠(i)✓└:`")
        assert plain in shown, word


def test_html_escapes_everything():
    evil = "<img src=x onerror=alert(1)>&\"'"
    report = CaptureReport(
        evil, evil, state=evil, version=evil, headline=evil,
        taken=(TakenName(evil, evil, 1, notes=(Note(evil, Level.WARNING), Note(f"`{evil}`"))),),
        modules=(NeededModule(evil, evil, origin=evil),), notes=(Note(evil),),
    )  # fmt: skip
    problem = Problem(evil, evil, evil, evil, 1, (PathStep(evil, evil), PathStep(evil, evil)), evil, (evil,))
    for shown in (report, report.with_problems(problem)):
        page = Text(shown._repr_html_())
        assert "img" not in page.tags
        assert "script" not in page.tags
        assert "<img src=x" in page.text


def test_html_stands_alone():
    html = GOOD._repr_html_()
    assert "src=" not in html
    assert "url(" not in html
    assert "@import" not in html


def test_both_forms_are_offered():
    assert set(GOOD._repr_mimebundle_()) == {"text/plain", "text/html"}


def test_warnings_stand_alone():
    report = GOOD.with_measured({}, {"tokenizer": 31.0}, (Note("slow", Level.WARNING), Note("quiet")))
    assert report.warnings == ("`tokenizer`: above 1 MB: unpickled at each cold start, about 31 ms", "slow")


def test_blue_is_for_what_is_under_way():
    assert "jla-live" in GOOD._repr_html_().partition("<style>")[0]
    assert "jla-live" not in GOOD.with_state("deployed", version="v8")._repr_html_().partition("<style>")[0]
