"""What changes something: opening, the verbs, and releases."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from functions.incident_api.known import refuse_unknown
from functions.incident_api.resources.incident_shapes import RecordedRelease, Release, Releases
from functions.incident_api.resources.incident_view import incident_view
from functions.incident_api.resources.read import etag
from functions.incident_api.shapes import command
from tocsin.application.people.known import named_by
from tocsin.application.releases.record import ReleaseDesk, Report
from tocsin.errors import BadInput, InvalidSettings, UnknownIncident
from tocsin.incidents.commands.closing import Close
from tocsin.incidents.commands.opening import OpenIncident
from tocsin.incidents.commands.relations import Merge
from tocsin.incidents.events.access import LiftingProposed
from tocsin.incidents.events.closing import ClosingProposed, WaiverAsked
from tocsin.incidents.events.requests import HandOverOffered
from tocsin.incidents.events.severity import LoweringProposed
from tocsin.incidents.events.updates import CustomersProposed
from tocsin.incidents.model import releases as r
from tocsin.incidents.vocabulary import RESPONDERS, Kind
from tocsin.runtime.web.answers import answer, view_of
from tocsin.runtime.web.bodies import read
from tocsin.runtime.web.fields import count

if TYPE_CHECKING:
    from functions.incident_api.call import Call
    from tocsin.application.incidents.outcome import Outcome
    from tocsin.incidents.model.incident import Incident
    from tocsin.ports.releases import KeptReleases
    from tocsin.runtime.web.http import Response

_PAGE, _LONGEST_PAGE = 50, 200
ACCEPTED = 202

_ASKED = frozenset(
    event.type
    for event in (
        LoweringProposed,
        ClosingProposed,
        LiftingProposed,
        CustomersProposed,
        WaiverAsked,
        HandOverOffered,
    )
)
"""What has been asked and is not done: it waits for a second person."""


def open_incident(call: Call) -> Response:
    """Opens an incident and pages who is on call."""
    given = call.body()
    asked = read(OpenIncident, given, **call.envelope("", given))
    new_id = call.application.ids.incident_id(drill=asked.kind is Kind.DRILL)
    outcome = call.application.execute(replace(asked, incident_id=new_id))
    response = _shown(
        call, _followed(call, outcome), outcome, status=200 if outcome.repeated else 201
    )
    response["headers"]["location"] = f"/v1/incidents/{outcome.incident.id}"
    return response


def act(call: Call) -> Response:
    """Carries one verb out."""
    incident = call.incident()
    given = call.body()
    verb = call.request.path_parameters.get("command", "")
    asked = command(verb, given, call.envelope(incident.id, given))
    if isinstance(asked, Close) and asked.duplicate_of is not None:
        asked = replace(asked, duplicate_of=call.visible(asked.duplicate_of).id)
    if isinstance(asked, Merge):
        asked = replace(asked, other=call.visible(asked.other).id)
    if call.caller.groups & RESPONDERS:  # to all others it is refused anyway
        refuse_unknown(call, named_by(asked))
    if (large := call.large_content) is not None:
        asked = large.offload(asked, incident)
    outcome = call.application.execute(asked)
    waits = any(entry.type in _ASKED for entry in outcome.entries)
    return _shown(call, _followed(call, outcome), outcome, status=ACCEPTED if waits else 200)


def record_release(call: Call) -> Response:
    """Records a release and tells the open incidents of its service."""
    release = call.read(r.Release)
    report = Report(
        release=release,
        actor=call.actor,
        groups=call.caller.groups,
        key=call.key,
        correlation_id=call.request.request_id,
        cursor=call.request.query.get("cursor"),
    )
    done = _desk(call).report(report)
    told = tuple(each for each in done.incidents if call.sees(each))
    view = RecordedRelease(
        release=view_of(Release, done.release),
        incidents=tuple(each.id for each in told),
        names=tuple(each.name for each in told),
        next=done.cursor,
    )
    headers = {"idempotency-replayed": "true"} if done.repeated and call.key else {}
    return answer(200 if done.repeated else 201, view, headers=headers)


def list_releases(call: Call) -> Response:
    """A service's releases, in the order they were cut."""
    query = call.request.query
    if not (service := query.get("service", "")):
        raise BadInput("`service` is missing", field="service")
    limit = count(query, "limit", default=_PAGE, largest=_LONGEST_PAGE) or 1
    page = _store(call).page(service, limit=limit, cursor=query.get("cursor"))
    releases = tuple(view_of(Release, each) for each in page.releases)
    view = Releases(releases=releases, next=page.cursor)
    return answer(200, view)


def _followed(call: Call, outcome: Outcome) -> Incident:
    """The incident after the command, told of the releases that its fix is in by now.

    Raises:
        UnknownIncident: a repeat tells nothing that a look would not tell now.
    """
    incident = outcome.incident
    if outcome.repeated and not call.sees(incident):
        raise UnknownIncident(f"there is no incident {incident.id}")
    return _desk(call).follow(incident)


def _shown(call: Call, incident: Incident, outcome: Outcome, *, status: int) -> Response:
    headers = etag(incident)
    if outcome.repeated:
        headers["idempotency-replayed"] = "true"
    pending = status == ACCEPTED
    now = call.standing(incident).incident
    view = incident_view(now, call.policy(now), call.now, pending=pending, recorded=outcome.entries)
    return answer(status, view, headers=headers)


def _desk(call: Call) -> ReleaseDesk:
    return ReleaseDesk(engine=call.application, releases=_store(call))


def _store(call: Call) -> KeptReleases:
    if (found := call.application.releases) is None:
        raise InvalidSettings("this function was not given the operations table")
    return found
