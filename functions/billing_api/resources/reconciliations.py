"""Reconciliations over HTTP: started, looked at, healed on approval, accepted, signed off."""

from __future__ import annotations

import hashlib
import json
from itertools import islice
from typing import TYPE_CHECKING, Any

from functions.billing_api.bodies import (
    Accepted,
    HealingWanted,
    Nothing,
    ReconciliationWanted,
    SignedOff,
)
from functions.billing_api.call import moment, moment_if
from functions.billing_api.resources.reconciliation_shapes import (
    AccountLeft,
    FactPair,
    MismatchShown,
    OfKind,
    Reconciliation,
    ReconciliationReport,
)
from tocsin.application.billing.access.approvals import Person
from tocsin.application.billing.reconcile.desk import Wish
from tocsin.billing.reconcile.compare import Kind
from tocsin.billing.reconcile.work import HOUR, LONGEST_WINDOW
from tocsin.documents import reconciliation_report as report_of
from tocsin.runtime.web.answers import answer, view_of
from tocsin.runtime.web.fields import count

if TYPE_CHECKING:
    from collections.abc import Mapping

    from functions.billing_api.call import Call
    from tocsin.billing.reconcile.work import Cursor, Found
    from tocsin.runtime.web.http import Response


_PAGE = 100
_LONGEST_PAGE = 500
_IN_A_REPORT = 5_000


def start(call: Call) -> Response:
    """Starts a reconciliation, or looks without anything to follow from it (`dry_run`)."""
    given, now = call.read(ReconciliationWanted), call.office.now()
    begin, incident = given.start, given.incident
    until = now if given.end is None else int(given.end.timestamp())
    wish = Wish(
        scope=given.scope,
        start=_since(call, incident, until) if begin is None else int(begin.timestamp()),
        end=until,
        workspaces=given.workspaces,
        incident=incident,
        dry_run=given.dry_run,
        seed=given.seed,
        asked=_digest(call.request.json_object()),
    )
    cursor, new = call.office.reconciliations.start(wish, _person(call))
    headers = {"location": f"/v1/reconciliations/{cursor.id}"}
    if not new:
        headers["idempotency-replayed"] = "true"
    return answer(202 if new else 200, _view(call, cursor), headers=headers)


def _since(call: Call, incident: str | None, until: int) -> int:
    """Since when workspaces count as touched where nobody said it: since the incident's outage.

    An hour at least, and no longer than a window may be.
    """
    if incident is None:
        return until - HOUR
    who = call.caller
    outage = call.office.windows.touched_from(incident, person=who.person, groups=who.groups)
    return max(until - LONGEST_WINDOW, min(until - HOUR, outage))


def show(call: Call) -> Response:
    """How far it has come, and what it found: its cursor, and a page of mismatches."""
    query = call.request.query
    limit = count(query, "limit", default=_PAGE, largest=_LONGEST_PAGE) or 1
    cursor = call.office.reconciliations.show(call.id)
    return answer(200, _view(call, cursor, after=query.get("cursor", ""), limit=limit))


def report(call: Call) -> Response:
    """The report in its three forms; the same standing gives the same bytes."""
    desk = call.office.reconciliations
    cursor = desk.show(call.id)
    standing = desk.tally(cursor).standing
    unknown = desk.unknown(call.id, limit=_IN_A_REPORT)
    found = list(islice(desk.store.found(call.id), _IN_A_REPORT))
    view = ReconciliationReport(
        id=cursor.id,
        agrees=cursor.agrees(standing),
        document=report_of.as_json(cursor, standing, found, unknown),
        markdown=report_of.as_markdown(cursor, standing, found, unknown),
        matrix=report_of.as_svg(cursor, found),
    )
    return answer(200, view)


def heal(call: Call) -> Response:
    """Has what is open put right: all of it, or the mismatches named."""
    given, desk = call.read(HealingWanted), call.office.reconciliations
    person = _person(call, given.approval)
    return answer(202, _view(call, desk.heal(call.id, given.mismatches, person)))


def accept(call: Call) -> Response:
    """Leaves a mismatch as it is, by name and with a reason."""
    given, desk = call.read(Accepted), call.office.reconciliations
    desk.accept(call.id, given.mismatch, given.reason, _person(call))
    return answer(200, _view(call, desk.show(call.id)))


def sign_off(call: Call) -> Response:
    """Stands for it by name: nothing is open or unknown any more, but what `without` names."""
    given, desk = call.read(SignedOff), call.office.reconciliations
    return answer(200, _view(call, desk.sign(call.id, _person(call), without=given.without)))


def resume(call: Call) -> Response:
    """On with one that stalled, or whose driver is lost."""
    call.read(Nothing)
    return answer(200, _view(call, call.office.reconciliations.resume(call.id, _person(call))))


def _person(call: Call, approval: str = "") -> Person:
    who = call.caller
    return Person(name=who.person, groups=who.groups, key=call.key, approval=approval)


def _view(call: Call, cursor: Cursor, *, after: str = "", limit: int = _PAGE) -> Reconciliation:
    """Everything but the page comes from one read of the cursor, so that it agrees with itself."""
    desk = call.office.reconciliations
    tally = desk.tally(cursor)
    standing = tally.standing
    found, following = desk.page(cursor.id, after=after, limit=limit)
    return view_of(
        Reconciliation,
        cursor,
        accounts=tuple(str(each) for each in cursor.identities),
        not_compared=tuple(
            AccountLeft(account=each.account, why=each.why, count=each.count, text=each.sentence)
            for each in cursor.left
        ),
        agrees=cursor.agrees(standing),
        start=moment(cursor.start),
        end=moment(cursor.end),
        problem=cursor.problem or None,
        started_at=moment(cursor.started_at),
        updated_at=moment_if(cursor.updated_at or None),
        provider_calls=cursor.calls,
        compared_workspaces=standing.workspaces,
        compared_subscriptions=standing.subscriptions,
        not_comparable=standing.unknown,
        found=standing.found,
        healed=standing.healed,
        accepted=standing.accepted,
        open=standing.open,
        unresolved=tuple(
            OfKind(kind=Kind(kind), count=n) for kind, n in standing.unresolved.items()
        ),
        unknown=tally.unknown,
        mismatches=tuple(_mismatch(each) for each in found),
        more=following is not None,
        next=following,
        approve=tuple(desk.to_approve(cursor)),
        signed_off_at=moment_if(cursor.signed_off_at),
        report=f"/v1/reconciliations/{cursor.id}/report",
    )


def _mismatch(found: Found) -> MismatchShown:
    mismatch = found.mismatch
    names = sorted({*mismatch.held, *mismatch.says})
    return view_of(
        MismatchShown,
        mismatch,
        account=str(mismatch.identity),
        facts=tuple(
            FactPair(name=name, held=mismatch.held.get(name), says=mismatch.says.get(name))
            for name in names
        ),
        state=found.state,
        by=found.by or None,
        approved_by=found.approver or None,
        note=found.note or None,
    )


def _digest(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
