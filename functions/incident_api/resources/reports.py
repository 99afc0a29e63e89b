"""Reports of people: taken, listed, and triaged by whoever looks at them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from functions.incident_api.bodies import NewReport, ReportAction
from functions.incident_api.idempotency import once
from tocsin.application.reports.desk import ReportDesk, Told
from tocsin.application.reports.ringing import Ringer
from tocsin.errors import (
    BadInput,
    ConditionFailed,
    GroupRequired,
    IllegalTransition,
    InvalidSettings,
    Unavailable,
    UnknownName,
)
from tocsin.incidents.model.reports import Outcome, Reporter, ReportState, Via
from tocsin.incidents.model.reports import Report as Kept
from tocsin.incidents.timeline.codec import encode_fields
from tocsin.incidents.vocabulary import RESPONDERS, Severity
from tocsin.notes import Event
from tocsin.runtime.web.answers import answer, view_of
from tocsin.runtime.web.fields import count, word

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from functions.incident_api.call import Call
    from tocsin.ports.reports import ReportStore
    from tocsin.runtime.web.http import Response

_PAGE, _LONGEST_PAGE = 50, 200
OPEN, ANSWER = "open", "answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report. `received_at` is t0 of whatever it opens, `triage_due` when it rings by itself.

    Whoever wrote it by the form may be anybody, and `suspect` says that it looks like a robot's.
    Their address is shown to nobody.
    """

    reference: str
    state: ReportState
    received_at: datetime
    triage_due: datetime
    via: Via
    reporter: Reporter
    title: str
    detail: str
    exposure: bool
    severity: Severity | None
    service: str | None
    environment: str
    by: str
    suspect: bool
    rung_at: datetime | None
    incident: str
    outcome: Outcome | None
    answered_by: str
    answered_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """Reports, the newest first; `next` as `cursor` continues."""

    reports: tuple[Report, ...]
    next: str | None


def take(call: Call) -> Response:
    """Keeps a report; one that alleges exposed data, or is called bad, pages at once."""
    _responder(call)
    given = call.read(NewReport)
    told = Told(
        reporter=given.reporter,
        title=given.title,
        detail=given.detail,
        exposure=given.exposure,
        severity=given.severity,
        service=given.service or "",
        environment=given.environment,
        contact=given.contact or "",
        by=call.caller.person,
    )

    def act() -> tuple[Response, str]:
        report = _desk(call).take(told, Via.API)
        if report.waits_for_nobody:
            report = _rung(call, report)
        return answer(201, _view(report)), report.reference

    return once(call, encode_fields(given), act, lambda reference: _standing(call, reference))


def _rung(call: Call, report: Kept) -> Kept:
    """After it has rung; it is kept already, so where it cannot now the next sweep does it."""
    try:
        return _ringer(call).ring(report)
    except (ConditionFailed, Unavailable) as error:
        call.watch.journal.refused(Event.RECORD_FAILED, error, report=report.reference)
        return report


def listed(call: Call) -> Response:
    """Reports of one state, or all; the newest first."""
    _responder(call)
    query = call.request.query
    state = word("state", query["state"], ReportState) if "state" in query else None
    limit = count(query, "limit", default=_PAGE, largest=_LONGEST_PAGE) or 1
    page = _store(call).listed(limit=limit, cursor=query.get("cursor"))
    found = tuple(_view(one) for one in page.items if state is None or one.state is state)
    return answer(200, Reports(reports=found, next=page.cursor))


def shown(call: Call) -> Response:
    """One report in full."""
    _responder(call)
    return _standing(call, _reference(call))


def act(call: Call) -> Response:
    """`open` makes an incident of it, `answer` says what came of it."""
    _responder(call)
    given = call.read(ReportAction)
    reference, action = _reference(call), call.request.path_parameters.get("action", "")
    acts: dict[str, Callable[[], Kept]] = {
        OPEN: lambda: _opened(call, reference, given.severity),
        ANSWER: lambda: _answered(call, reference, given.outcome),
    }
    if action not in acts:
        raise UnknownName(f"a report knows no {action[:32]!r}", kind="action")
    if (given.severity is not None) != (action == OPEN):
        raise BadInput("`severity` says how bad what is opened is", field="severity")
    if (given.outcome is not None) != (action == ANSWER):
        raise BadInput("`outcome` says what came of what is answered", field="outcome")
    return once(
        call,
        {"reference": reference, "action": action, **encode_fields(given)},
        lambda: (answer(200, _view(acts[action]())), reference),
        lambda _: _standing(call, reference),
    )


def _opened(call: Call, reference: str, severity: Severity | None) -> Kept:
    report = _desk(call).known(reference)
    if report.state is not ReportState.WAITING:
        where = f": it is in {report.incident}" if report.incident else ""
        raise IllegalTransition(f"{reference} waits no longer{where}")
    return _ringer(call).ring(replace(report, severity=severity))


def _answered(call: Call, reference: str, outcome: Outcome | None) -> Kept:
    if outcome is None:
        raise BadInput("`outcome` is missing", field="outcome")
    return _desk(call).answer(reference, outcome, call.caller.person)


def _standing(call: Call, reference: str) -> Response:
    return answer(200, _view(_desk(call).known(reference)))


def _responder(call: Call) -> None:
    """Reports are of leaks before they are known to be any: not for whoever only looks on."""
    if not call.caller.groups & RESPONDERS:
        raise GroupRequired("only responders take reports and see them")


def _desk(call: Call) -> ReportDesk:
    if call.people is None:
        raise InvalidSettings("this function was not given the operations table")
    application = call.application
    return ReportDesk(
        store=_store(call),
        now=application.clock.incident_now,
        wall=call.people.wall,
        ids=application.ids,
        triage_minutes=lambda: application.policies.current().limits.report_triage_minutes,
    )


def _ringer(call: Call) -> Ringer:
    return Ringer(engine=call.application, store=_store(call))


def _store(call: Call) -> ReportStore:
    if (store := call.application.reports) is None:
        raise InvalidSettings("this function was not given the operations table")
    return store


def _reference(call: Call) -> str:
    return call.request.path_parameters.get("reference", "")


def _view(report: Kept) -> Report:
    return view_of(Report, report)
