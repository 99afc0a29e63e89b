"""Whether a person may do one act outside an incident now, alone or with the commander's approval.

While a billing incident is open nobody acts on subscriptions on their own: the commander approves
the very act, for one person and a short time. Without one the commanders' group may act. That an
approval is used once is for whoever writes to see to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.errors import ApprovalInvalid, ApprovalRequired, GroupRequired
from tocsin.incidents.queries.access import input_hash, reference
from tocsin.incidents.vocabulary import BECOME_COMMANDER, Group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.incidents.queries.access import Authorization
    from tocsin.ports.billing.access import Authorizations
    from tocsin.ports.billing.projection import OpenIncidents
    from tocsin.ports.time import IncidentClock


ACTING = frozenset({Group.RESPONDER, Group.COMMANDER, Group.SECURITY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who acts; `approval` is the id they were given, empty if none."""

    name: str
    groups: frozenset[Group]
    key: str = ""
    approval: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvals:
    """Judges over its ports. `incidents` is asked anew each time, never from memory."""

    incidents: OpenIncidents
    authorizations: Authorizations
    clock: IncidentClock

    def judge(
        self, action: str, lines: Sequence[str], person: Person, *, what: str
    ) -> Authorization | None:
        """The approval that is to be spent; None where none is needed. `what` names the act.

        Raises:
            ApprovalRequired: a billing incident is open and no approval was shown.
            ApprovalInvalid: what was shown does not approve this, for this person, now.
            GroupRequired: no incident is open, and the person is no commander; or only looks.
        """
        if not person.groups & ACTING:
            raise GroupRequired(f"{person.name} may look but not act")
        if not (open_now := self.incidents.billing()):
            if Group.COMMANDER not in person.groups:
                raise GroupRequired(
                    f"outside an incident only commanders decide about {what}: {BECOME_COMMANDER}"
                )
            return None
        if not person.approval:
            raise ApprovalRequired(
                f"{open_now[0]} is open: its commander has to approve this {what}",
                incident=open_now[0],
                action=action,
                input="; ".join(lines),
            )
        found = self._shown(person.approval, open_now)
        why = (
            "another act"
            if found.action != action or found.input_hash != input_hash(action, lines)
            else "another person"
            if found.requester != person.name or found.approver == person.name
            else "expired"
            if found.expires_at <= self.clock.incident_now()
            else None
        )
        if why is not None:
            raise ApprovalInvalid(f"this approval does not hold here: {why}", why=why)
        return found

    def _shown(self, approval: str, open_now: tuple[str, ...]) -> Authorization:
        named = reference(approval)
        if named is None or named[0] not in open_now:
            raise ApprovalInvalid("no approval of an open billing incident", why="unknown")
        if (found := self.authorizations.find(*named)) is None:
            raise ApprovalInvalid("this entry of the timeline approves nothing", why="unknown")
        return found
