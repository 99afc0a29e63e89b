"""The public routes: one table, to which another public page is one more line.

Whoever asks is nobody here; what they may do comes from the link they hold and from nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from functions.public_intake import beats, links, pages, reports, status
from functions.public_intake.visit import Visit
from tocsin.errors import TocsinError, UnknownName
from tocsin.notes import Event, Metric
from tocsin.runtime.web.http import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.application.heartbeats.keep import HeartbeatDesk
    from tocsin.application.people.link_facts import LinkFactsDesk
    from tocsin.application.people.links import LinkDesk
    from tocsin.application.reports.form import PublicForm
    from tocsin.runtime.watch.invocation import Watch
    from tocsin.runtime.web.http import Response

MAX_BODY = 4_000
LARGER: Mapping[str, int] = MappingProxyType({"POST /report": 40_000})
"""A form's text is sent with three characters for each byte of most scripts."""

ROUTES: Mapping[str, Callable[[Visit], Response]] = MappingProxyType(
    {
        "GET /a/{token}": links.ask,
        "HEAD /a/{token}": links.ask,
        "POST /a/{token}": links.act,
        "GET /beat/{token}": beats.beat,
        "HEAD /beat/{token}": beats.beat,
        "POST /beat/{token}": beats.beat,
        "GET /report": reports.form,
        "POST /report": reports.take,
        "GET /report/confirm/{token}": reports.ask,
        "HEAD /report/confirm/{token}": reports.ask,
        "POST /report/confirm/{token}": reports.confirm,
        "GET /.well-known/security.txt": reports.security_txt,
        "GET /status": status.everything,
        "GET /billing/status": status.billing,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Public:
    """The public pages of one stage."""

    desk: LinkDesk
    facts: LinkFactsDesk
    watch: Watch
    status: Callable[[], Mapping[str, Any] | None]
    heartbeats: HeartbeatDesk
    form: PublicForm

    def respond(self, event: Mapping[str, Any]) -> Response:
        """Answers one request; whatever goes wrong is a page too, with its code in a header."""
        head = event["requestContext"]["http"]["method"] == "HEAD"
        response = self._respond(event)
        return response | {"body": ""} if head else response

    def _respond(self, event: Mapping[str, Any]) -> Response:
        try:
            route = str(event.get("routeKey", ""))
            serve = ROUTES.get(route, _nothing)
            request = parse(event, max_body=LARGER.get(route, MAX_BODY))
            visit = Visit(
                desk=self.desk,
                facts=self.facts,
                watch=self.watch,
                request=request,
                status=self.status,
                heartbeats=self.heartbeats,
                form=self.form,
            )
            return serve(visit)
        except TocsinError as error:
            self.watch.journal.refused(Event.LINK_REFUSED, error)
            self.watch.meter.count(Metric.LINKS_REFUSED, code=error.code)
            return pages.refused(error)
        except Exception as error:  # noqa: BLE001 - the visitor gets an answer, we get the stack
            self.watch.journal.failed(Event.UNEXPECTED, error)
            self.watch.meter.count(Metric.UNEXPECTED_ERRORS)
            return pages.refused(TocsinError("Something went wrong here. Use the command line."))


def _nothing(_visit: Visit) -> Response:
    raise UnknownName("there is no such page", kind="route")
