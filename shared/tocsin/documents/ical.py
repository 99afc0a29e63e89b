"""Shifts as an iCalendar (RFC 5545) that any calendar program subscribes to. Standard library only.

Times are in UTC, which needs no zone in the file and is right in everybody's calendar. The same
shift has the same UID in every export, so a refresh moves events instead of doubling them.
"""

from __future__ import annotations

import hashlib
from datetime import UTC
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from tocsin.people.rotation import Shift

MEDIA_TYPE = "text/calendar; charset=utf-8"
_LONGEST_LINE = 75
_PRODUCT = "-//Tocsin//On call//EN"
_ESCAPED = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n", "\r": ""})


def calendar(shifts: Iterable[Shift], *, name: str, now: datetime) -> str:
    """The calendar of some shifts; a stretch with nobody on call is an event too."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:{_PRODUCT}",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{_text(name)}",
    ]
    for shift in shifts:
        lines += _event(shift, now)
    lines.append("END:VCALENDAR")
    return "".join(f"{folded}\r\n" for line in lines for folded in _folded(line))


def _event(shift: Shift, now: datetime) -> list[str]:
    role = str(shift.role).replace("_", " ")
    primary = shift.on_call.primary
    behind = [*([shift.on_call.backup] if shift.on_call.backup else []), *shift.on_call.deputies]
    uid = hashlib.sha256(f"{shift.role} {_moment(shift.starts_at)}".encode()).hexdigest()[:32]
    return [
        "BEGIN:VEVENT",
        f"UID:{uid}@tocsin",
        f"DTSTAMP:{_moment(now)}",
        f"DTSTART:{_moment(shift.starts_at)}",
        f"DTEND:{_moment(shift.ends_at)}",
        f"SUMMARY:{_text(f'{role}: {primary or "NOBODY"}')}",
        f"DESCRIPTION:{_text(f'Then: {", ".join(behind) or "nobody"}')}",
        f"CATEGORIES:{_text(role)}",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    ]


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(text: str) -> str:
    return text.translate(_ESCAPED)


def _folded(line: str) -> Iterator[str]:
    """At most 75 octets a line, never inside a character; what follows begins with a space."""
    part = ""
    for letter in line:
        if len((part + letter).encode()) > _LONGEST_LINE:
            yield part
            part = " "
        part += letter
    yield part
