"""Turns an outbox item into the words that leave: a subject, a mail text and one SMS.

Pure: the same item and the same policy give the same text on every attempt, so a repeat after a
crash is the same message and not a confusing second one. What the reader does first comes first:
how bad, which incident, until when. A restricted incident shows its severity and id and nothing
else. `[DRILL]` opens every text of a drill.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from tocsin.documents.briefing import lines
from tocsin.documents.facts import Facts
from tocsin.documents.fitting import (
    SMS_SEPTETS,
    ascii_line,
    fit_sms,
    fit_subject,
    one_line,
    septets,
)
from tocsin.documents.times import full_moment, short_moment
from tocsin.errors import MalformedPayload
from tocsin.incidents.runbook.targets import BusinessDays, Elapsed
from tocsin.incidents.timeline.entry import parse_time
from tocsin.incidents.vocabulary import Kind, MessageKind
from tocsin.ports.messages import Message

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.incidents.model.outbox import OutboxItem, PersonalLinks
    from tocsin.incidents.queries.briefing import Brief
    from tocsin.incidents.runbook.policy import Policy, UpdateDue

INTERNAL_UPDATE = "internal"
_DRILL_NOTICE = "This is a drill. Act as if it were real; customers are not affected."
_DRILL_MARK = "[DRILL]"
_RESTRICTED = "restricted"
_UNKNOWN = "unknown"
_SYMPTOM = 12
"""Septets a text message keeps for what is wrong, spaces beside it included."""


@dataclass(frozen=True, slots=True)
class _Wording:
    """The parts of one message that differ from kind to kind.

    `what` stands between the id and the title, `until` after it; all make up subject and SMS.
    `asks` says that the reader is to acknowledge.
    """

    what: str
    until: str
    paragraphs: tuple[str, ...]
    asks: bool = False


def render(
    item: OutboxItem,
    policy: Policy,
    links: PersonalLinks | None = None,
    brief: Brief | None = None,
) -> Message:
    """The message of an outbox item, in the words and the zone of `policy`.

    `links` act for one person: they are given for a message that only that person reads. `brief`
    are the first facts, for a message that asks; it is in the long text alone.

    Raises:
        MalformedPayload: the item's facts are not enough to write it from.
    """
    facts = Facts.read(item.facts)
    worded = _notice if facts.matter else _wording
    wording = worded(item, facts, policy)
    marker = f"{_DRILL_MARK} " if facts.kind is Kind.DRILL else ""
    before = f"{marker}[{facts.severity.upper()}] {item.incident}{wording.what}"
    return Message(
        subject=fit_subject(before, _title(facts), wording.until),
        text=_text(item, facts, wording, policy, (links, brief)),
        short=_short(item, facts, wording, links),
        attributes={
            "person": item.target.removeprefix("person:"),
            "incident": item.incident,
            "severity": facts.severity,
            "kind": item.kind,
            "message_id": item.message_id,
            "urgency": "page" if _wakes_people(item, facts, policy) else "mail",
        },
    )


def _wording(item: OutboxItem, facts: Facts, policy: Policy) -> _Wording:
    personal = item.target.startswith("person:")
    match item.kind:
        case MessageKind.PAGE:
            return _asked(item, facts, policy)
        case MessageKind.OPENED if personal:
            return _asked(item, facts, policy)
        case MessageKind.OPENED:
            return _opened(item, facts, policy)
        case MessageKind.ACKNOWLEDGED:
            return _acknowledged(item, facts, policy)
        case MessageKind.REMINDER if facts.due_at is None:
            return _asked(item, facts, policy)
        case MessageKind.BREACH | MessageKind.REMINDER:
            return _late(item, facts, policy)
        case MessageKind.CHAT:
            raise MalformedPayload("a notice to the chat room is no message to people")
        case MessageKind.UPDATE | MessageKind.RECONCILIATION:
            raise MalformedPayload("what is passed on has its words with it")


def _short(item: OutboxItem, facts: Facts, wording: _Wording, links: PersonalLinks | None) -> str:
    """One SMS; the link is left out where it would leave no room for the symptom."""
    marker = f"{_DRILL_MARK} " if facts.kind is Kind.DRILL else ""
    before = ascii_line(f"{marker}[{facts.severity.upper()}] {item.incident}{wording.what}")
    until, title = ascii_line(wording.until), _title(facts)
    if links is not None and wording.asks:
        bare = ascii_line(f"{marker}{facts.severity.upper()} {item.incident}")
        after = f"{until.removeprefix('- ')} {links.acknowledge}"
        if septets(bare) + septets(after) + _SYMPTOM <= SMS_SEPTETS:
            return fit_sms(bare, title, after)
    return fit_sms(before, title, until)


def _text(
    item: OutboxItem,
    facts: Facts,
    wording: _Wording,
    policy: Policy,
    given: tuple[PersonalLinks | None, Brief | None],
) -> str:
    links, brief = given
    notice = f"{_DRILL_MARK} {_DRILL_NOTICE}" if facts.kind is Kind.DRILL else ""
    what = "Restricted: sign in to see what this is about."
    if not facts.restricted:
        place = f"Service {facts.service or _UNKNOWN}, environment {facts.environment or _UNKNOWN}."
        what = f"{_title(facts)}\n{place} Category {facts.category or _UNKNOWN}."
    paragraphs = [
        notice,
        f"{facts.severity.upper()} incident {item.incident}",
        what,
        *wording.paragraphs,
        _offer(links) if wording.asks else "",
        "\n".join(lines(brief)) if wording.asks and brief and not facts.restricted else "",
        f"Opened {full_moment(facts.opened_at, policy.calendar.zone)}.",
        f"Message {item.message_id}: the same id again is the same message again.",
    ]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph) + "\n"


def _offer(links: PersonalLinks | None) -> str:
    if links is None:
        return ""
    return (
        f"I have it: {links.acknowledge}\n"
        f"Page the backup now: {links.escalate}\n"
        f"Hand my role over: {links.hand_over}\n"
        "Each link acts as you and works once; opening it changes nothing until you confirm."
    )


def _asked(item: OutboxItem, facts: Facts, policy: Policy) -> _Wording:
    if facts.ask_by is None:
        raise MalformedPayload("somebody is asked to acknowledge and the message says no time")
    zone = policy.calendar.zone
    ask = f"Acknowledge by {full_moment(facts.ask_by, zone)}: say that you have it."
    others = ", ".join(name for name in facts.paged if item.target != f"person:{name}")
    return _Wording(
        what="",
        asks=True,
        until=f"- ACK by {short_moment(facts.ask_by, zone, seen=item.due_at)}",
        paragraphs=(
            f"{ask}\ntocsin ack {item.incident}",
            f"{facts.person} asks for you: {one_line(facts.reason)}" if facts.person else "",
            f"Asked together with you: {others}." if others else "Nobody else was asked.",
            f"People are asked for the {facts.round}. time." if facts.round > 1 else "",
        ),
    )


def _opened(item: OutboxItem, facts: Facts, policy: Policy) -> _Wording:
    update = _internal_update(item, facts, policy, mitigation="responders were asked")
    return _Wording(what="", until="- opened", paragraphs=(update,))


def _acknowledged(item: OutboxItem, facts: Facts, policy: Policy) -> _Wording:
    who = facts.person or _UNKNOWN
    return _Wording(
        what=f" acknowledged by {who}:",
        until="",
        paragraphs=(
            f"{who} has it. Nobody else needs to answer the page.",
            _internal_update(item, facts, policy, mitigation=f"{who} is working on it"),
        ),
    )


def _late(item: OutboxItem, facts: Facts, policy: Policy) -> _Wording:
    if facts.due_at is None or not facts.clock:
        raise MalformedPayload("a passed deadline needs its clock and its time")
    zone = policy.calendar.zone
    until = f"- {facts.clock} was due {short_moment(facts.due_at, zone, seen=item.due_at)}"
    due = full_moment(facts.due_at, zone)
    promise = f"The promise to {facts.clock} was due {due} and was not kept."
    if item.kind is MessageKind.REMINDER:
        promise = f"The working deadline to {facts.clock} passed: it was {due}."
    where = f"tocsin incidents show {item.incident}"
    return _Wording(
        what=" MISSED:" if item.kind is MessageKind.BREACH else " LATE:",
        until=until,
        paragraphs=(promise, f"Who has it, and what was done:\n{where}"),
    )


def _notice(item: OutboxItem, facts: Facts, policy: Policy) -> _Wording:
    """What falls due besides the clocks: an exception that is over, a freeze about to end."""
    if facts.due_at is None:
        raise MalformedPayload(f"a message about the {facts.matter} says no time")
    due = full_moment(facts.due_at, policy.calendar.zone)
    short = short_moment(facts.due_at, policy.calendar.zone, seen=item.due_at)
    until = f"- {short}"
    match facts.matter:
        case "freeze":
            what = "FREEZE ENDS"
            said = f"Deployments are frozen until {due}, and free after it. Hold it or let it end."
        case "role_taken":
            what, until = f"YOU ARE {facts.role}", ""
            said = f"{facts.person} gave you the role {facts.role}.\n\n{facts.briefing}".strip()
        case "role_passed":
            what, until = f"NO LONGER {facts.role}", ""
            said = f"{facts.person} gave the role {facts.role}, which was yours, to somebody else."
        case "waiver":
            what, until = "WAIVER OVER", f"- since {short}"
            said = f"The exception for {facts.criterion} is over since {due}; it is still not met."
        case "unscheduled":
            what, until = "NO RELEASE PLANNED", "- for this week's security review"
            said = (
                f"Listed for the weekly security review of {due}: the fix waits for the next"
                " release, and none is planned. Plan one (tocsin releases record), or raise the"
                " severity."
            )
        case "unshipped":
            planned = full_moment(parse_time(facts.criterion), policy.calendar.zone)
            what, until = "RELEASE LATE", "- for this week's review"
            said = (
                f"Listed for the weekly security review of {due}: the fix waits for the release"
                f" that was planned for {planned}, and it has not shipped. Ship it, plan it anew"
                " (tocsin releases record), or raise the severity."
            )
        case "prevention":
            what = "ACTION OVERDUE"
            said = f"The preventive action {facts.criterion} was due {due} and is not verified."
        case _:
            what, until, said = _about_update(facts, due, short)
    return _Wording(what=f" {what}:", until=until, paragraphs=(said,))


def _about_update(facts: Facts, due: str, short: str) -> tuple[str, str, str]:
    """What, until when, and a paragraph: of an update, or of a drill that is over."""
    audience = facts.audience
    match facts.matter:
        case "update":
            said = f"The next update to {audience} is promised by {due}."
            return "UPDATE DUE", f"- by {short}", said
        case "update_missed":
            said = f"The update to {audience} was promised by {due} and was not sent."
            return "UPDATE MISSED", f"- {short}", said
        case "update_owed":
            said = f"The update to {audience} that waited for the fix is due since {due}."
            return "UPDATE DUE", "- now", said
        case "drill_stopped":
            said = f"The critical incident {facts.criterion} is real and open. This drill is over."
            return f"STOPPED FOR {facts.criterion}", "", said
        case "withdrawal":
            said = (
                f"Containment was lost at {due}. Update {facts.criterion} told {audience} that the"
                " issue is contained: do not send that wording any more, and correct it."
            )
            return "CORRECT CUSTOMERS", "- now", said
        case "withdrawal_open":
            said = (
                f"Reopened at {due}. What told {audience} that the issue is contained"
                f" ({facts.criterion}) was never corrected: correct it now."
            )
            return "CORRECT CUSTOMERS", "- now", said
    raise MalformedPayload(f"there are no words for {facts.matter}")


def _internal_update(item: OutboxItem, facts: Facts, policy: Policy, *, mitigation: str) -> str:
    """The runbook's internal update, filled in; its placeholders are the runbook's own."""
    first = policy.severities[facts.severity].internal_updates.first
    next_update = _after(facts.opened_at, first, policy)
    values = {
        "<ID>": item.incident,
        "<level>": facts.severity,
        "<status>": mitigation,
        "<time>": full_moment(next_update, policy.calendar.zone) if next_update else "on decision",
        "<summary>": _title(facts),
    }
    text = policy.templates[INTERNAL_UPDATE].text
    for placeholder, value in values.items():
        text = text.replace(placeholder, value)
    return text


def _title(facts: Facts) -> str:
    """The title on one line; a drill's own mark is left out, because the text has it already."""
    if facts.restricted:
        return _RESTRICTED
    return one_line(facts.title).removeprefix(_DRILL_MARK).strip()


def _after(start: datetime, due: UpdateDue | None, policy: Policy) -> datetime | None:
    match due:
        case Elapsed(minutes):
            return start + timedelta(minutes=minutes)
        case BusinessDays(days):
            return policy.calendar.add_minutes(start, days * policy.calendar.minutes_per_day)
        case _:
            return None


def _wakes_people(item: OutboxItem, facts: Facts, policy: Policy) -> bool:
    """Whether a telephone may ring: never for mail, and never below the severities that page."""
    loud = item.kind in {MessageKind.PAGE, MessageKind.BREACH}
    return loud and policy.severities[facts.severity].escalation.pages
