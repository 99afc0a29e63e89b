"""Containment by Tocsin: asked for here, carried out by the function that has the roles for it.

What is read is read here; whatever acts or decides is an order to that function, in the name of the
person whom the gateway proved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.incident_api import bodies
from functions.incident_api.idempotency import once
from functions.incident_api.resources import containing_shapes as s
from functions.incident_api.resources.containing_view import book_view, listing, run_view
from tocsin.application.containment.orders import Done, Order, What, raised
from tocsin.containment.guards import Rules
from tocsin.containment.runs import Purpose
from tocsin.errors import (
    ApprovalRequired,
    BadInput,
    GroupRequired,
    InvalidSettings,
    NotAllowed,
    NotFound,
    Unavailable,
    UnknownName,
)
from tocsin.incidents.timeline.codec import decode_fields, encode_fields
from tocsin.incidents.vocabulary import RESPONDERS
from tocsin.runtime.web.answers import answer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from functions.incident_api.call import Call, Containing
    from tocsin.containment.runs import Run
    from tocsin.runtime.web.http import Response

_STEPS = {
    "approve": What.APPROVE,
    "run": What.RUN,
    "verify": What.VERIFY,
    "undo": What.UNDO,
    "let-go": What.LET_GO,
}
_ACCEPTED = 202


def listed(call: Call) -> Response:
    """What could be done, and what was."""
    incident, desk = call.incident(), _desk(call)
    rules, now = desk.rules.load().rules, desk.wall.wall_now()
    runs = tuple(run_view(run, rules, now) for run in desk.runs.of(incident.id))
    return answer(200, listing(incident, rules, runs, on=desk.on))


def shown(call: Call) -> Response:
    """One run."""
    return answer(200, _view(call, _run(call)))


def plan(call: Call) -> Response:
    """Records the choice, and does nothing yet; a dry run records nothing either."""
    incident = call.incident()
    given = call.read(bodies.ContainmentWish)
    order = _order(
        call,
        What.PREVIEW if given.dry_run else What.PLAN,
        incident=incident.id,
        action=given.action,
        inputs=_texts("inputs", given.inputs),
        reason=given.reason,
        lasts_seconds=given.lasts_seconds,
        key=call.key or call.application.ids.unique_id(),
    )
    if given.dry_run:
        return answer(200, _planned(call, _carried_out(call, order)))

    def act() -> tuple[Response, str]:
        done = _carried_out(call, order)
        return answer(201, _planned(call, done)), "" if done.run is None else done.run.id

    return once(
        call,
        encode_fields(given) | {"incident": incident.id},
        act,
        lambda run: answer(200, _planned(call, Done(run=_known(call, incident.id, run)))),
    )


def step(call: Call) -> Response:
    """The next step of a run; 202: it waits for a second person."""
    before = _run(call)
    given = call.read(bodies.ContainmentStep)
    word = call.request.path_parameters.get("step", "")
    if (what := _STEPS.get(word)) is None:
        known = ", ".join(_STEPS)
        raise UnknownName(f"a run is not told to {word[:32]!r}; known: {known}", kind="step")
    order = _order(
        call,
        what,
        incident=before.incident,
        run=before.id,
        reason=given.reason,
        purpose=Purpose(given.purpose),
        agreed=given.agree,
        settled=_texts("settled", given.settled or {}),
    )

    def act() -> tuple[Response, str]:
        return answer(200, _view(call, _carried_out(call, order).run or before)), before.id

    wish = encode_fields(given) | {"incident": before.incident, "run": before.id, "step": word}
    try:
        return once(
            call,
            wish,
            act,
            lambda run: answer(200, _view(call, _known(call, before.incident, run))),
        )
    except ApprovalRequired:
        # Not remembered under the key: it has not been done, and is asked again when agreed to.
        waits = _view(call, _known(call, before.incident, before.id))
        if waits.asks is None:
            raise
        return answer(_ACCEPTED, waits)


def rules(call: Call) -> Response:
    """What is containable in this stage."""
    if not call.caller.groups & RESPONDERS:
        raise GroupRequired("only responders see what is containable, and what is protected")
    return answer(200, book_view(_desk(call).rules.load()))


def propose(call: Call) -> Response:
    """Has other rules wait for another person."""
    given = call.read(bodies.ContainmentRules)
    asked = Rules(
        containable=given.containable,
        protected=given.protected,
        approvers=given.approvers,
        wide=given.wide,
        per_hour=given.per_hour,
        per_incident=given.per_incident,
    )
    return _ruled(call, _order(call, What.PROPOSE, rules=asked, reason=given.why), _ACCEPTED)


def agree(call: Call) -> Response:
    """Puts what waits in force."""
    given = call.read(bodies.ContainmentAgreement)
    return _ruled(call, _order(call, What.AGREE, agreed=given.agree), 200)


def _ruled(call: Call, order: Order, status: int) -> Response:
    def act() -> tuple[Response, str]:
        done = _carried_out(call, order)
        return answer(status, book_view(done.book or _desk(call).rules.load())), ""

    wish = encode_fields(order, without=frozenset({"groups"}))
    return once(call, wish, act, lambda _: answer(200, book_view(_desk(call).rules.load())))


def _order(call: Call, what: What, **wanted: Any) -> Order:
    return Order(what=what, person=call.caller.person, groups=call.caller.groups, **wanted)


def _carried_out(call: Call, order: Order) -> Done:
    """What the function answers.

    Raises:
        NotAllowed: this stage has no roles to act in.
        Unavailable: it did not answer; whether it acts all the same is on the run.
        TocsinError: what it refused with.
    """
    desk = _desk(call)
    if not desk.on and order.what not in (What.PROPOSE, What.AGREE):
        raise NotAllowed(
            "this stage contains nothing by itself: set `containment = true` in tocsin.toml and"
            " deploy. What you do by hand is recorded by `tocsin contain did`"
        )
    sent = {"order": encode_fields(order), "correlation_id": call.request.request_id}
    try:
        done = decode_fields(Done, desk.order(sent))
    except Unavailable as error:
        raise Unavailable(
            "what contains did not answer. It may act all the same: look at the run before you"
            " try again, it says how far it is"
        ) from error
    if done.refused is not None:
        raise raised(done.refused)
    return done


def _planned(call: Call, done: Done) -> s.ContainmentPlan:
    if (run := done.run) is None:
        raise InvalidSettings("what contains answered without a run")
    return s.ContainmentPlan(
        run=_view(call, run),
        recorded=done.preview is None,
        changes=() if done.preview is None else done.preview.changes,
        affected=() if done.preview is None else done.preview.affected,
        warnings=() if done.preview is None else done.preview.warnings,
    )


def _view(call: Call, run: Run) -> s.ContainmentRun:
    desk = _desk(call)
    return run_view(run, desk.rules.load().rules, desk.wall.wall_now())


def _run(call: Call) -> Run:
    """The run of the path, of an incident that this person may know of."""
    return _known(call, call.incident().id, call.request.path_parameters.get("run", ""))


def _known(call: Call, incident: str, run: str) -> Run:
    if (found := _desk(call).runs.get(incident, run)) is None:
        raise NotFound(f"there is no run {run[:64]} of this incident")
    return found


def _desk(call: Call) -> Containing:
    if call.containing is None:
        raise InvalidSettings("this function was not told who contains")
    return call.containing()


def _texts(field: str, given: Mapping[str, Any]) -> dict[str, str]:
    if wrong := [name for name, value in given.items() if not isinstance(value, str)]:
        raise BadInput(f"`{field}.{wrong[0][:64]}` must be a text", field=field)
    return dict(given)
