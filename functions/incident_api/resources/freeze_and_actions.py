"""What spans incidents: may this be deployed now, and what is being done against a repetition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tocsin.application.releases.freeze import ask_freeze
from tocsin.errors import BadInput, InvalidSettings
from tocsin.incidents.queries.freeze import EVERY_SERVICE, ChangeKind
from tocsin.incidents.timeline.entry import format_time
from tocsin.runtime.web.answers import answer, view_of
from tocsin.runtime.web.fields import count, word

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from functions.incident_api.call import Call
    from tocsin.application.releases.freeze import FreezeAnswer
    from tocsin.incidents.queries.freeze import ServiceFreeze
    from tocsin.incidents.queries.prevention import PreventiveAction
    from tocsin.runtime.web.http import Response

_PAGE, _LONGEST_PAGE = 50, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBy:
    """One freeze of a service; `until` null: until containment is verified.

    `incident` and its `name` are null for who may not know of it. `stops`: it stops the change
    that was asked for. `let_through` are the changes that pass it; null where `incident` is.
    """

    service: str
    incident: str | None
    name: str | None
    since: datetime
    until: datetime | None
    restricted: bool
    stops: bool
    let_through: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """Whether something holds the service, and whether the change may go out nevertheless.

    `why` says it in a sentence. `drills` would hold it if they were real; `over` are those of the
    last month that ended, where they were asked for. Not `known`, freezes could not be read, and
    `allowed` is what the runbook says of that: it `fails` open or closed.
    """

    service: str | None
    now: datetime
    frozen: bool
    allowed: bool
    known: bool
    fails: Literal["open", "closed"]
    why: str
    held_by: tuple[HeldBy, ...]
    drills: tuple[HeldBy, ...]
    over: tuple[HeldBy, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prevention:
    """A preventive action; done once a check that failed before passes."""

    action: str
    incident: str
    text: str
    owner: str
    due_at: datetime
    overdue: bool
    done_at: datetime | None
    done_by: str | None
    check: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preventions:
    """Preventive work by due time; `next` as `cursor` continues. A page may be short."""

    actions: tuple[Prevention, ...]
    next: str | None


def freeze(call: Call) -> Response:
    """Whether a service is frozen, by what, and whether a named change may go out."""
    query = call.request.query
    if (store := call.application.freezes) is None:
        raise InvalidSettings("this function was not given the operations table")
    name = query.get("name")
    found = ask_freeze(
        store,
        service=query.get("service"),
        at=call.now,
        change=word("change", query.get("change", ChangeKind.CODE), ChangeKind),
        names=(name,) if name else (),
        fails_closed=call.application.policies.current().limits.freeze_fails_closed,
    )
    stopping = set(found.stopped_by)
    held_by = tuple(_held(call, each, stops=each in stopping) for each in found.held)
    over = found.over if _asked("over", query) else ()
    view = view_of(
        Freeze,
        found,
        now=found.at,
        fails="closed" if found.fails_closed else "open",
        why=_why(found, held_by),
        held_by=held_by,
        drills=tuple(_held(call, each, stops=False) for each in found.drills),
        over=tuple(_held(call, each, stops=False) for each in over),
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
    shown = tuple(_prevention(each, call) for each in page.actions if _may_list(call, each))
    return answer(200, Preventions(actions=shown, next=page.cursor))


def _asked(name: str, query: Mapping[str, str]) -> bool:
    if (given := query.get(name, "false")) not in ("true", "false"):
        raise BadInput(f"`{name}` must be true or false", field=name)
    return given == "true"


def _why(found: FreezeAnswer, held: tuple[HeldBy, ...]) -> str:
    """The answer as a sentence that names what stops the change; of a restricted one, no reason."""
    if not found.known:
        then = "closed: it waits" if found.fails_closed else "open: it may go out"
        return f"freezes cannot be read; the runbook fails {then}"
    if stopping := [each for each in held if each.stops]:
        return f"stopped by {', '.join(map(_named, stopping))}"
    if held:
        return f"let through by {', '.join(map(_named, held))}"
    return "nothing is frozen"


def _named(held: HeldBy) -> str:
    until = "contained" if held.until is None else format_time(held.until)
    what = "every service" if held.service == EVERY_SERVICE else held.service
    return f"{held.name or 'a restricted incident'} ({what}, until {until})"


def _held(call: Call, held: ServiceFreeze, *, stops: bool) -> HeldBy:
    """Of a restricted incident nobody outside is told which it is, only that something holds."""
    found = call.application.store.load(held.incident)
    hidden = held.restricted and (found is None or not call.sees(found))
    return view_of(
        HeldBy,
        held,
        incident=None if hidden else held.incident,
        name=None if hidden else found.name if found is not None else held.incident,
        stops=stops,
        let_through=None if hidden else held.allowed,
    )


def _prevention(action: PreventiveAction, call: Call) -> Prevention:
    work = action.work
    overdue = work.done_at is None and work.due_at < call.now
    return view_of(
        Prevention, work, action=action.action, incident=action.incident, overdue=overdue
    )


def _may_list(call: Call, action: PreventiveAction) -> bool:
    return not action.restricted or _may_know(call, action.incident)


def _may_know(call: Call, incident: str) -> bool:
    found = call.application.store.load(incident)
    return found is not None and call.sees(found)
