"""The routes of responders: one table, one small function each.

Every answer names the version it shows as an `ETag`; every POST takes an `Idempotency-Key`, whose
repeat is answered with what the first one led to. Who asks comes from the gateway's proof.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from functions.incident_api.commands import Envelope, command, open_incident
from functions.incident_api.fields import Fields, count, idempotency_key, if_match, word
from functions.incident_api.views import board_view, clocks_view, incident_view, timeline_view
from tocsin.errors import BadInput, TocsinError, UnknownIncident, UnknownName
from tocsin.incidents.timeline import Actor
from tocsin.incidents.vocabulary import ActorKind, Group, Kind, Severity, State
from tocsin.runtime.http import answer, parse, problem, unexpected
from tocsin.runtime.identity import caller
from tocsin.runtime.names import Event, Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.application.outcome import Outcome
    from tocsin.incidents.model import Incident
    from tocsin.ports import Summary
    from tocsin.runtime.application import Application
    from tocsin.runtime.http import Request, Response
    from tocsin.runtime.identity import Caller
    from tocsin.runtime.invocation import Watch

MAX_BODY = 64_000
_PAGE, _LONGEST_PAGE = 100, 500
_BOARD, _LONGEST_BOARD = 50, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """The API of one stage."""

    application: Application
    watch: Watch
    stage: str

    def respond(self, event: Mapping[str, Any]) -> Response:
        """Answers one request; whatever goes wrong is an answer too."""
        correlation_id = str(event["requestContext"].get("requestId", ""))
        try:
            return self._serve(event)
        except TocsinError as error:
            self.watch.journal.refused(Event.REQUEST_REFUSED, error)
            self.watch.meter.count(Metric.REQUESTS_REFUSED, code=error.code)
            return problem(error, correlation_id=correlation_id)
        except Exception as error:  # noqa: BLE001 - the caller gets an answer, we get the stack
            self.watch.journal.failed(Event.UNEXPECTED, error)
            self.watch.meter.count(Metric.UNEXPECTED_ERRORS)
            return unexpected(correlation_id=correlation_id)

    def _serve(self, event: Mapping[str, Any]) -> Response:
        request = parse(event, max_body=MAX_BODY)
        route = str(event.get("routeKey", ""))
        if (serve := ROUTES.get(route)) is None:
            raise UnknownName("there is no such route", kind="route")
        who = caller(request.authorizer, stage=self.stage)
        response = serve(_Call(api=self, request=request, caller=who))
        self.watch.journal.info(
            Event.REQUEST_ANSWERED,
            route=route,
            status=response["statusCode"],
            incident=request.path_parameters.get("id"),
        )
        return response


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """One request by one person."""

    api: Api
    request: Request
    caller: Caller

    @property
    def application(self) -> Application:
        return self.api.application

    def incident(self) -> Incident:
        """The incident of the path, as far as this person may know of it."""
        incident_id = self.request.path_parameters.get("id", "")
        found = self.application.store.load(incident_id)
        if found is None or not _may_see(self.caller, found):
            raise UnknownIncident(f"there is no incident {incident_id[:64]}")
        return found

    def envelope(self, incident_id: str, fields: Fields) -> Envelope:
        key = idempotency_key(self.request.headers)
        return Envelope(
            incident_id=incident_id,
            command_id=key or self.application.ids.unique_id(),
            actor=Actor(ActorKind.PERSON, self.caller.person),
            correlation_id=self.request.request_id,
            occurred_at=fields.moment("occurred_at"),
            if_match=if_match(self.request.headers),
            groups=self.caller.groups,
        )


def _open(call: _Call) -> Response:
    fields = Fields(call.request.json_object())
    kind = fields.word("kind", Kind, Kind.REAL)
    new_id = call.application.ids.incident_id(drill=kind is Kind.DRILL)
    wish = open_incident(fields, call.envelope(new_id, fields), kind)
    fields.done()
    outcome = call.application.execute(wish)
    response = _changed(outcome, created=not outcome.repeated)
    response["headers"]["location"] = f"/v1/incidents/{outcome.incident.id}"
    return response


def _command(call: _Call) -> Response:
    incident = call.incident()
    fields = Fields(call.request.json_object())
    verb = call.request.path_parameters.get("command", "")
    wish = command(verb, fields, call.envelope(incident.id, fields))
    fields.done()
    return _changed(call.application.execute(wish), created=False)


def _list(call: _Call) -> Response:
    query = call.request.query
    page = call.application.store.board(
        closed_in=_month(query),
        limit=count(query, "limit", default=_BOARD, largest=_LONGEST_BOARD) or 1,
        cursor=query.get("cursor"),
    )
    severity = word("severity", query["severity"], Severity) if "severity" in query else None
    shown = [
        summary
        for summary in page.items
        if _may_list(call.caller, summary) and severity in {None, summary.severity}
    ]
    return answer(200, board_view(page, shown))


def _get(call: _Call) -> Response:
    incident = call.incident()
    return answer(200, incident_view(incident), headers=_etag(incident))


def _timeline(call: _Call) -> Response:
    incident, query = call.incident(), call.request.query
    limit = count(query, "limit", default=_PAGE, largest=_LONGEST_PAGE) or 1
    after = count(query, "after", default=0, largest=99_999_999)
    entries = call.application.store.entries(incident.id, after=after, limit=limit)
    return answer(200, timeline_view(incident, entries, limit=limit), headers=_etag(incident))


def _clocks(call: _Call) -> Response:
    incident = call.incident()
    now = call.application.clock.incident_now()
    return answer(200, clocks_view(incident, now=now), headers=_etag(incident))


ROUTES: Mapping[str, Callable[[_Call], Response]] = {
    "POST /v1/incidents": _open,
    "GET /v1/incidents": _list,
    "GET /v1/incidents/{id}": _get,
    "GET /v1/incidents/{id}/timeline": _timeline,
    "GET /v1/incidents/{id}/clocks": _clocks,
    "POST /v1/incidents/{id}/{command}": _command,
}


def _changed(outcome: Outcome, *, created: bool) -> Response:
    headers = _etag(outcome.incident)
    if outcome.repeated:
        headers["idempotency-replayed"] = "true"
    return answer(201 if created else 200, incident_view(outcome.incident), headers=headers)


def _etag(incident: Incident) -> dict[str, str]:
    return {"etag": f'"{incident.version}"'}


def _month(query: Mapping[str, str]) -> str | None:
    """The month of closed incidents asked for; None for the open ones."""
    match query.get("status", "open"):
        case "open":
            return None
        case State.CLOSED:
            month = query.get("month", "")
            if len(month) != len("yyyymm") or not (month.isascii() and month.isdigit()):
                raise BadInput("`month` must be like 202609", field="month")
            return month
        case _:
            raise BadInput("`status` must be open or closed", field="status")


def _may_see(caller: Caller, incident: Incident) -> bool:
    """A restricted incident exists for its role holders, its responders and security only."""
    involved = {*incident.roles.values(), *incident.responders}
    return not incident.restricted or caller.group is Group.SECURITY or caller.person in involved


def _may_list(caller: Caller, summary: Summary) -> bool:
    """The board does not know who is involved, so it shows restricted ones to security only."""
    return not summary.restricted or caller.group is Group.SECURITY
