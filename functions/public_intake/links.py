"""A link in a message: GET only asks, POST does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.public_intake import pages
from tocsin.errors import TocsinError
from tocsin.notes import Event, Metric
from tocsin.people.links import LinkAction, token

if TYPE_CHECKING:
    from functions.public_intake.visit import Visit
    from tocsin.application.people.links import Seen
    from tocsin.runtime.web.http import Response


def ask(visit: Visit) -> Response:
    """The page that asks whether to do it, or says why it can no longer be done."""
    seen = visit.desk.look(visit.token)
    ring = visit.desk.ring()
    others = {action: token(seen.link, action, ring) for action in LinkAction}
    zone = visit.desk.policies.version(seen.incident.policy_version).calendar.zone
    if seen.refusal is not None:
        _tell(visit, seen, seen.refusal)
        return pages.refused(seen.refusal, seen.incident, zone)
    return pages.confirm(seen, others, zone)


def act(visit: Visit) -> Response:
    """Does what the link is for, as the person it was sent to."""
    seen = visit.desk.look(visit.token)
    zone = visit.desk.policies.version(seen.incident.policy_version).calendar.zone
    try:
        done = visit.desk.act(visit.token, visit.request.request_id)
    except TocsinError as error:
        _tell(visit, seen, error)
        now = visit.desk.look(visit.token)
        return pages.refused(error, now.incident, zone)
    visit.watch.journal.info(
        Event.LINK_FOLLOWED, incident=done.incident.id, action=done.action.name.lower()
    )
    return pages.done(done, zone)


def _tell(visit: Visit, seen: Seen, error: TocsinError) -> None:
    visit.watch.journal.refused(Event.LINK_REFUSED, error, incident=seen.incident.id)
    visit.watch.meter.count(Metric.LINKS_REFUSED, code=error.code)
