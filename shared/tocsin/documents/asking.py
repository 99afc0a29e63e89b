"""The words of a page: why it comes, until when an answer is due, and as what its reader is asked.

A moment that has passed is said as one that has: what leaves late, or again, is written for when it
leaves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.documents.fitting import one_line, shortened
from tocsin.documents.times import bare_moment, full_moment, short_moment
from tocsin.errors import MalformedPayload
from tocsin.incidents.model.incident import RoundReason
from tocsin.incidents.vocabulary import Audience

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.documents.facts import Facts
    from tocsin.incidents.model.outbox import OutboxItem

_CAUSE = 30
"""Characters of a cause that stand in a subject; all of it is in the text."""

_ASKED_AS: dict[str, tuple[str, str]] = {
    Audience.BACKUP: ("BACKUP", "You are asked as the backup: who comes first has not answered."),
    Audience.ENGINEERING_LEAD: (
        "LEAD",
        "You are asked as the engineering lead: nobody before you has answered.",
    ),
    Audience.ALL: ("ALL", "Everybody is asked: nobody has answered."),
}


@dataclass(frozen=True, slots=True)
class Wording:
    """The parts of one message that differ from kind to kind.

    `what` stands between the id and the title, `until` after it; all make up subject and SMS.
    `asks` says that the reader is to answer.
    """

    what: str
    until: str
    paragraphs: tuple[str, ...]
    asks: bool = False


def asked(item: OutboxItem, facts: Facts, zone: str, at: datetime) -> Wording:
    """Somebody is asked to say that they have it."""
    if facts.ask_by is None:
        raise MalformedPayload("somebody is asked to acknowledge and the message says no time")
    due, late = full_moment(facts.ask_by, zone), at >= facts.ask_by
    ask = f"Overdue since {due}: say" if late else f"Acknowledge by {due}: say"
    short = short_moment(facts.ask_by, zone, seen=at)
    label, reader = _ASKED_AS.get(facts.asked_as, ("", ""))
    labels = (_label(facts, zone, at), label, f"{facts.asks}x" if facts.asks > 1 else "")
    what = ", ".join(part for part in labels if part)
    return Wording(
        what=f" {what}:" if what else "",
        asks=True,
        until=f"- OVERDUE since {short}" if late else f"- ACK by {short}",
        paragraphs=(
            f"{ask} that you have it.\ntocsin ack {item.called}",
            _reason(facts, zone),
            f"{facts.person} asks for you: {one_line(facts.reason)}" if facts.person else "",
            reader,
            f"People are asked for the {facts.asks}. time." if facts.asks > 1 else "",
            others(item, facts),
        ),
    )


def asked_for(item: OutboxItem, facts: Facts, zone: str, at: datetime) -> Wording:
    """A person is asked for by another one, who waits for an answer."""
    if facts.answer_by is None:
        raise MalformedPayload("somebody is asked for an answer and the message says no time")
    due, late = full_moment(facts.answer_by, zone), at >= facts.answer_by
    short = short_moment(facts.answer_by, zone, seen=at)
    reason = shortened(one_line(facts.reason), _CAUSE)
    times = f", {facts.asks}x" if facts.asks > 1 else ""
    return Wording(
        what=f" asked by {facts.person}{times}: {reason}",
        asks=True,
        until=f"- OVERDUE since {short}" if late else f"- answer by {short}",
        paragraphs=(
            f"{facts.person} asks for you: {one_line(facts.reason)}",
            f"Overdue since {due}: answer." if late else f"Answer by {due}.",
            f"tocsin answer {item.called} --on-it, or --not-on-it --reason TEXT",
            f"You are asked for the {facts.asks}. time." if facts.asks > 1 else "",
            others(item, facts),
        ),
    )


def offered(item: OutboxItem, facts: Facts, zone: str, at: datetime) -> Wording:
    """A role is handed over, and whoever gives it has it until it is taken."""
    if facts.answer_by is None:
        raise MalformedPayload("a role is handed over and the message says no time")
    due, late = full_moment(facts.answer_by, zone), at >= facts.answer_by
    short = short_moment(facts.answer_by, zone, seen=at)
    return Wording(
        what=f" {facts.person} HANDS OVER {facts.role}:",
        asks=True,
        until=f"- OVERDUE since {short}" if late else f"- take it by {short}",
        paragraphs=(
            f"{facts.person} wants you to take over as {facts.role}, and has it until you do.",
            f"Overdue since {due}: answer." if late else f"Take it by {due}.",
            f"tocsin answer {item.called} --on-it, or --not-on-it --reason TEXT",
            facts.briefing,
        ),
    )


ROLES = frozenset({"role_taken", "role_passed", "role_accepted", "role_not_taken"})
"""What people are told of a role that is given, passed on, taken or not taken."""


def about_role(item: OutboxItem, facts: Facts, due: str, zone: str, at: datetime) -> Wording:
    """Tells who has a role now what is due first, and who had it who has it."""
    match facts.matter:
        case "role_taken":
            what, said = f"YOU ARE {facts.role}", f"{facts.person} gave you the role {facts.role}."
        case "role_passed":
            what = f"NO LONGER {facts.role}"
            said = f"{facts.person} gave the role {facts.role}, which was yours, to somebody else."
        case "role_accepted":
            what = f"NO LONGER {facts.role}"
            said = f"{facts.person} has taken the role {facts.role}, which was yours."
        case _:
            what = f"YOU ARE STILL {facts.role}"
            said = (
                f"{facts.criterion} did not take the role {facts.role} by {due}: you have it."
                f"\nAsk somebody else, or pass it on all the same:\n"
                f"tocsin handover {item.called} {facts.role.replace(' ', '_')} "
                f"{facts.criterion} --now --reason TEXT"
            )
    taken = facts.matter == "role_taken"
    deadline = facts.deadline if taken else None
    until, next_due = "", ""
    if deadline is not None:
        when = "OVERDUE since" if at >= deadline else "by"
        until = f"- {facts.clock} {when} {short_moment(deadline, zone, seen=at)}"
        next_due = f"Due next: {facts.clock} {when} {full_moment(deadline, zone)}."
    return Wording(
        what=f" {what}:",
        until=until,
        asks=taken,
        paragraphs=(
            said,
            next_due,
            f"What is known:\ntocsin show {item.called}" if taken else "",
            facts.briefing if taken else "",
        ),
    )


HELP = frozenset(
    {"help_coming", "help_refused", "help_again", "help_unanswered", "agree", "not_agreed"}
)
"""What a person is told of somebody they asked for, or of what somebody asks of them."""


def about_help(facts: Facts, due: str, short: str) -> Wording:
    """Tells whoever asked for a person what became of it, and a second person what to agree to."""
    person = facts.criterion
    match facts.matter:
        case "agree":
            why = f": {one_line(facts.reason)}" if facts.reason else ""
            what, until = f"AGREE TO {facts.criterion}", f"- {facts.person} asks"
            said = (
                f"{facts.person} asks to {facts.criterion}{why}. It takes a second person."
                f"\nTo agree: {facts.text}"
            )
        case "not_agreed":
            what, until = f"NOT AGREED TO {facts.criterion}", ""
            over = (
                "nobody else agreed within a day"
                if facts.clock == "age"
                else (f"the {facts.clock} was changed at {due}")
            )
            said = (
                f"You asked to {facts.criterion}. It is over: {over}."
                " Ask again if you want it still."
            )
        case "help_coming":
            what, until, said = f"{person} IS ON IT", "", f"{person}, whom you asked for, is on it."
        case "help_refused":
            why = f": {one_line(facts.reason)}" if facts.reason else ""
            what, until = f"{person} CANNOT", ""
            said = f"{person}, whom you asked for, cannot{why}. Ask somebody else."
        case _:
            again = facts.matter == "help_again"
            then = "They are asked once more." if again else "Nobody asks them again."
            what, until = f"NO ANSWER OF {person}", f"- due {short}"
            said = f"{person}, whom you asked for, did not answer by {due}. {then}"
    return Wording(what=f" {what}:", until=until, paragraphs=(said,))


def lost(item: OutboxItem, facts: Facts, zone: str, at: datetime) -> Wording:
    """Containment was lost by the word of a person, who has it."""
    return Wording(
        what=f" {_lost_label(facts, zone, at)}:",
        until=f"- {facts.person} has it" if facts.person else "",
        paragraphs=(
            _lost_reason(facts, zone),
            f"{facts.person} said so and has it. What was done:\ntocsin show {item.called}",
        ),
    )


def others(item: OutboxItem, facts: Facts) -> str:
    """Who else was asked in the same breath."""
    names = ", ".join(name for name in facts.paged if item.target != f"person:{name}")
    return f"Asked together with you: {names}." if names else "Nobody else was asked."


def _label(facts: Facts, zone: str, at: datetime) -> str:
    """Why, in capitals; what has no label is asked because it was opened."""
    match facts.why:
        case RoundReason.CONTAINMENT_LOST:
            return _lost_label(facts, zone, at)
        case RoundReason.RAISED:
            return "RAISED"
        case RoundReason.REOPENED:
            return "REOPENED"
        case RoundReason.TIMEOUT:
            return "NO WORD"
        case _:
            return "ASKED FOR" if facts.person else ""


def _reason(facts: Facts, zone: str) -> str:
    """Why, in a sentence."""
    since = full_moment(facts.since, zone) if facts.since else "now"
    match facts.why:
        case RoundReason.CONTAINMENT_LOST:
            return _lost_reason(facts, zone)
        case RoundReason.RAISED:
            return f"It was raised to {facts.severity}{_cause(facts)}."
        case RoundReason.REOPENED:
            return f"It was reopened at {since}{_cause(facts)}."
        case RoundReason.TIMEOUT:
            return f"Nobody who has it said anything until {since}, and it is not contained."
        case _:
            return ""


def _lost_label(facts: Facts, zone: str, at: datetime) -> str:
    since = f" {bare_moment(facts.since, zone, seen=at)}" if facts.since else ""
    cause = f" ({shortened(one_line(facts.cause), _CAUSE)})" if facts.cause else ""
    return f"CONTAINMENT LOST{since}{cause}"


def _lost_reason(facts: Facts, zone: str) -> str:
    since = f" at {full_moment(facts.since, zone)}" if facts.since else ""
    return f"Containment was lost{since}{_cause(facts)}."


def _cause(facts: Facts) -> str:
    return f": {one_line(facts.cause).rstrip('.')}" if facts.cause else ""
