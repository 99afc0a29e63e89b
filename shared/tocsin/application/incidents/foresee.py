"""How an incident stands at a moment, and what a change of severity would do. Nothing is written.

What time alone does is written by the next sweep or command. Whoever looks in between is shown
what these will find: a clock that was missed, a pause that is over.

The change is decided exactly as it would be for real, on the incident as it would stand now, and
thrown away: so what is shown and what then happens cannot differ but by the time in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.incidents.commands.base import Tick
from tocsin.incidents.rules.draft import CLOCK, Draft
from tocsin.incidents.rules.elapse import elapse
from tocsin.incidents.rules.severity import foreseen

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.incidents.events.base import Event
    from tocsin.incidents.events.severity import ClockChange
    from tocsin.incidents.model.incident import Incident
    from tocsin.incidents.runbook.policy import Policy
    from tocsin.incidents.vocabulary import Severity
    from tocsin.ports.runbooks import PolicySource
    from tocsin.ports.time import IncidentClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The incident with what time alone has done; `unwritten` are the events of that.

    Its version and head are those of the record.
    """

    incident: Incident
    unwritten: tuple[Event, ...]


def standing(incident: Incident, policy: Policy, at: datetime) -> Standing:
    """The incident as a command at `at` would find it."""
    draft = _elapsed(incident, policy, at)
    return Standing(incident=draft.incident, unwritten=tuple(draft.events))


@dataclass(frozen=True, slots=True, kw_only=True)
class Foresight:
    """Old and new promises. `round_new` is of the open round, or of one that would start.

    `incident` is the one that would change: with what time alone has done to it by `at`.
    """

    incident: Incident
    at: datetime
    clocks: tuple[ClockChange, ...]
    round_old: datetime | None
    round_new: datetime | None


def foresee(
    incident: Incident, new: Severity, *, policies: PolicySource, clock: IncidentClock
) -> Foresight:
    """What changing to `new` would do now.

    Raises:
        IllegalTransition: it is that severity already, or closed.
    """
    draft = _elapsed(incident, policies.version(incident.policy_version), clock.incident_now())
    now = draft.incident
    change, fresh = foreseen(draft, new)
    current = now.round
    return Foresight(
        incident=now,
        at=draft.at,
        clocks=change.clocks,
        round_old=current.due_at if current is not None and current.open else None,
        round_new=change.round_due or fresh,
    )


def _elapsed(incident: Incident, policy: Policy, at: datetime) -> Draft:
    """A decision in which time has run to `at`, never back behind the newest entry."""
    tick = Tick(incident_id=incident.id, command_id="", actor=CLOCK, correlation_id="")
    draft = Draft(incident, tick, policy, max(at, incident.recorded_at or incident.opened_at))
    elapse(draft, pages=False)
    return draft
