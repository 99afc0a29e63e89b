"""How people write lengths of time and instants on the command line.

An instant without a zone is refused: at an incident "10:00" means three different things to three
people on the call.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from tocsin.errors import BadInput
from tocsin.incidents.limits import YEARS

_SPAN = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_UNITS = ("days", "hours", "minutes", "seconds")
_LONGEST = timedelta(days=3660)
LENGTHS = {
    "seconds": timedelta(seconds=1),
    "minutes": timedelta(minutes=1),
    "days": timedelta(days=1),
}
"""Fields that are a length of time, in their unit: typed like every other length."""


def read_span(text: str) -> timedelta:
    """`90s`, `5m`, `4h`, `2d` or together, longest first: `1h30m`.

    Raises:
        BadInput: anything else, nothing, or over ten years.
    """
    match = _SPAN.fullmatch(text.strip().lower())
    parts = {} if match is None else dict(zip(_UNITS, match.groups(), strict=True))
    try:
        span = timedelta(**{unit: int(count) for unit, count in parts.items() if count})
    except OverflowError:
        span = timedelta.max
    if not timedelta() < span <= _LONGEST:
        raise BadInput(f"{text!r} is no length of time: write 90s, 5m, 4h, 2d or 1h30m")
    return span


def read_count(text: str, unit: str) -> int:
    """`90m`, `2h`, `3d` or `1d12h` in whole `minutes`, `days`; a bare number counts those.

    Raises:
        BadInput: it is no length of time, or not so many whole ones.
    """
    if text.isascii() and text.isdigit():
        return int(text)
    count, rest = divmod(read_span(text), LENGTHS[unit])
    if rest:
        raise BadInput(f"{text!r} is no whole number of {unit}", field=unit)
    return count


def read_instant(text: str) -> datetime:
    """An RFC 3339 instant, which has a zone; in UTC.

    Raises:
        BadInput: it cannot be read, names no zone, or is in no year of this century.
    """
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise BadInput(f"{text!r} is no instant: write 2026-09-08T10:00-04:00") from error
    if instant.tzinfo is None:
        raise BadInput(f"{text!r} names no zone: end it with Z or an offset like -04:00")
    if instant.year not in YEARS:
        raise BadInput(f"{text!r} is not in the years {YEARS[0]} to {YEARS[-1]}")
    return instant.astimezone(UTC)


def show_span(span: timedelta) -> str:
    """The longest units that are needed, as `read_span` takes them: `1d4h`, `-5m`, `0s`."""
    seconds = round(abs(span) / timedelta(seconds=1))
    shown = ""
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        count, seconds = divmod(seconds, length)
        shown += f"{count}{unit}" if count else ""
    return ("-" if span < timedelta() and shown else "") + (shown or "0s")
