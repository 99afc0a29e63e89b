"""The commander's approval of one act outside the incident, bound to exactly that act.

An approval names the act, everything it is done with, and who may do it, and it ends soon. It is
an entry of the timeline and nothing else: whoever is shown its id (`<incident>:<seq>`) reads it,
compares the hash of what is about to be done, and keeps for itself that the approval was used.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tocsin.errors import BadInput, SecondPersonRequired
from tocsin.incidents import limits
from tocsin.incidents.commands_record import Authorize
from tocsin.incidents.draft import Draft, reason_of
from tocsin.incidents.events_record import ActAuthorized
from tocsin.incidents.timeline import canonical_json, parse_time
from tocsin.incidents.vocabulary import Role

LONGEST_MINUTES = 24 * 60
MOST_LINES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """An approval as its entry holds it; `expires_at` is incident time."""

    incident: str
    seq: int
    action: str
    input_hash: str
    requester: str
    approver: str
    expires_at: datetime

    @property
    def id(self) -> str:
        return f"{self.incident}:{self.seq}"


def authorize(draft: Draft, command: Authorize) -> None:
    """The commander approves that another person does one thing, once.

    Raises:
        GroupRequired: somebody else than the commander.
        SecondPersonRequired: the commander for themselves.
        BadInput: not a time from a minute to a day, or more lines than an act has.
    """
    draft.require_open()
    person = draft.require(Role.INCIDENT_COMMANDER)
    requester = limits.person(command.requester)
    if requester == person:
        raise SecondPersonRequired("an approval is for another person")
    minutes = command.minutes
    if minutes is None or not 1 <= minutes <= LONGEST_MINUTES:
        raise BadInput(f"an approval lasts 1 to {LONGEST_MINUTES} minutes", field="minutes")
    if not 1 <= len(command.input) <= MOST_LINES:
        raise BadInput(f"an act is described by 1 to {MOST_LINES} lines", field="input")
    lines = tuple(limits.line("input", each) for each in command.input)
    action = limits.name("action", command.action)
    draft.add(
        ActAuthorized(
            **draft.stamp,
            action=action,
            input=lines,
            input_hash=input_hash(action, lines),
            requester=requester,
            person=person,
            reason=reason_of(command.reason),
            expires_at=draft.at + timedelta(minutes=minutes),
        )
    )


def input_hash(action: str, lines: Iterable[str]) -> str:
    """What an approval is bound to: the act and all it is done with, in any order."""
    bound = canonical_json({"action": action, "input": [*sorted(lines)]})
    return hashlib.sha256(bound).hexdigest()


def reference(approval: str) -> tuple[str, int] | None:
    """The incident and entry that an approval's id names; None if it is no such id."""
    incident, colon, seq = approval.partition(":")
    if not colon or not (seq.isascii() and seq.isdigit() and len(seq) <= limits.SEQ_DIGITS):
        return None
    return incident, int(seq)


def authorization_of(
    incident: str, seq: int, kind: str, content: Mapping[str, Any]
) -> Authorization | None:
    """The approval in a timeline entry; None if the entry is about something else."""
    if kind != ActAuthorized.type:
        return None
    return Authorization(
        incident=incident,
        seq=seq,
        action=content["action"],
        input_hash=content["input_hash"],
        requester=content["requester"],
        approver=content["person"],
        expires_at=parse_time(content["expires_at"]),
    )
