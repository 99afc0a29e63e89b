"""Updates that are owed with a step in the incident's life, and wording to be taken back.

Beside the promises, which are times (`cadence`): where the table says "opening", "at fix" or
"closing" an update is due when that step is taken (semantics 8), and a text that told customers of
containment is to be corrected once containment is lost (semantics 5). Both follow from the
incident alone, so that no change of severity can leave one of them behind.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from tocsin.incidents.clocks.cadence import CUSTOMERS, INTERNAL, due_with, said_to
from tocsin.incidents.model.incident import Incident
from tocsin.incidents.model.parts import UpdateAudience
from tocsin.incidents.runbook.policy import Policy
from tocsin.incidents.runbook.targets import AtMilestone, Milestone


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """One update. `due_at` is when its step was taken; None: the step is still ahead.

    `step` None: no step but a correction, of the update named by `corrects`.
    """

    audience: UpdateAudience
    step: Milestone | None
    due_at: datetime | None
    corrects: str | None = None

    def has_come(self, at: datetime) -> bool:
        return self.due_at is not None and self.due_at <= at


def owed(incident: Incident, policy: Policy) -> tuple[Owed, ...]:
    """Everything that is owed besides what is promised; nothing of a backfilled record."""
    if not incident.open or not incident.clocks:
        return ()
    return tuple(_owed(incident, policy))


def _owed(incident: Incident, policy: Policy) -> Iterator[Owed]:
    for audience in (INTERNAL, CUSTOMERS):
        said = said_to(incident, audience)
        for update in said.withdraw:
            yield Owed(
                audience=audience,
                step=None,
                due_at=incident.containment.lost_at or incident.cycle_started_at,
                corrects=update,
            )
        if audience is CUSTOMERS and not incident.communication.customers:
            continue
        due = due_with(incident, policy, audience)
        if isinstance(due, AtMilestone):
            since = _taken(due.milestone, incident)
            if not _said(incident, audience, due.milestone, since):
                yield Owed(audience=audience, step=due.milestone, due_at=since)


def _taken(step: Milestone, incident: Incident) -> datetime | None:
    """When the step was taken. Closing is due once the window is over: then it may be closed."""
    match step:
        case Milestone.OPENING:
            return incident.cycle_started_at
        case Milestone.FIX:
            return incident.fix.fixed_at
        case Milestone.CLOSING:
            return incident.window.ends_at if incident.window else None


def _said(
    incident: Incident, audience: UpdateAudience, step: Milestone, since: datetime | None
) -> bool:
    said = said_to(incident, audience)
    match step:
        case Milestone.OPENING:
            return said.first_at is not None
        case Milestone.FIX:
            return since is not None and said.last_at is not None and said.last_at >= since
        case Milestone.CLOSING:
            return said.final_at is not None
