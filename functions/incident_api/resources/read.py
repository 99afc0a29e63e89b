"""What is asked about incidents: one small function a route; nothing here changes anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.incident_api.resources import incident_shapes as s
from functions.incident_api.resources.incident_view import incident_view, timeline_view
from functions.incident_api.resources.status import (
    checklist_view,
    clocks_view,
    gate_view,
    metrics_view,
    preview_view,
)
from functions.incident_api.resources.status_shapes import FinalUpdate
from tocsin.application.incidents.close import verified_head
from tocsin.application.incidents.foresee import foresee
from tocsin.errors import BadInput, InvalidSettings
from tocsin.incidents.events.fold import event_of
from tocsin.incidents.queries.board import concerns, has_it, next_deadline
from tocsin.incidents.queries.checklist import phases
from tocsin.incidents.queries.explain import explain
from tocsin.incidents.queries.final_update import draft, lacks
from tocsin.incidents.queries.gate import gate
from tocsin.incidents.queries.metrics import metrics
from tocsin.incidents.queries.priorities import priorities
from tocsin.incidents.queries.smoke_tests import smoke_tests
from tocsin.incidents.vocabulary import Category, Severity, State
from tocsin.runtime.web.answers import answer, view_of
from tocsin.runtime.web.fields import count, flag, word

if TYPE_CHECKING:
    from collections.abc import Mapping

    from functions.incident_api.call import Call
    from tocsin.incidents.model.incident import Incident
    from tocsin.runtime.web.http import Response

_PAGE, _LONGEST_PAGE = 100, 500
_BOARD, _LONGEST_BOARD = 50, 200
_LAST_SEQ = 99_999_999


def board(call: Call) -> Response:
    """Open incidents, or those closed in a month; a filter may leave a page short."""
    query = call.request.query
    severity = word("severity", query["severity"], Severity) if "severity" in query else None
    category = word("category", query["category"], Category) if "category" in query else None
    month = _month(query)
    limit = count(query, "limit", default=_BOARD, largest=_LONGEST_BOARD) or 1
    seen, cursor = _seen(call, month, limit, query.get("cursor"))
    service, mine = query.get("service"), flag(query, "mine")
    lines = tuple(
        line
        for line in (_line(call, found) for found in seen)
        if severity in {None, line.severity}
        and category in {None, line.category}
        and service in {None, line.service}
        and (line.mine or not mine)
    )
    return answer(200, s.Board(now=call.now, incidents=lines, next=cursor))


def _line(call: Call, stored: Incident) -> s.Line:
    found, policy = call.standing(stored).incident, call.policy(stored)
    due = next_deadline(found, call.now)
    return view_of(
        s.Line,
        found,
        has_it=has_it(found),
        mine=concerns(found, call.caller.person, policy),
        next=None if due is None else due.what,
        next_due=None if due is None else due.due_at,
        late=due is not None and due.late,
    )


def incident(call: Call) -> Response:
    """The incident as it stands."""
    found = call.standing(call.incident()).incident
    return answer(200, incident_view(found, call.policy(found), call.now), headers=etag(found))


def timeline(call: Call) -> Response:
    """A page of the timeline."""
    found, query = call.incident(), call.request.query
    limit = count(query, "limit", default=_PAGE, largest=_LONGEST_PAGE) or 1
    after = count(query, "after", default=0, largest=_LAST_SEQ)
    entries = call.application.store.entries(found.id, after=after, limit=limit)
    return answer(200, timeline_view(found, entries, limit=limit), headers=etag(found))


def content(call: Call) -> Response:
    """Content that an entry names and does not hold."""
    found = call.incident()
    if (large := call.large_content) is None:
        raise InvalidSettings("this function was not given the evidence bucket")
    stored, text = large.read(found, call.request.path_parameters.get("sha256", ""))
    return answer(200, view_of(s.Content, stored, incident=found.id, text=text))


def smoke(call: Call) -> Response:
    """The smoke tests that the incident's policy names for it; somebody else sends them."""
    found = call.incident()
    tests = tuple(
        view_of(s.SmokeTest, test, name=test.id) for test in smoke_tests(found, call.policy(found))
    )
    view = view_of(s.SmokeTests, found, incident=found.id, tests=tests)
    return answer(200, view, headers=etag(found))


def clocks(call: Call) -> Response:
    """Every clock, with its arithmetic if that is asked for."""
    seen = call.standing(call.incident())
    found, explained = seen.incident, {}
    policy = call.policy(found)
    if flag(call.request.query, "explain"):
        entries = call.application.store.entries(found.id)
        explained = {each.clock: each for each in explain(entries, policy, seen.unwritten)}
    view = clocks_view(found, explained, policy.calendar, now=call.now)
    return answer(200, view, headers=etag(found))


def measures(call: Call) -> Response:
    """How it went, computed from the timeline and nothing else."""
    found = call.incident()
    view = metrics_view(found, metrics(call.application.store.entries(found.id)))
    return answer(200, view, headers=etag(found))


def closing_gate(call: Call) -> Response:
    """Each criterion for closing, the chain of the timeline verified now."""
    found = call.standing(call.incident()).incident
    head, now = verified_head(found.id, call.application.store), call.now
    standings = gate(found, call.policy(found), now, verified_head=head)
    return answer(200, gate_view(found, standings, now=now), headers=etag(found))


def checklist(call: Call) -> Response:
    """What to do next, and every phase with its items."""
    found, now = call.standing(call.incident()).incident, call.now
    policy = call.policy(found)
    entries = call.application.store.entries(found.id)
    next_steps = priorities(found, policy, now)
    view = checklist_view(found, next_steps, phases(found, policy, now), entries, now=now)
    return answer(200, view, headers=etag(found))


def final_update(call: Call) -> Response:
    """A draft of the final update, from what is recorded."""
    found = call.incident()
    events = (event_of(entry) for entry in call.application.store.entries(found.id))
    text = draft(found, events, call.policy(found), call.now)
    view = FinalUpdate(
        incident=found.id,
        name=found.name,
        text=text,
        lacks=tuple(lacks(text, found)),
        version=found.version,
    )
    return answer(200, view, headers=etag(found))


def preview(call: Call) -> Response:
    """What a change of severity would do to every deadline."""
    found = call.incident()
    new = word("to", call.request.query.get("to", ""), Severity)
    application = call.application
    seen = foresee(found, new, policies=application.policies, clock=application.clock)
    return answer(200, preview_view(seen, new), headers=etag(found))


def etag(incident: Incident) -> dict[str, str]:
    """The version as a tag, for `If-Match`."""
    return {"etag": f'"{incident.version}"'}


def _seen(
    call: Call, month: str | None, limit: int, cursor: str | None
) -> tuple[list[Incident], str | None]:
    """A page of what this person may know of, and where the next one starts.

    A cursor names the line it stands behind. So a page that would end with a hidden line goes on
    until one that may be named, or to the end of the board.
    """
    seen: list[Incident] = []
    while True:
        page = call.application.store.board(closed_in=month, limit=limit, cursor=cursor)
        known = call.application.store.load_all([line.id for line in page.items])
        shown = [
            known[line.id] for line in page.items if line.id in known and call.sees(known[line.id])
        ]
        seen += shown
        cursor, limit = page.cursor, 1
        if cursor is None or (shown and shown[-1].id == page.items[-1].id):
            return seen, cursor


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
