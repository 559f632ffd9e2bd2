"""The capture report for a notebook: one self-contained piece of HTML, as `ui.md` draws it.

Needs no extension and no script: colours are JupyterLab's `--jp-*` variables with fall-backs for light and dark, so the same markup
stands in Lab, VS Code and an exported page; without any style at all it is still a table. Every text is escaped.
"""

from __future__ import annotations

import math
import re
from html import escape
from typing import Final

from jupyter_lambda.capture import report_text
from jupyter_lambda.capture.report import CaptureReport, Level, NeededModule, Note, Problem, TakenName
from jupyter_lambda.capture.report_style import STYLE
from jupyter_lambda.model import limits
from jupyter_lambda.telemetry import quantities

_GLYPHS: Final = {
    "ok": '<path d="M3 8.5l3.2 3.2L13 4.8"/>',
    "bad": '<rect x="1.5" y="1.5" width="13" height="13" rx="2" fill="currentColor" stroke="none"/>'
    '<path class="jla-cut" d="M5.2 5.2l5.6 5.6M10.8 5.2l-5.6 5.6"/>',
    "warning": '<path d="M8 2L15 14H1z"/><path d="M8 6.5v3.4M8 12v.1"/>',
    "notice": '<circle cx="8" cy="8" r="6"/><path d="M8 7.4v3.8M8 4.8v.1"/>',
}
# Said in words where there is no style, and to screen readers.
_WORDS: Final = {"ok": "present", "bad": "missing", "warning": "warning", "notice": "note"}


def as_html(report: CaptureReport) -> str:
    """Return the report as HTML."""
    kind = "jla-fail" if report.problems else "jla-live" if report.state == "deploying" else "jla-quiet"
    body = _problems(report) if report.problems else _taken(report) + _modules(report) + _notes(report) + _foot(report)
    return (
        f'<div class="jp-Lambda-capture {kind}" role="region" aria-label="Capture report for {escape(report.name)}">'
        f"<style>{STYLE}</style>{_head(report)}{body}</div>"
    )


def _head(report: CaptureReport) -> str:
    version = f' <span class="jla-chip jla-mono">{escape(report.version)}</span>' if report.version else ""
    name = f'<span class="jla-mono jla-b">{escape(report.name)}</span>'
    if report.problems:
        told = escape(report.headline or report_text.in_the_way(report))
        state = f'<span class="jla-bad jla-b">{escape(report.state)}</span>{version}'
        return f'<div class="jla-head">{_glyph("bad", "jla-bad")} {name} {state} <span class="jla-fg2">{told}</span></div>'
    told = f' <span class="jla-fg2">{escape(report.headline)}</span>' if report.headline else ""
    facts = " · ".join(_with_units(fact) for fact in report_text.package_facts(report))
    state = f'<span class="jla-fg2">{escape(report.state)}</span>{version}{told}'
    return f'<div class="jla-head">{name} {state}<span class="jla-facts">{facts}</span></div>'


