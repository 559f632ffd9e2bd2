"""AWS's written moments as people of this machine's time zone read them."""

from __future__ import annotations

from datetime import datetime


def local_minute(text: str) -> str:
    """AWS's `2026-11-25T10:00:00.000+0000` as local date and minute; what is no time stays as it is."""
    try:
        return f"{datetime.fromisoformat(text).astimezone():%Y-%m-%d %H:%M}"
    except ValueError:
        return text
