"""The values a runbook key can hold, and the wordings they are read from.

Apart from `schema` so that the shape of the file reads as a table of keys.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, PlainValidator

from tocsin.billing.access.entitlement import Access
from tocsin.billing.access.freeze import BillingChange
from tocsin.billing.subscription import Status
from tocsin.incidents.runbook.targets import AtMilestone, BusinessDays, Elapsed, NextRelease
from tocsin.incidents.vocabulary import (
    Audience,
    Category,
    ClockName,
    Phase,
    Role,
    RoomNews,
    Severity,
    WayKind,
)
from tocsin.policy.compiled.targets import parse_minutes, parse_target, parse_update

if TYPE_CHECKING:
    from collections.abc import Callable


def read_with(parser: Callable[[str], object]) -> PlainValidator:
    """Text only, turned into a value by `parser`, whose ValueError becomes the problem."""

    def read(value: object) -> object:
        if not isinstance(value, str):
            raise ValueError(f"this is written as text, not {value!r}")  # noqa: TRY004 - pydantic reports ValueError
        return parser(value)

    return PlainValidator(read)


def short_form(value: object) -> object:
    """`key: some text` for `key: {text: some text}`."""
    return {"text": value} if isinstance(value, str) else value


Text = Annotated[str, Field(min_length=1, max_length=2000)]
Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Count = Annotated[int, Field(ge=1, le=100_000)]
Percent = Annotated[int, Field(ge=1, le=99)]
Minutes = Annotated[int, read_with(parse_minutes)]
ClockTarget = Annotated[Elapsed | BusinessDays | NextRelease, read_with(parse_target)]
UpdateTarget = Annotated[Elapsed | BusinessDays | AtMilestone, read_with(parse_update)]
SeverityName = Annotated[Severity, Field(strict=False)]
CategoryName = Annotated[Category, Field(strict=False)]
RoleName = Annotated[Role, Field(strict=False)]
AudienceName = Annotated[Audience, Field(strict=False)]
StatusName = Annotated[Status, Field(strict=False)]
AccessName = Annotated[Access, Field(strict=False)]
ChangeName = Annotated[BillingChange, Field(strict=False)]
PhaseName = Annotated[Phase, Field(strict=False)]
WayName = Annotated[WayKind, Field(strict=False)]
NewsName = Annotated[RoomNews, Field(strict=False)]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"a date is written as `2026-09-07`, not {text!r}") from None


def _phase_due(text: str) -> Elapsed | ClockName:
    if text in ClockName:
        return ClockName(text)
    return Elapsed(parse_minutes(text))


def _span(text: str) -> tuple[int, int]:
    start, dash, end = text.partition("-")
    if not dash:
        raise ValueError(f"working hours are written as `09:00-18:00`, not {text!r}")
    return _clock(start), _clock(end)


def _clock(text: str) -> int:
    hours, colon, minutes = text.partition(":")
    if not colon or not (hours + minutes).isdecimal() or len(hours) != 2 or len(minutes) != 2:  # noqa: PLR2004 - two digits each
        raise ValueError(f"a time of day is written as `09:00`, not {text!r}")
    if int(minutes) > 59 or int(hours) * 60 + int(minutes) > 24 * 60:  # noqa: PLR2004 - minutes of an hour, of a day
        raise ValueError(f"{text!r} is no time of day")
    return int(hours) * 60 + int(minutes)


Day = Annotated[date, read_with(_day)]
PhaseDue = Annotated[Elapsed | ClockName, read_with(_phase_due)]
DaySpan = Annotated[tuple[int, int], read_with(_span)]
