"""The routes of responders: one table from which requests are served and the document is written.

Every answer about one incident names the version it shows as an `ETag`; every POST takes an
`Idempotency-Key`, whose repeat is answered with what the first one led to. Who asks comes from
the gateway's proof.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from functions.incident_api import acting, answers, reading
from functions.incident_api.call import Call
from tocsin.errors import TocsinError, UnknownName
from tocsin.runtime.http import parse, problem, unexpected
from tocsin.runtime.identity import caller
from tocsin.runtime.names import Event, Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.runtime.application import Application
    from tocsin.runtime.http import Response
    from tocsin.runtime.invocation import Watch

MAX_BODY = 64_000


@dataclass(frozen=True, slots=True)
class Route:
    """What a route does, who serves it, and the shape of its answer.

    `query` says what each parameter means; a `!` at the end of a name marks one that must be there.
    """

    about: str
    serve: Callable[[Call], Response]
    answer: type
    status: tuple[int, ...] = (200,)
    query: Mapping[str, str] = MappingProxyType({})


_LIMIT = "At most so many lines."
_CURSOR = "`next` of the page before."

ROUTES: Mapping[str, Route] = MappingProxyType(
    {
        "POST /v1/incidents": Route(
            "Open an incident and page who is on call",
            acting.open_incident,
            answers.Incident,
            (201, 200),
        ),
        "GET /v1/incidents": Route(
            "Open incidents, or those closed in a month; newest first",
            reading.board,
            answers.Board,
            query={
                "status": "`open` (the default) or `closed`.",
                "month": "The month of closing, UTC, like 202609; with `status=closed`.",
                "severity": "Only this severity.",
                "category": "Only this category.",
                "limit": _LIMIT,
                "cursor": _CURSOR,
            },
        ),
        "GET /v1/incidents/{id}": Route(
            "The incident as it stands", reading.incident, answers.Incident
        ),
        "GET /v1/incidents/{id}/timeline": Route(
            "The timeline, oldest first",
            reading.timeline,
            answers.Timeline,
            query={"after": "Entries with a higher `seq`.", "limit": _LIMIT},
        ),
        "GET /v1/incidents/{id}/clocks": Route(
            "Every clock, with its arithmetic on request",
            reading.clocks,
            answers.Clocks,
            query={"explain": "`true`: how each deadline came about."},
        ),
        "GET /v1/incidents/{id}/gate": Route(
            "Each criterion for closing, its evidence or the next step",
            reading.closing_gate,
            answers.Gate,
        ),
        "GET /v1/incidents/{id}/checklist": Route(
            "What to do next, and every phase with its items",
            reading.checklist,
            answers.Checklist,
        ),
        "GET /v1/incidents/{id}/severity": Route(
            "Old and new deadlines of a change of severity; changes nothing",
            reading.preview,
            answers.Preview,
            query={"to!": "The severity it would be changed to."},
        ),
        "POST /v1/incidents/{id}/{command}": Route(
            "Carry a verb out", acting.act, answers.Incident
        ),
        "POST /v1/releases": Route(
            "Record a release and tell the open incidents of its service",
            acting.record_release,
            answers.RecordedRelease,
            (201, 200),
            query={"cursor": "`next` of the answer before: go on telling incidents."},
        ),
        "GET /v1/releases": Route(
            "A service's releases, in the order they were cut",
            acting.list_releases,
            answers.Releases,
            query={"service!": "Whose.", "limit": _LIMIT, "cursor": _CURSOR},
        ),
    }
)


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
        key = str(event.get("routeKey", ""))
        if (route := ROUTES.get(key)) is None:
            raise UnknownName("there is no such route", kind="route")
        who = caller(request.authorizer, stage=self.stage)
        call = Call(
            application=self.application, watch=self.watch, request=request, caller=who, route=key
        )
        response = route.serve(call)
        self.watch.journal.info(
            Event.REQUEST_ANSWERED,
            route=key,
            status=response["statusCode"],
            incident=request.path_parameters.get("id"),
            person=who.person,
        )
        return response