def _taken(report: CaptureReport) -> str:
    if not report.taken:
        return ""
    rows = "".join(_row(taken) for taken in report.taken)
    return (
        f"{_section('Taken from the notebook', report_text.taken_title(report))}"
        '<table><thead><tr><th scope="col">Name</th><th scope="col">Type</th><th scope="col" class="jla-r">Size</th>'
        f'<th aria-hidden="true"></th><th scope="col">Note</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _row(taken: TakenName) -> str:
    notes = "<br>".join(_note(note) for note in taken.notes)
    return (
        f'<tr><td class="jla-mono">{escape(taken.name)}</td><td class="jla-mono jla-fg2">{escape(taken.type_text)}</td>'
        f'<td class="jla-r">{_with_units(quantities.size(taken.size_bytes))}</td><td aria-hidden="true">{_bar(taken.size_bytes)}</td>'
        f"<td>{notes}</td></tr>"
    )


def _bar(size_bytes: int) -> str:
    """A bar on a logarithmic scale from 10 B to 100 MB; amber above 1 MB."""
    share = (math.log10(max(size_bytes, 10)) - 1) / 7
    kind = "jla-costs" if size_bytes > limits.CAPTURED_VALUE_WARNING_BYTES else ""
    return f'<span class="jla-bar"><i class="{kind}" style="width:{min(100.0, max(2.0, share * 100)):.0f}%"></i></span>'


def _modules(report: CaptureReport) -> str:
    if not report.modules:
        return ""
    told = " ".join(_module(module) for module in report.modules)
    return f'{_section("Modules", report_text.modules_title(report))}<div class="jla-flow">{told}</div></div>'


def _module(module: NeededModule) -> str:
    words = report_text.module_words(module)
    version, rest = (module.version, words.removeprefix(module.version)) if module.version else ("", words)
    glyph = _glyph("ok") if module.is_present else _glyph("bad", "jla-bad")
    numbers = f' <span class="jla-mono">{escape(version)}</span>' if version else ""
    kind = "jla-fg2" if module.is_present else "jla-bad"
    told = f' <span class="{kind}">{escape(rest.strip())}</span>' if rest.strip() else ""
    return f'<span class="jla-module">{glyph} <span class="jla-mono">{escape(module.name)}</span>{numbers}{told}</span>'


def _notes(report: CaptureReport) -> str:
    if not report.notes:
        return ""
    return '<div class="jla-sec jla-notes">' + "<br>".join(_note(note) for note in report.notes) + "</div>"


def _foot(report: CaptureReport) -> str:
    count = len(report.warnings)
    if not count:
        return ""
    return (
        f'<div class="jla-warn">{_glyph("warning", "jla-cold")} <span><b>{quantities.plural(count, "warning")}.</b> '
        "It deploys all the same.</span></div>"
    )


def _problems(report: CaptureReport) -> str:
    parts = [_problem(problem) for problem in report.problems]
    also = report_text.also_captured(report)
    if also:
        parts.append(f'<div class="jla-sec jla-small">Also captured <span class="jla-fg2">{escape(also)}</span></div>')
    return "".join(parts)


def _problem(problem: Problem) -> str:
    left = _path(problem) + (f"<pre>{escape(chr(10).join(problem.excerpt))}</pre>" if problem.excerpt else "")
    words = f"Way out: {report_text.lowered(problem.suggestion)}" if problem.path else problem.suggestion
    right = f'<div class="jla-way">{_marked(words)}</div>' if words else ""
    if problem.code:
        right += f"<pre>{escape(problem.code)}</pre>"
    body = f'<div class="jla-half"><div>{left}</div><div>{right}</div></div>' if left and right else left + right
    detail = f'<span class="jla-sub">{_marked(problem.detail)}</span>' if problem.detail else ""
    return f'<div class="jla-sec"><div class="jla-hd"><h4>{_marked(problem.headline)}</h4>{detail}</div>{body}</div>'


def _path(problem: Problem) -> str:
    if not problem.path:
        return ""
    steps = []
    for depth, step in enumerate(problem.path):
        is_last = depth == len(problem.path) - 1
        branch = '<span class="jla-fg2">└ </span>' if depth else ""
        label = f'<span class="{"jla-bad jla-b" if is_last else "" if depth else "jla-b"}">{escape(step.label)}</span>'
        reason = f' <span class="jla-bad">{_glyph("bad")} {escape(problem.reason)}</span>' if is_last and problem.reason else ""
        kind = "" if is_last else ' class="jla-fg2"'
        steps.append(
            f'<div role="treeitem" class="{"jla-culprit" if is_last else ""}" style="padding-left:{depth * 1.25 + 0.25:g}em">'
            f"{branch}{label} <span{kind}>{escape(step.type_text)}</span>{reason}</div>"
        )
    return f'<div role="tree" class="jla-tree" aria-label="Path to the value that can\'t be pickled">{"".join(steps)}</div>'


def _section(title: str, subtitle: str) -> str:
    return f'<div class="jla-sec"><div class="jla-hd"><h4>{title}</h4><span class="jla-sub">{escape(subtitle)}</span></div>'


def _note(note: Note) -> str:
    if note.level is Level.QUIET:
        return f'<span class="jla-fg2">{_marked(note.text)}</span>'
    if note.level is Level.NOTICE:
        return f'<span class="jla-fg2">{_glyph("notice")} {_marked(note.text)}</span>'
    return f"{_glyph('warning', 'jla-cold')} {_marked(note.text)}"


def _marked(text: str) -> str:
    """Escaped, with `code` between backticks set as code."""
    return re.sub(r"`([^`]+)`", r'<span class="jla-mono jla-code">\1</span>', escape(text))


def _with_units(text: str) -> str:
    """A quantity with its unit one step smaller; other words as they are."""
    numbers = r"(\d[\d,.:]*)(?:\s(B|kB|MB|GB|TB|ms|s)\b)?"

    def shown(match: re.Match[str]) -> str:
        unit = f'<span class="jla-u"> {match[2]}</span>' if match[2] else ""
        return f'<span class="jla-n">{match[1]}{unit}</span>'

    return re.sub(numbers, shown, escape(text))


def _glyph(name: str, kind: str = "") -> str:
    return (
        f'<svg class="jla-i {kind}" viewBox="0 0 16 16" width="14" height="14" role="img" aria-label="{_WORDS[name]}">'
        f"{_GLYPHS[name]}</svg>"
    )
