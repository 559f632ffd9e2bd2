"""The capture report for a terminal: the same facts in aligned columns, without markup."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from jupyter_lambda.capture.report import CaptureReport, Level, NeededModule, Note, PathStep, Problem, TakenName
from jupyter_lambda.telemetry import quantities

if TYPE_CHECKING:
    from collections.abc import Iterator

_WIDTH = 100
_SIGNS = {Level.WARNING: "⚠ ", Level.NOTICE: "(i) ", Level.QUIET: ""}


def as_text(report: CaptureReport) -> str:
    """Return the report, a line for each fact."""
    return "\n".join(line.rstrip() for line in _lines(report))


def _lines(report: CaptureReport) -> Iterator[str]:
    yield head(report)
    for problem in report.problems:
        yield ""
        yield from _problem(problem)
    if report.problems:
        also = also_captured(report)
        if also:
            yield ""
            yield f"Also captured: {also}"
        return
    if report.taken:
        yield ""
        yield f"Taken from the notebook   {taken_title(report)}"
        yield from _table(report.taken)
    if report.modules:
        yield ""
        yield f"Modules   {modules_title(report)}"
        yield from (f"  {'✓' if m.is_present else '✕'} {m.name} {module_words(m)}" for m in report.modules)
    if report.notes:
        yield ""
        for note in report.notes:
            yield from textwrap.wrap(_plain(note), _WIDTH, initial_indent="  ", subsequent_indent="    ")


def head(report: CaptureReport) -> str:
    """The first row: `embed  captured  v8 · package 2.3 MB · captured 12:03:58 · Python 3.12.1`."""
    sign = "✕ " if report.problems else ""
    parts = [f"{sign}{report.name}  {report.state}{f' {report.version}' if report.version else ''}"]
    if report.problems:
        parts.append(report.headline or in_the_way(report))
    else:
        parts += [report.headline] if report.headline else []
        parts += package_facts(report)
    return " · ".join(parts)


def in_the_way(report: CaptureReport) -> str:
    """`2 problems stand in the way`."""
    count = len(report.problems)
    return f"{quantities.plural(count, 'problem')} {'stands' if count == 1 else 'stand'} in the way"


def package_facts(report: CaptureReport) -> list[str]:
    """Size, time and Python of a package."""
    captured = [f"captured {quantities.local_time(report.captured)[:8]}"] if report.captured else []
    return [f"package {quantities.size(report.package_bytes)}", *captured, f"Python {report.python_version}"]


def taken_title(report: CaptureReport) -> str:
    """`4 names, values as they were when the cell ran`."""
    return f"{quantities.plural(len(report.taken), 'name')}, values as they were when the cell ran"


def modules_title(report: CaptureReport) -> str:
    """`3 needed, the worker has all`."""
    missing = sum(not m.is_present for m in report.modules)
    count = len(report.modules)
    has = (
        f"the worker lacks {missing}"
        if missing
        else {1: "the worker has it", 2: "the worker has both"}.get(count, "the worker has all")
    )
    return f"{count} needed, {has}"


def module_words(module: NeededModule) -> str:
    """`2.3.4 preloaded, 0 ms`, `1.23.2 ≈ 118 ms at init`, `missing`."""
    if not module.is_present:
        return "missing in the worker"
    words = [module.version] if module.version else []
    if module.origin:
        words.append(module.origin)
    elif module.is_preloaded:
        words.append("preloaded, 0 ms at init")
    elif module.import_ms is not None:
        words.append(f"≈ {module.import_ms:.0f} ms at init")
    return " ".join(words)


def also_captured(report: CaptureReport) -> str:
    """What would go along beside what stands in the way; empty if nothing would."""
    parts = []
    if report.taken:
        warned = len([n for t in report.taken for n in t.notes if n.level is Level.WARNING])
        parts.append(
            f"{quantities.plural(len(report.taken), 'name')}, {quantities.plural(warned, 'warning') if warned else 'no warnings'}"
        )
    if report.modules:
        parts.append(f"{quantities.plural(len(report.modules), 'module')}, {modules_title(report).partition(', ')[2]}")
    return " · ".join(parts)


def lowered(sentence: str) -> str:
    """A sentence that stands behind a colon."""
    return sentence[:1].lower() + sentence[1:]


def _table(taken: tuple[TakenName, ...]) -> Iterator[str]:
    rows = [("Name", "Type", "Size", "Note")]
    rows += [(t.name, t.type_text, quantities.size(t.size_bytes), "; ".join(_plain(n) for n in t.notes)) for t in taken]
    name, kind, size = (max(len(row[column]) for row in rows) for column in range(3))
    for row in rows:
        yield f"  {row[0]:<{name}}  {row[1]:<{kind}}  {row[2]:>{size}}  {row[3]}"


def _plain(note: Note) -> str:
    return _SIGNS[note.level] + note.text.replace("`", "")


def _problem(problem: Problem) -> Iterator[str]:
    detail = f"   {problem.detail.replace('`', '')}" if problem.detail else ""
    yield f"{problem.plain_headline}{detail}"
    yield from (f"    {line}" for line in problem.excerpt)
    yield from _path(problem.path, problem.reason)
    if problem.suggestion:
        words = f"Way out: {lowered(problem.plain_suggestion)}" if problem.path else problem.plain_suggestion
        yield from textwrap.wrap(words, _WIDTH, initial_indent="  ", subsequent_indent="  ")
    if problem.code:
        yield f"    {problem.code}"


def _path(path: tuple[PathStep, ...], reason: str) -> Iterator[str]:
    for depth, step in enumerate(path):
        indent = "  " + "    " * (depth - 1) + "  └ " if depth else "  "
        end = f"  ✕ {reason}" if depth == len(path) - 1 and reason else ""
        yield f"{indent}{step.label}  {step.type_text}{end}"
