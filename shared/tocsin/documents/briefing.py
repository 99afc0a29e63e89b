"""The words of the first facts: the same lines in a page and on a screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.documents.fitting import one_line
from tocsin.documents.times import full_moment
from tocsin.incidents.vocabulary import Kind

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.incidents.queries.briefing import Brief, OnCallFor

_MARK = "[DRILL]"


def lines(brief: Brief) -> list[str]:
    """One fact a line, in the order they are needed; times in the team's zone and in UTC."""
    marker = f"{_MARK} " if brief.kind is Kind.DRILL else ""
    symptom = one_line(brief.symptom).removeprefix(_MARK).strip()
    return [
        f"{marker}{brief.severity.upper()} {brief.name or brief.incident}: {symptom}",
        _asked(brief),
        *(f"On call: {_person(one)}" for one in brief.on_call),
        *([_changed(one.what, one.at, brief.zone) for one in brief.changes] or [_NO_CHANGE]),
        _before(brief),
        *(f"{number}. {one_line(text)}" for number, text in enumerate(brief.next, start=1)),
    ]


_NO_CHANGE = "Changed: nothing known of in the hour before"


def _asked(brief: Brief) -> str:
    if brief.ask_by is not None:
        word = "ACK by" if brief.at < brief.ask_by else "OVERDUE since"
        name = brief.name or brief.incident
        return f"{word} {full_moment(brief.ask_by, brief.zone)}: tocsin ack {name}"
    return f"Acknowledged by {brief.acknowledged_by or 'nobody, and nobody is asked'}"


def _person(one: OnCallFor) -> str:
    role = one.role.replace("_", " ")
    then = f", then {one.backup}" if one.backup and one.backup != one.person else ""
    return f"{role} {one.person or 'NOBODY'}{then}"


def _changed(what: str, at: datetime, zone: str) -> str:
    return f"Changed {full_moment(at, zone)}: {one_line(what)}"


def _before(brief: Brief) -> str:
    if (seen := brief.before) is None:
        return "Before: not seen"
    became = seen.resolution or "open"
    learnt = seen.postmortem or "no postmortem"
    return f"Before: {seen.name or seen.incident} {one_line(seen.title)}, {became}: {learnt}"
