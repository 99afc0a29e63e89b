"""The words of the team's chat room: one notice per piece of news, in the incident's thread.

Pure, as all texts are: a repeat after a crash is the same notice. Nothing in it acts for anybody;
the commands it offers ask whoever types them who they are. `[DRILL]` comes first. A restricted
incident's notice is its severity, its id and the word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.documents.fitting import fit_subject, one_line
from tocsin.documents.times import full_moment
from tocsin.errors import MalformedPayload
from tocsin.incidents.model.outbox import REDRIVE_AFTER
from tocsin.incidents.timeline.entry import parse_time
from tocsin.incidents.vocabulary import ClockName, Kind, RoomNews, Severity
from tocsin.ports.messages import Message

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from tocsin.incidents.model.outbox import OutboxItem
    from tocsin.incidents.runbook.policy import Policy

DRILL_MARK = "[DRILL]"
_RESTRICTED = "restricted"
_CLOCKS = {
    RoomNews.OPENED: (*ClockName,),
    RoomNews.SEVERITY: (*ClockName,),
    RoomNews.REOPENED: (*ClockName,),
    RoomNews.ACKNOWLEDGED: (ClockName.CONTAIN,),
    RoomNews.CONTAINMENT_LOST: (ClockName.CONTAIN,),
    RoomNews.CONTAINED: (ClockName.FIX,),
}
"""The promises that a piece of news is about, besides what happened."""

_NAMED = ("category", "service", "environment", "state")


def render_room(item: OutboxItem, policy: Policy, at: datetime | None = None) -> Message:
    """The notice of an outbox item to the room, in the zone of `policy`; it leaves at `at`.

    Raises:
        MalformedPayload: the item's facts are not enough to write it from.
    """
    facts = item.facts
    try:
        at = at or item.due_at - REDRIVE_AFTER
        return _restricted(item) if facts["restricted"] == "true" else _notice(item, policy, at)
    except (KeyError, ValueError) as error:
        raise MalformedPayload(f"a notice cannot be written from its facts: {error}") from error


def _restricted(item: OutboxItem) -> Message:
    line = f"{_before(item)} {_RESTRICTED}"
    return Message(subject=line, text=line, short=line, attributes=_attributes(item))


def _notice(item: OutboxItem, policy: Policy, at: datetime) -> Message:
    facts = item.facts
    news = RoomNews(facts["news"])
    title = one_line(facts["title"]).removeprefix(DRILL_MARK).strip()
    what = _headline(news, facts)
    marker = f"{DRILL_MARK} This is a drill; customers are not affected." if _drill(facts) else ""
    place = f"Service {facts.get('service') or 'unknown'}, {facts.get('environment') or 'unknown'}."
    paragraphs = [
        marker,
        title,
        *_said(news, facts, policy, at),
        f"{place} Category {facts.get('category') or 'unknown'}.",
    ]
    subject = fit_subject(f"{_before(item)} {what}:", title, "")
    return Message(
        subject=subject,
        text="\n".join(line for line in paragraphs if line),
        short=subject,
        attributes=_attributes(item)
        | {"news": str(news)}
        | {name: facts[name] for name in _NAMED if facts.get(name)},
        next_steps=_steps(news, item.called),
    )


def _before(item: OutboxItem) -> str:
    marker = f"{DRILL_MARK} " if _drill(item.facts) else ""
    return f"{marker}[{Severity(item.facts['severity']).upper()}] {item.called}"


def _drill(facts: Mapping[str, str]) -> bool:
    return Kind(facts["kind"]) is Kind.DRILL


def _attributes(item: OutboxItem) -> dict[str, str]:
    return {
        "person": item.target,
        "incident": item.incident,
        "severity": item.facts["severity"],
        "kind": item.kind,
        "message_id": item.message_id,
        "urgency": "chat",
    }


def _headline(news: RoomNews, facts: Mapping[str, str]) -> str:
    match news:
        case RoomNews.SEVERITY:
            return f"{_direction(facts)} to {facts['new']}"
        case RoomNews.CONTAINED:
            return "containment verified"
        case RoomNews.CONTAINMENT_LOST:
            return "CONTAINMENT LOST"
        case RoomNews.BREACH:
            return f"MISSED: {ClockName(facts['clock'])}"
        case _:
            return str(news)


def _direction(facts: Mapping[str, str]) -> str:
    return "raised" if Severity(facts["new"]).rank < Severity(facts["old"]).rank else "lowered"


def _said(news: RoomNews, facts: Mapping[str, str], policy: Policy, at: datetime) -> Iterator[str]:
    """What happened, line by line; empty lines are left out by the caller."""
    by = facts.get("by", "")
    match news:
        case RoomNews.ACKNOWLEDGED:
            yield f"{by} has it."
        case RoomNews.HANDOVER:
            yield _handed_over(facts, by)
        case RoomNews.CONTAINED:
            yield f"{by} verified containment."
        case RoomNews.UPDATE:
            yield f"{by}: {facts['text']}"
            yield f"Next update by {_moment(facts['due_at'], policy)}." if "due_at" in facts else ""
        case RoomNews.BREACH:
            yield f"The promise to {facts['clock']} was due {_moment(facts['due_at'], policy)}."
        case _:
            yield _turned(news, facts, by)
    reason = one_line(facts.get("reason", ""))
    yield f"Reason: {reason}" if reason else ""
    yield _dues(facts, policy, _CLOCKS.get(news, ()), at)


def _turned(news: RoomNews, facts: Mapping[str, str], by: str) -> str:
    match news:
        case RoomNews.OPENED:
            return f"Opened by {by}."
        case RoomNews.SEVERITY:
            return f"{by} {_direction(facts)} it from {facts['old']} to {facts['new']}."
        case RoomNews.CLOSED:
            return f"{by} closed it as {facts['resolution'].replace('_', ' ')}."
        case RoomNews.REOPENED:
            return f"{by} reopened it, for cycle {facts['cycle']}."
        case _:
            return ""


def _handed_over(facts: Mapping[str, str], by: str) -> str:
    role = facts["role"].replace("_", " ")
    if to := facts.get("to"):
        return f"{to} is {role} now, in the place of {by}."
    return f"{by} gave up the role {role}; nobody has it now."


def _dues(
    facts: Mapping[str, str], policy: Policy, clocks: tuple[ClockName, ...], at: datetime
) -> str:
    dues = (
        _due(clock, parse_time(facts[f"{clock}_due"]), policy, at)
        for clock in clocks
        if facts.get(f"{clock}_due")
    )
    return " ".join(dues)


def _due(clock: ClockName, due: datetime, policy: Policy, at: datetime) -> str:
    moment = full_moment(due, policy.calendar.zone)
    name = str(clock).capitalize()
    return f"{name} by {moment}." if due > at else f"{name}: OVERDUE since {moment}."


def _moment(text: str, policy: Policy) -> str:
    return full_moment(parse_time(text), policy.calendar.zone)


def _steps(news: RoomNews, incident: str) -> tuple[str, ...]:
    show = f"tocsin incidents show {incident}"
    match news:
        case RoomNews.OPENED | RoomNews.REOPENED:
            return (f"tocsin ack {incident}", show)
        case RoomNews.CLOSED:
            return (f"tocsin incidents timeline {incident}",)
        case _:
            return (show,)
