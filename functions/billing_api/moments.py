"""Epoch seconds as the API shows times."""

from __future__ import annotations

from datetime import UTC, datetime

from tocsin.incidents.timeline.entry import format_time


def shown(seconds: int) -> str:
    """RFC 3339, UTC, milliseconds."""
    return format_time(datetime.fromtimestamp(seconds, UTC))


def shown_if(seconds: int | None) -> str | None:
    """The same, or None for none."""
    return None if seconds is None else shown(seconds)
