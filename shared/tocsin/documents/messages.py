"""Turns an outbox item into the words that leave: a subject, a mail text and one SMS.

Pure: the same item and the same policy give the same text on every attempt, so a repeat after a
crash is the same message and not a confusing second one. What the reader does first comes first:
how bad, which incident, until when. A restricted incident shows its severity and id and nothing
else. `[DRILL]` opens every text of a drill.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tocsin.documents.asking import (
    HELP,
    ROLES,
    Wording,
    about_help,
    about_role,
    asked,
    asked_for,
    lost,
    offered,
)
from tocsin.documents.briefing import lines
from tocsin.documents.facts import Facts
from tocsin.documents.fitting import fit_sms, fit_subject, one_line, text_line
from tocsin.documents.times import full_moment, short_moment
from tocsin.errors import MalformedPayload
from tocsin.incidents.model.outbox import REDRIVE_AFTER
from tocsin.incidents.runbook.targets import BusinessDays, Elapsed
from tocsin.incidents.timeline.entry import parse_time
from tocsin.incidents.vocabulary import Kind, MessageKind, Resolution
from tocsin.ports.messages import Message

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.incidents.model.outbox import OutboxItem, PersonalLinks
    from tocsin.incidents.queries.briefing import Brief
    from tocsin.incidents.runbook.policy import Policy, UpdateDue

INTERNAL_UPDATE = "internal"
_DRILL_NOTICE = "This is a drill. Act as if it were real; customers are not affected."
DRILL_MARK = "[DRILL]"
_RESTRICTED = "restricted"
_UNKNOWN = "unknown"


def render(
    item: OutboxItem,
    policy: Policy,
    links: PersonalLinks | None = None,
    brief: Brief | None = None,
    at: datetime | None = None,
) -> Message:
    """The message of an outbox item, in the words and the zone of `policy`.

    `at` is when it leaves, in incident time: what has passed by then is said to be overdue. It is
    when the message was asked for, if it is not said.

    `links` act for one person: they are given for a message that only that person reads. `brief`
    are the first facts, for a message that asks; it is in the long text alone.

    Raises:
        MalformedPayload: the item's facts are not enough to write it from.
    """
    facts = Facts.read(item.facts)
    at = at or item.due_at - REDRIVE_AFTER
    wording = worded(item, policy, at)
    marker = f"{DRILL_MARK} " if facts.kind is Kind.DRILL else ""
    before = f"{marker}[{facts.severity.upper()}] {item.called}{wording.what}"
    return Message(
        subject=fit_subject(before, title_of(facts), wording.until),
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


def worded(item: OutboxItem, policy: Policy, at: datetime) -> Wording:
    """What differs from message to message, in the words of `policy`, as of `at`."""
    facts = Facts.read(item.facts)
    return _notice(item, facts, policy, at) if facts.matter else _wording(item, facts, policy, at)


def _wording(item: OutboxItem, facts: Facts, policy: Policy, at: datetime) -> Wording:
    zone = policy.calendar.zone
    match item.kind:
        case MessageKind.PAGE | MessageKind.OPENED if item.personal:
            by_hand = offered if facts.role else asked_for
            said = lost if facts.lost else by_hand if facts.answer_by else asked
            return said(item, facts, zone, at)
        case MessageKind.OPENED:
            return _opened(item, facts, policy, at)
        case MessageKind.ACKNOWLEDGED:
            return _acknowledged(item, facts, policy, at)
        case MessageKind.CLOSED | MessageKind.REOPENED:
            return _turned(item, facts)
        case MessageKind.REMINDER if facts.due_at is None:
            return asked(item, facts, zone, at)
        case MessageKind.BREACH | MessageKind.REMINDER:
            return _late(item, facts, policy)
        case MessageKind.CHAT | MessageKind.PAGE:
            raise MalformedPayload(f"there are no words for a {item.kind} to {item.target}")
        case MessageKind.UPDATE | MessageKind.RECONCILIATION:
            raise MalformedPayload("what is passed on has its words with it")


def _short(item: OutboxItem, facts: Facts, wording: Wording, links: PersonalLinks | None) -> str:
    """A text message: why, until when, and the link that answers."""
    marker = f"{DRILL_MARK} " if facts.kind is Kind.DRILL else ""
    linked = links is not None and wording.asks
    severity = facts.severity.upper() if linked else f"[{facts.severity.upper()}]"
    before = text_line(f"{marker}{severity} {item.called}{wording.what}")
    until = text_line(wording.until)
    if links is not None and linked:
        answer = links.hand_over if facts.matter else links.acknowledge
        until = f"{until.removeprefix('- ')} {answer}"
    return fit_sms(before, title_of(facts), until)


def _text(
    item: OutboxItem,
    facts: Facts,
    wording: Wording,
    policy: Policy,
    given: tuple[PersonalLinks | None, Brief | None],
) -> str:
    links, brief = given
    notice = f"{DRILL_MARK} {_DRILL_NOTICE}" if facts.kind is Kind.DRILL else ""
    what = "Restricted: sign in to see what this is about."
    if not facts.restricted:
        place = f"Service {facts.service or _UNKNOWN}, environment {facts.environment or _UNKNOWN}."
        what = f"{title_of(facts)}\n{place} Category {facts.category or _UNKNOWN}."
    paragraphs = [
        notice,
        f"{facts.severity.upper()} incident {item.called}",
        what,
        *wording.paragraphs,
        _offer(links, facts) if wording.asks else "",
        "\n".join(lines(brief)) if wording.asks and brief and not facts.restricted else "",
        f"Opened {full_moment(facts.opened_at, policy.calendar.zone)}.",
        f"Message {item.message_id}: the same id again is the same message again.",
    ]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph) + "\n"


def _offer(links: PersonalLinks | None, facts: Facts) -> str:
    if links is None:
        return ""
    if facts.matter:
        return f"Hand it over, if you cannot have it: {links.hand_over}"
    if facts.answer_by is not None:
        word = "I take it" if facts.role else "I am on it"
        return (
            f"{word}: {links.acknowledge}\n"
            f"I cannot: {links.escalate}\n"
            "Each link acts as you and works once; opening it changes nothing until you confirm."
        )
    return (
        f"I have it: {links.acknowledge}\n"
        f"Page the backup now: {links.escalate}\n"
        f"Hand my role over: {links.hand_over}\n"
        "Each link acts as you and works once; opening it changes nothing until you confirm."
    )


def _opened(item: OutboxItem, facts: Facts, policy: Policy, at: datetime) -> Wording:
    update = _internal_update(item, facts, policy, at, mitigation="responders were asked")
    return Wording(what="", until="- opened", paragraphs=(update,))


def _acknowledged(item: OutboxItem, facts: Facts, policy: Policy, at: datetime) -> Wording:
    who = facts.person or _UNKNOWN
    return Wording(
        what=f" acknowledged by {who}:",
        until="",
        paragraphs=(
            f"{who} has it. Nobody else needs to answer the page.",
            _internal_update(item, facts, policy, at, mitigation=f"{who} is working on it"),
        ),
    )


_ENDS: dict[str, str] = {
    Resolution.RESOLVED: "It is resolved.",
    Resolution.FALSE_POSITIVE: "It was a false alarm.",
    Resolution.DUPLICATE: "It is the same as {other} and goes on there.",
}


def _turned(item: OutboxItem, facts: Facts) -> Wording:
    """Stakeholders hear how it ended, and that it did not."""
    if item.kind is MessageKind.REOPENED:
        what, said = " REOPENED:", "It was closed and is open again."
    else:
        what = " closed:"
        said = _ENDS.get(facts.resolution, "").format(other=facts.criterion)
    why = f"Reason: {one_line(facts.reason)}" if facts.reason else ""
    return Wording(what=what, until="", paragraphs=(said, why))


def _late(item: OutboxItem, facts: Facts, policy: Policy) -> Wording:
    if facts.due_at is None or not facts.clock:
        raise MalformedPayload("a passed deadline needs its clock and its time")
    zone = policy.calendar.zone
    until = f"- {facts.clock} was due {short_moment(facts.due_at, zone, seen=item.due_at)}"
    due = full_moment(facts.due_at, zone)
    promise = f"The promise to {facts.clock} was due {due} and was not kept."
    if item.kind is MessageKind.REMINDER:
        promise = f"The working deadline to {facts.clock} passed: it was {due}."
    where = f"tocsin incidents show {item.called}"
    return Wording(
        what=" MISSED:" if item.kind is MessageKind.BREACH else " LATE:",
        until=until,
        paragraphs=(promise, f"Who has it, and what was done:\n{where}"),
    )


def _notice(item: OutboxItem, facts: Facts, policy: Policy, at: datetime) -> Wording:
    """What falls due besides the clocks: an exception that is over, a freeze about to end."""
    if facts.due_at is None:
        raise MalformedPayload(f"a message about the {facts.matter} says no time")
    due = full_moment(facts.due_at, policy.calendar.zone)
    short = short_moment(facts.due_at, policy.calendar.zone, seen=item.due_at)
    until = f"- {short}"
    if facts.matter in HELP:
        return about_help(facts, due, short)
    if facts.matter in ROLES:
        return about_role(item, facts, due, policy.calendar.zone, at)
    match facts.matter:
        case "freeze":
            what, said = _freeze_ends(due, late=at >= facts.due_at)
        case "block":
            what = "BLOCK ENDS"
            said = (
                f"{facts.criterion} ends by itself {due}, and the incident is open. If it is needed"
                " longer, undo it and set it anew; if not, undo it. An end that comes by itself"
                " counts as containment lost.\n"
                f"tocsin contain show {item.called} {facts.criterion}"
            )
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
            what, until, said = _about_update(facts, due, short, late=at >= facts.due_at)
    return Wording(what=f" {what}:", until=until, paragraphs=(said,))


def _freeze_ends(due: str, *, late: bool) -> tuple[str, str]:
    if late:
        said = (
            f"The freeze was to end {due}: `tocsin freeze` shows whether it has been held longer."
        )
        return "FREEZE WAS TO END", said
    said = f"Deployments are frozen until {due}, and free after it. Hold it or let it end."
    return "FREEZE ENDS", said


def _about_update(facts: Facts, due: str, short: str, *, late: bool) -> tuple[str, str, str]:
    """What, until when, and a paragraph: of an update, or of a drill that is over."""
    audience = facts.audience
    match facts.matter:
        case "update":
            until = f"- OVERDUE since {short}" if late else f"- by {short}"
            promised = "was" if late else "is"
            return (
                "UPDATE DUE",
                until,
                f"The next update to {audience} {promised} promised by {due}.",
            )
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


def _internal_update(
    item: OutboxItem, facts: Facts, policy: Policy, at: datetime, *, mitigation: str
) -> str:
    """The runbook's internal update, filled in; its placeholders are the runbook's own."""
    first = policy.severities[facts.severity].internal_updates.first
    due = _after(facts.opened_at, first, policy)
    next_update = "on decision" if due is None else "as soon as possible"
    if due is not None and due > at:
        next_update = full_moment(due, policy.calendar.zone)
    values = {
        "<ID>": item.called,
        "<level>": facts.severity,
        "<status>": mitigation,
        "<time>": next_update,
        "<summary>": title_of(facts),
    }
    text = policy.templates[INTERNAL_UPDATE].text
    for placeholder, value in values.items():
        text = text.replace(placeholder, value)
    return text


def title_of(facts: Facts) -> str:
    """The title on one line; a drill's own mark is left out, because the text has it already."""
    if facts.restricted:
        return _RESTRICTED
    return one_line(facts.title).removeprefix(DRILL_MARK).strip()


def _after(start: datetime, due: UpdateDue | None, policy: Policy) -> datetime | None:
    match due:
        case Elapsed(minutes):
            return start + timedelta(minutes=minutes)
        case BusinessDays(days):
            return policy.calendar.add_minutes(start, days * policy.calendar.minutes_per_day)
        case _:
            return None


def _wakes_people(item: OutboxItem, facts: Facts, policy: Policy) -> bool:
    """Whether a telephone may ring: never for mail, and never below the severities that page.

    Who is asked for by a person is, at any hour.
    """
    if facts.answer_by is not None:
        return True
    loud = item.kind in {MessageKind.PAGE, MessageKind.BREACH}
    return loud and policy.severities[facts.severity].escalation.pages
