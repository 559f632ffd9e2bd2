"""Moments as people of this machine's time zone read them."""

from __future__ import annotations

from datetime import UTC, datetime


def local_minute(text: str) -> str:
    """AWS's `2026-11-25T10:00:00.000+0000` as local date and minute; what is no time stays as it is."""
    try:
        return f"{datetime.fromisoformat(text).astimezone():%Y-%m-%d %H:%M}"
    except ValueError:
        return text


def local_time(epoch_seconds: float) -> str:
    """`12:04:31.402` of today's or any other day."""
    moment = datetime.fromtimestamp(epoch_seconds, tz=UTC).astimezone()
    return f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}"
