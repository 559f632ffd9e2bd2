"""The two ways in which a capture ends without a package: inside this room, and for its callers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lambda.errors import CaptureError

if TYPE_CHECKING:
    from jupyter_lambda.capture.report import CaptureReport, Problem


class Refused(CaptureError):
    """One step of a capture found problems; `capturing` gathers them into a report and raises `CaptureFailed`."""

    def __init__(self, *problems: Problem) -> None:
        first = problems[0]
        super().__init__("capture", first.plain_headline, first.suggestion)
        self.problems = problems


class CaptureFailed(CaptureError):
    """Nothing was deployed; `report` says why, and displays itself in a notebook and in a terminal."""

    def __init__(self, report: CaptureReport) -> None:
        first = report.problems[0]
        more = len(report.problems) - 1
        also = f" (and {more} more problem{'s' if more > 1 else ''})" if more else ""
        line = f", line {first.line}" if first.line else ""
        super().__init__(f'function "{report.name}"{line}', first.plain_headline + also, first.plain_suggestion)
        self.report = report

    def _repr_html_(self) -> str:
        return self.report._repr_html_()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return self.report._repr_mimebundle_(include, exclude)
