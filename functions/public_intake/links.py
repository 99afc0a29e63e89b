"""A link in a message: GET only asks, POST does it. A list is many of them on one page.

A tap on the list names the link of one of its members, and does what that link does; the answer is
the list again, as it is then.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from functions.public_intake import pages
from tocsin.errors import TocsinError
from tocsin.notes import Event, Metric
from tocsin.people.errors import LinkInvalid
from tocsin.people.links import BUNDLE, HANDLE, LinkAction, token

if TYPE_CHECKING:
    from functions.public_intake.visit import Visit
    from tocsin.application.people.links import Seen
    from tocsin.runtime.web.http import Response


def ask(visit: Visit) -> Response:
    """The page that asks whether to do it, or says why it can no longer be done."""
    if visit.token.startswith(BUNDLE):
        return _list(visit)
    seen = visit.desk.look(visit.token)
    zone = visit.desk.policies.version(seen.incident.policy_version).calendar.zone
    shown = _shown(visit, seen, zone)
    if seen.refusal is not None:
        _tell(visit, seen, seen.refusal)
        return pages.refused(seen.refusal, shown)
    return pages.confirm(shown)


def act(visit: Visit) -> Response:
    """Does what the link is for, as the person it was sent to."""
    if visit.token.startswith(BUNDLE):
        return _act_on_list(visit)
    seen = visit.desk.look(visit.token)
    zone = visit.desk.policies.version(seen.incident.policy_version).calendar.zone
    try:
        done = visit.desk.act(visit.token, visit.request.request_id)
    except TocsinError as error:
        _tell(visit, seen, error)
        return pages.refused(error, _shown(visit, visit.desk.look(visit.token), zone))
    visit.watch.journal.info(
        Event.LINK_FOLLOWED, incident=done.incident.id, action=done.action.name.lower()
    )
    after = visit.desk.look(visit.token)
    return pages.done(
        _shown(visit, replace(done, role=after.role, successor=after.successor), zone)
    )


def _shown(visit: Visit, seen: Seen, zone: str) -> pages.Shown:
    ring = visit.desk.ring()
    tokens = {action: token(seen.link, action, ring) for action in LinkAction}
    return pages.Shown(seen, visit.facts.of(seen.incident), zone, tokens)


def _list(visit: Visit, done: Seen | None = None, refused: TocsinError | None = None) -> Response:
    bundle, found = visit.desk.lists(visit.token)
    ring = visit.desk.ring()
    tokens = {
        one.member.message_id: token(one.member.link, LinkAction.ACKNOWLEDGE, ring)
        for one in found
        if one.asks and one.member.link is not None
    }
    when = (visit.desk.policies.current().calendar.zone, visit.watch.clock.incident_now())
    return pages.listed(bundle, found, tokens, when, done=done, refused=refused)


def _act_on_list(visit: Visit) -> Response:
    bundle, _ = visit.desk.lists(visit.token)
    chosen = _chosen(visit)
    members = {one.link.handle for one in bundle.members if one.link is not None}
    try:
        if chosen[1 : 1 + HANDLE] not in members:
            raise LinkInvalid("this is no link of this list")
        done = visit.desk.act(chosen, visit.request.request_id)
    except TocsinError as error:
        visit.watch.journal.refused(Event.LINK_REFUSED, error, bundle=bundle.message_id)
        visit.watch.meter.count(Metric.LINKS_REFUSED, code=error.code)
        return _list(visit, refused=error)
    visit.watch.journal.info(
        Event.LINK_FOLLOWED, incident=done.incident.id, action=done.action.name.lower()
    )
    return _list(visit, done=done)


def _chosen(visit: Visit) -> str:
    """The token a tap on the list sends along, as forms do."""
    fields = parse_qs(visit.request.body.decode("ascii", "replace"))
    return next(iter(fields.get("link", ())), "")[:64]


def _tell(visit: Visit, seen: Seen, error: TocsinError) -> None:
    visit.watch.journal.refused(Event.LINK_REFUSED, error, incident=seen.incident.id)
    visit.watch.meter.count(Metric.LINKS_REFUSED, code=error.code)
