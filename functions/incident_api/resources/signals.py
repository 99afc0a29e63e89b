"""Signals that led to nothing, or not yet: listed with why, and with what they would have done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tocsin.errors import BadInput
from tocsin.runtime.web.answers import answer
from tocsin.runtime.web.fields import count

if TYPE_CHECKING:
    from datetime import date

    from functions.incident_api.call import Call
    from tocsin.ports.incidents import Aside
    from tocsin.runtime.web.http import Response

_PAGE, _LONGEST_PAGE = 50, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Asides:
    """Signals set aside on a day, newest first; `next` as `cursor` continues."""

    day: str
    signals: tuple[Aside, ...]
    next: str | None


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
