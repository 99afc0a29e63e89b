"""Waivers: closing without a criterion being met, which takes two people and ends (semantics 9).

The commander asks, another commander who does not own the item approves; in a security incident
the security owner does. Some things are never waived, and policy says which.
"""

from datetime import timedelta

from tocsin.errors import (
    BadInput,
    GroupRequired,
    IllegalTransition,
    NotAllowed,
    SecondPersonRequired,
)
from tocsin.incidents import commands_response as c
from tocsin.incidents.agenda import DAILY, Due
from tocsin.incidents.draft import CLOCK, Draft, reason_of
from tocsin.incidents.events_response import WaiverApproved, WaiverAsked, WaiverExpired
from tocsin.incidents.gate import is_met, is_waivable, owner_of
from tocsin.incidents.people import holder
from tocsin.incidents.policy import Criterion
from tocsin.incidents.reviewing import week_begins
from tocsin.incidents.vocabulary import Category, Group, Role


def ask(draft: Draft, command: c.AskWaiver) -> None:
    """The commander asks; it counts for nothing yet."""
    draft.require_open()
    person = draft.require(Role.INCIDENT_COMMANDER)
    criterion = _criterion(draft, command.criterion)
    if not is_waivable(criterion, draft.incident):
        raise NotAllowed(f"{criterion.code} is never waived for a {draft.incident.severity}")
    if is_met(criterion.code, draft.incident, draft.policy, draft.at):
        raise IllegalTransition(f"{criterion.code} is met: there is nothing to waive")
    longest = draft.policy.limits.waiver_days
    if not 0 < command.days <= longest:
        raise BadInput(f"a waiver holds for 1 to {longest} days")
    draft.add(
        WaiverAsked(
            **draft.stamp,
            criterion=criterion.code,
            person=person,
            reason=reason_of(command.reason),
            expires_at=draft.at + timedelta(days=command.days),
        )
    )


def approve(draft: Draft, command: c.ApproveWaiver) -> None:
    """Another person agrees.

    Raises:
        SecondPersonRequired: who asked, or who owns the failing item, approves.
        GroupRequired: the person is not of the group that may.
    """
    draft.require_open()
    waiver = draft.incident.waivers.get(command.criterion)
    if waiver is None:
        raise IllegalTransition(f"nobody asked to waive {command.criterion!r}")
    if waiver.approved_by is not None:
        raise IllegalTransition("the waiver is approved already")
    if waiver.expires_at < draft.at:
        raise IllegalTransition("the waiver ran out before it was approved")
    person = _approver(draft)
    owner = draft.incident.roles.get(owner_of(command.criterion))
    if person in (waiver.asked_by, owner):
        raise SecondPersonRequired("somebody who neither asked nor owns the item has to approve")
    draft.add(WaiverApproved(**draft.stamp, criterion=command.criterion, person=person))


def expired(draft: Draft, due: Due) -> None:
    """Says that the exception is over and the criterion still unmet; once, for the latest day.

    The security owner, whose weekly review lists it, hears the first time and once a week.
    """
    due_at = due.at + (draft.at - due.at) // DAILY * DAILY
    waiver = draft.incident.waivers[due.subject]
    told = [draft.incident.commander, waiver.asked_by, waiver.approved_by]
    before = waiver.noticed_at
    if before is None or week_begins(draft.policy.calendar, before) <= due_at:
        told.append(holder(Role.SECURITY_OWNER, draft.incident, draft.policy))
    draft.add(
        WaiverExpired(
            actor=CLOCK,
            at=draft.at,
            occurred_at=due_at,
            criterion=due.subject,
            due_at=due_at,
            people=tuple(dict.fromkeys(person for person in told if person)),
        )
    )


def _approver(draft: Draft) -> str:
    if draft.incident.category is Category.SECURITY:
        return draft.require(Role.SECURITY_OWNER)
    person = draft.responder()
    if Group.COMMANDER not in draft.command.groups:
        raise GroupRequired(f"{person} is no commander")
    return person


def _criterion(draft: Draft, code: str) -> Criterion:
    for criterion in draft.policy.criteria:
        if criterion.code == code:
            return criterion
    raise BadInput(f"no criterion is called {code!r}")
