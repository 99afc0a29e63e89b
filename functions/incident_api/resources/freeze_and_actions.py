"""What spans incidents: may this be deployed now, and what is being done against a repetition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.incident_api.answers_across import Freeze, HeldBy, Prevention, Preventions
from functions.incident_api.resources.incident_view import moment
from tocsin.application.releases.freeze import ask_freeze
from tocsin.errors import BadInput, InvalidSettings
from tocsin.incidents.queries.freeze import ChangeKind
from tocsin.incidents.timeline.entry import format_time
from tocsin.runtime.web.fields import count, word
from tocsin.runtime.web.http import answer

if TYPE_CHECKING:
    from functions.incident_api.call import Call
    from tocsin.incidents.queries.freeze import ServiceFreeze
    from tocsin.incidents.queries.prevention import PreventiveAction
    from tocsin.runtime.web.http import Response

_PAGE, _LONGEST_PAGE = 50, 200


def freeze(call: Call) -> Response:
    """Whether a service is frozen, by what, and whether a named change may go out."""
    query = call.request.query
    if (store := call.application.freezes) is None:
        raise InvalidSettings("this function was not given the operations table")
    found = ask_freeze(
        store,
        service=query.get("service"),
        at=call.now,
        change=word("change", query.get("change", ChangeKind.CODE), ChangeKind),
        name=query.get("name"),
    )
    stopping = set(found.stopped_by)
    view = Freeze(
        service=found.service,
        now=format_time(found.at),
        frozen=found.frozen,
        allowed=found.allowed,
        held_by=[_held(call, each, stops=each in stopping) for each in found.held],
        drills=[_held(call, each, stops=False) for each in found.drills],
    )
    return answer(200, view)


def actions(call: Call) -> Response:
    """Preventive work, the earliest due first, as far as this person may know of it."""
    query = call.request.query
    if (store := call.application.actions) is None:
        raise InvalidSettings("this function was not given the operations table")
    status = query.get("status", "open")
    if status not in ("open", "done"):
        raise BadInput("`status` must be open or done", field="status")
    limit = count(query, "limit", default=_PAGE, largest=_LONGEST_PAGE) or 1
    page = store.page(done=status == "done", limit=limit, cursor=query.get("cursor"))
    shown = [_prevention(each, call) for each in page.actions if _may_list(call, each)]
    return answer(200, Preventions(actions=shown, next=page.cursor))


def _held(call: Call, held: ServiceFreeze, *, stops: bool) -> HeldBy:
    """Of a restricted incident nobody outside is told which it is, only that something holds."""
    hidden = held.restricted and not _may_know(call, held.incident)
    return {
        "service": held.service,
        "incident": None if hidden else held.incident,
        "since": format_time(held.since),
        "until": moment(held.until),
        "restricted": held.restricted,
        "stops": stops,
    }


def _prevention(action: PreventiveAction, call: Call) -> Prevention:
    work = action.work
    return {
        "action": action.action,
        "incident": action.incident,
        "text": work.text,
        "owner": work.owner,
        "due_at": format_time(work.due_at),
        "overdue": work.done_at is None and work.due_at < call.now,
        "done_at": moment(work.done_at),
        "done_by": work.done_by,
        "check": work.check,
    }


def _may_list(call: Call, action: PreventiveAction) -> bool:
    return not action.restricted or _may_know(call, action.incident)


def _may_know(call: Call, incident: str) -> bool:
    found = call.application.store.load(incident)
    return found is not None and call.sees(found)
