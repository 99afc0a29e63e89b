"""One request of the HTTP API from the gateway's event to an answer, whichever function serves it.

A function has a table of routes, from which requests are served and the API's document is written.
Whatever goes wrong is an answer too: an error of the tree says what, a bug says nothing but the id
under which it was logged. Who asks comes from the gateway's proof.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tocsin.errors import TocsinError, UnknownName
from tocsin.notes import Event, Metric
from tocsin.runtime.web.http import parse, problem, unexpected

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.runtime.watch.invocation import Watch
    from tocsin.runtime.web.http import Request, Response
    from tocsin.runtime.web.identity import Caller, SignIn

MAX_BODY = 64_000


@dataclass(frozen=True, slots=True)
class Route[C]:
    """What a route does, who serves it, the shape of its answer, and of its body if it takes one.

    `media` is what the answer is if it is no JSON. `query` says what each parameter means; a `!` at
    the end of a name marks one that must be there. `max_body` is in bytes.
    """

    about: str
    serve: Callable[[C], Response]
    answer: type
    status: tuple[int, ...] = (200,)
    body: type | None = None
    query: Mapping[str, str] = MappingProxyType({})
    media: str = "application/json"
    max_body: int = MAX_BODY


def respond[C](
    event: Mapping[str, Any],
    *,
    routes: Mapping[str, Route[C]],
    call: Callable[[Request, Caller, str], C],
    watch: Watch,
    sign_in: SignIn,
    subject: str,
) -> Response:
    """Answers one request; `call` makes what a route is served with of request, caller and key.

    `subject` is what the path's `{id}` names, for the log.
    """
    correlation_id = str(event["requestContext"].get("requestId", ""))
    try:
        key = str(event.get("routeKey", ""))
        route = _named(routes, key)
        request = parse(event, max_body=route.max_body)
        who = sign_in.caller(request.authorizer).asking(key)
        response = route.serve(call(request, who, key))
    except TocsinError as error:
        watch.journal.refused(Event.REQUEST_REFUSED, error)
        watch.meter.count(Metric.REQUESTS_REFUSED, code=error.code)
        return problem(error, correlation_id=correlation_id)
    except Exception as error:  # noqa: BLE001 - the caller gets an answer, we get the stack
        watch.journal.failed(Event.UNEXPECTED, error)
        watch.meter.count(Metric.UNEXPECTED_ERRORS)
        return unexpected(correlation_id=correlation_id)
    watch.journal.info(
        Event.REQUEST_ANSWERED,
        route=key,
        status=response["statusCode"],
        person=who.person,
        **{subject: request.path_parameters.get("id")},
    )
    return response


def _named[C](routes: Mapping[str, Route[C]], key: str) -> Route[C]:
    if (route := routes.get(key)) is None:
        raise UnknownName("there is no such route", kind="route")
    return route
