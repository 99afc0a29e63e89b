"""What a change of severity would do, for showing before it is confirmed. Nothing is written.

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

    from tocsin.incidents.events.severity import ClockChange
    from tocsin.incidents.model.incident import Incident
    from tocsin.incidents.runbook.policy import Policy
    from tocsin.incidents.vocabulary import Severity
    from tocsin.ports.runbooks import PolicySource
    from tocsin.ports.time import IncidentClock


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


def as_of_now(incident: Incident, policy: Policy, now: datetime) -> Incident:
    """The incident with what time has done to it since the last sweep, which will record it."""
    return _now(incident, policy, now).incident


def _now(incident: Incident, policy: Policy, now: datetime) -> Draft:
    at = max(now, incident.recorded_at or incident.opened_at)
    tick = Tick(incident_id=incident.id, command_id="", actor=CLOCK, correlation_id="")
    draft = Draft(incident, tick, policy, at)
    elapse(draft, pages=False)
    return draft


def foresee(
    incident: Incident, new: Severity, *, policies: PolicySource, clock: IncidentClock
) -> Foresight:
    """What changing to `new` would do now.

    Raises:
        IllegalTransition: it is that severity already, or closed.
    """
    draft = _now(incident, policies.version(incident.policy_version), clock.incident_now())
    at, now = draft.at, draft.incident
    change, fresh = foreseen(draft, new)
    current = now.round
    return Foresight(
        incident=now,
        at=at,
        clocks=change.clocks,
        round_old=current.due_at if current is not None and current.open else None,
        round_new=change.round_due or fresh,
    )
