"""The capture report for a notebook."""

from __future__ import annotations

from jupyter_lambda.capture.report import CaptureReport


def as_html(report: CaptureReport) -> str:
    return report.name
