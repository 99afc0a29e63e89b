"""Replays over HTTP: a plan, a start, how far it is, on with it, an end to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.billing_api.bodies import Ended, Nothing, ReplayWanted, StepDone
from functions.billing_api.call import moment, moment_if
from functions.billing_api.resources.replay_shapes import (
    Counted,
    Estimate,
    Loss,
    OfType,
    OfWorkspace,
    Replay,
    Step,
)
from tocsin.application.billing.replay.desk import Wish
from tocsin.application.billing.replay.window import Asked, Found
from tocsin.billing.errors import WindowUnknown
from tocsin.billing.identity import Identity
from tocsin.billing.provider import DEFAULT, provider
from tocsin.billing.replay import rebuild
from tocsin.billing.replay.cursor import Kind, Window
from tocsin.billing.replay.rate_limit import budget
from tocsin.errors import BadInput
from tocsin.incidents.timeline.entry import format_time
from tocsin.providers.registry import lists_events
from tocsin.runtime.web.answers import answer, view_of

if TYPE_CHECKING:
    from datetime import datetime

    from functions.billing_api.call import Call
    from tocsin.billing.provider import Provider
    from tocsin.billing.replay.cursor import Counts, Cursor
    from tocsin.runtime.web.http import Response

_WRITE_UNITS = 2.25  # one put of 1.25 on average, one update of the projection
_INSERTS_PER_SECOND = 150


def start(call: Call) -> Response:
    """Starts a replay, or plans one."""
    desk, requests, said = call.office.replays, call.requests, call.request.json_object()
    whole = {"route": call.route, **said}
    if (done := requests.repeated(whole)) is not None:
        cursor, new = desk.again(done.result), False
    else:
        cursor, new = _started(call)
        requests.carried_out(whole, cursor.id)
    headers = {"location": f"/v1/replays/{cursor.id}"}
    if not new:
        headers["idempotency-replayed"] = "true"
    return answer(202 if new else 200, _view(call, cursor), headers=headers)


def _started(call: Call) -> tuple[Cursor, bool]:
    """The replay, and whether it is new.

    The facts of a window may be gone when a start comes again that was not remembered: then what
    its key has started is the answer, as far as the rest of the wish is the same.
    """
    desk = call.office.replays
    try:
        return desk.start(_wish(call), key=call.key)
    except WindowUnknown:
        before = desk.started(call.caller.person, call.key)
        given = call.read(ReplayWanted)
        same = (given.incident, given.dry_run)
        if before is None or same != (before.incident, before.dry_run):
            raise
        return desk.again(before.id), False


def show(call: Call) -> Response:
    """How far a replay has come, and what it found."""
    return answer(200, _view(call, call.office.replays.show(call.id)))


def resume(call: Call) -> Response:
    """On with a replay that stalled, or whose driver is lost."""
    call.read(Nothing)
    desk, who = call.office.replays, call.caller
    return answer(200, _view(call, desk.resume(call.id, person=who.person, groups=who.groups)))


def cancel(call: Call) -> Response:
    """Ends a replay; what it inserted stays."""
    reason = call.read(Ended).reason
    desk, who = call.office.replays, call.caller
    ended = desk.cancel(call.id, person=who.person, groups=who.groups, reason=reason)
    return answer(200, _view(call, ended))


def done(call: Call) -> Response:
    """A step by hand is done."""
    step = call.read(StepDone).step
    desk, who = call.office.replays, call.caller
    after = desk.done(call.id, step, person=who.person, groups=who.groups)
    return answer(200, _view(call, after))


def _wish(call: Call) -> Wish:
    given, who = call.read(ReplayWanted), call.caller
    incident = given.incident
    start, end = _second(given.start), _second(given.end)
    asked = Asked(given.provider, given.account, given.mode, start, end)
    if incident is None:
        found = _said(asked)
    else:
        found = call.office.windows.find(incident, asked, person=who.person, groups=who.groups)
    return Wish(
        kind=Kind.EVENTS if lists_events(found.identity.provider) else Kind.OBJECTS,
        identity=found.identity,
        window=found.window,
        person=who.person,
        groups=who.groups,
        dry_run=given.dry_run,
        incident=incident,
        override=given.override,
        facts=found.facts,
    )


def _said(asked: Asked) -> Found:
    """Everything as it was said; without an incident all of it has to be."""
    for name in ("account", "mode", "start", "end"):
        if getattr(asked, name) is None:
            raise BadInput(f"`{name}` is missing: say it, or name the incident", field=name)
    identity = Identity(asked.provider or DEFAULT, asked.account or "", asked.mode or "")
    return Found(identity, Window(asked.start or 0, asked.end or 0), "")


def _second(found: datetime | None) -> int | None:
    return None if found is None else int(found.timestamp())


def _view(call: Call, cursor: Cursor) -> Replay:
    now = call.office.now()
    found = call.office.replays.breakdown(cursor.id)
    asked = provider(cursor.identity.provider)
    left = cursor.window.days_left(now=now, asked=asked)
    return view_of(
        Replay,
        cursor,
        provider=cursor.identity.provider,
        account=cursor.identity.account,
        mode=cursor.identity.mode,
        start=moment(cursor.window.start),
        end=moment(cursor.window.end),
        override=cursor.override or None,
        window_facts=cursor.facts or None,
        problem=cursor.problem or None,
        started_at=moment(cursor.started_at),
        updated_at=moment_if(cursor.updated_at or None),
        walked_to=moment(min(cursor.at, cursor.window.end)),
        counts=_counted(cursor.first),
        last_pass=_counted(cursor.last),
        types=tuple(
            OfType(type=name, expected=expected, missing=missing)
            for name, (expected, missing) in found.types.items()
        ),
        workspaces=tuple(
            OfWorkspace(workspace=name, missing=missing)
            for name, missing in found.workspaces.items()
        ),
        other_workspaces=found.others,
        no_workspace=found.unnamed,
        estimate=_estimate(cursor) if cursor.dry_run else None,
        checksum_before=cursor.checksum_before or None,
        checksum_after=cursor.checksum_after or None,
        checksum_last=cursor.checksum_last or None,
        days_left=left,
        warning=_warning(left, asked),
        steps=_steps(cursor),
        lost=_losses(cursor),
    )


def _losses(cursor: Cursor) -> tuple[Loss, ...]:
    """What cannot be brought back, once a pass has seen all there is."""
    return tuple(view_of(Loss, each) for each in rebuild.losses(cursor) if cursor.passes)


def _steps(cursor: Cursor) -> tuple[Step, ...]:
    """What a person does first, where the provider lists no events."""
    window = cursor.window
    bounds = {"start": format_time(moment(window.start)), "end": format_time(moment(window.end))}
    found: list[Step] = []
    for name, text in rebuild.steps_of(cursor).items():
        by, at = cursor.steps.get(name, (None, None))
        found.append(
            Step(
                step=name,
                text=text.format(**bounds),
                done_by=None if by is None else str(by),
                done_at=None if at is None else moment(int(at)),
            )
        )
    return tuple(found)


def _counted(counts: Counts) -> Counted:
    return view_of(Counted, counts, provider_calls=counts.calls)


def _estimate(cursor: Cursor) -> Estimate:
    """Two passes of list calls within the budget, and the inserts of the workers."""
    fetches = cursor.first.missing if cursor.kind is Kind.OBJECTS else 0
    listing = (2 * cursor.first.calls + fetches) / budget(cursor.identity)
    inserting = cursor.first.missing / _INSERTS_PER_SECOND  # or projections written
    return Estimate(
        seconds=max(1, round(listing + inserting)),
        write_units=round(cursor.first.missing * _WRITE_UNITS),
    )


def _warning(days_left: int, asked: Provider) -> str | None:
    if days_left > asked.warns_from:
        return None
    can = "provider lists" if asked.lists_events else "dashboard replays"
    return f"the {can} the beginning of this window for {days_left} more days"
