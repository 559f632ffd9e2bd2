"""The capture report for a terminal."""

from __future__ import annotations

from jupyter_lambda.capture.report import CaptureReport


def as_text(report: CaptureReport) -> str:
    return report.name
