"""Signals that led to nothing, or not yet: listed with why, and with what they would have done."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tocsin.application.signals.weekly import by_key, week_of
from tocsin.errors import BadInput
from tocsin.runtime.web.answers import answer
from tocsin.runtime.web.fields import count

if TYPE_CHECKING:
    from datetime import date

    from functions.incident_api.call import Call
    from tocsin.application.signals.weekly import UnknownKey
    from tocsin.ports.signals import Aside
    from tocsin.runtime.web.http import Response

_WEEK = re.compile(r"20[0-9]{2}-W[0-5][0-9]")
_PAGE, _LONGEST_PAGE = 50, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Asides:
    """Signals set aside on a day, newest first; `next` as `cursor` continues."""

    day: str
    signals: tuple[Aside, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknowns:
    """What no rule knew, the most frequent first; told in the first working minute of `week`."""

    week: str
    signals: tuple[UnknownKey, ...]


def unknown(call: Call) -> Response:
    """How often each key fired that no rule knows, and what that opened or joined."""
    week = (
        call.request.query.get("week") or week_of(call.now, call.application.policies.current())[0]
    )
    if not _WEEK.fullmatch(week):
        raise BadInput("`week` is an ISO week, like 2026-W37", field="week")
    found = by_key(call.application.store.unknown(week))
    return answer(200, Unknowns(week=week, signals=found))


def set_aside(call: Call) -> Response:
    """What was monitored, held, suppressed or outranked on a day, or told of nothing open."""
    query = call.request.query
    day = _day(query["day"]) if "day" in query else call.now.astimezone(UTC).date()
    limit = count(query, "limit", default=_PAGE, largest=_LONGEST_PAGE) or 1
    found = call.application.store.asides(day, limit=limit, cursor=query.get("cursor"))
    return answer(200, Asides(day=day.isoformat(), signals=found.items, next=found.cursor))


def _day(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError as wrong:
        raise BadInput("`day` is a day in UTC, like 2026-09-08", field="day") from wrong
