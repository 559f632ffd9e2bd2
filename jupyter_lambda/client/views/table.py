"""A table as text and as HTML, from the same rows."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from jupyter_lambda.client.views.view import escaped


class Column(NamedTuple):
    """A column: its head, and whether its values are numbers (right-aligned)."""

    title: str
    number: bool = False


class Cell(NamedTuple):
    """A value with a role that HTML colours: `bad`, `warn`, `alive`, `quiet`, `strong`, `mono` (several with spaces)."""

    text: str
    role: str = ""


Row = Sequence[str | Cell]


def text_table(columns: Sequence[Column], rows: Sequence[Row]) -> str:
    """Aligned with spaces, no lines: two spaces between columns, none at line ends."""
    cells = [[_plain(cell) for cell in row] for row in rows]
    widths = [max([_width(column.title), *(_width(row[i]) for row in cells)]) for i, column in enumerate(columns)]
    lines = [[column.title for column in columns], *cells]
    return "\n".join(
        "  ".join(_padded(text, widths[i], columns[i].number) for i, text in enumerate(line)).rstrip() for line in lines
    )


def html_table(columns: Sequence[Column], rows: Sequence[Row]) -> str:
    """A plain `<table>` that reads well without any style."""
    head = "".join(f'<th scope="col"{_css("num" if column.number else "")}>{escaped(column.title)}</th>' for column in columns)
    body = "".join(
        "<tr>" + "".join(_html_cell(cell, column) for cell, column in zip(row, columns, strict=True)) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _html_cell(cell: str | Cell, column: Column) -> str:
    text, role = (cell.text, cell.role) if isinstance(cell, Cell) else (cell, "")
    shown = escaped(text).replace("\n", "<br>")
    return f"<td{_css(' '.join(filter(None, ('num' if column.number else '', role))))}>{shown}</td>"


def _css(names: str) -> str:
    return f' class="{names}"' if names else ""


def _plain(cell: str | Cell) -> str:
    text = cell.text if isinstance(cell, Cell) else cell
    return " ".join(text.split("\n"))


def _width(text: str) -> int:
    """Columns of a terminal: East Asian wide characters take two, combining marks none."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _padded(text: str, width: int, right: bool) -> str:
    gap = " " * (width - _width(text))
    return gap + text if right else text + gap
