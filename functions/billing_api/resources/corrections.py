"""Corrections of subscriptions: made, lifted, and read back from their log."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from functions.billing_api.bodies import Corrected, Lifted
from functions.billing_api.call import moment, moment_if
from functions.billing_api.resources.shapes import Correction as Shown
from functions.billing_api.resources.shapes import CorrectionLog, SeenAccess
from tocsin.application.billing.access.approvals import Person
from tocsin.billing.access.corrections import Correction, month_of
from tocsin.billing.identity import Identity
from tocsin.errors import BadInput
from tocsin.runtime.web.answers import answer, view_of

if TYPE_CHECKING:
    from functions.billing_api.call import Call
    from tocsin.billing.access.corrections import Logged
    from tocsin.runtime.web.http import Response

_MONTH = re.compile(r"[0-9]{6}")
_PART = re.compile(r"[A-Za-z0-9_/.-]{1,128}")


def correct(call: Call) -> Response:
    """Lays a correction over a subscription."""
    given = call.read(Corrected)
    wanted = Correction(
        identity=_whose(given),
        subscription=given.subscription,
        status=given.status,
        until=int(given.until.timestamp()),
        reason=given.reason,
        access_until=int(given.access_until.timestamp()) if given.access_until else None,
    )
    return _carried_out(call, wanted, given.approval)


def lift(call: Call) -> Response:
    """Takes the correction of a subscription away before its time."""
    given = call.read(Lifted)
    wanted = Correction(_whose(given), given.subscription, None, None, given.reason)
    return _carried_out(call, wanted, given.approval)


def log(call: Call) -> Response:
    """The corrections of a month, oldest first."""
    month = call.request.query.get("month") or month_of(call.office.now())
    if not _MONTH.fullmatch(month):
        raise BadInput("`month` is written as 202609", field="month")
    lines = call.office.corrections.store.month(month)
    wanted = call.request.query.get("subscription")
    view = CorrectionLog(
        month=month,
        corrections=tuple(
            _view(line) for line in lines if wanted in (None, line.correction.subscription)
        ),
    )
    return answer(200, view)


def _carried_out(call: Call, wanted: Correction, approval: str) -> Response:
    person = Person(
        name=call.caller.person, groups=call.caller.groups, key=call.key, approval=approval
    )
    logged, repeated = call.office.corrections.correct(wanted, person)
    headers = {"idempotency-replayed": "true"} if repeated else {}
    return answer(200 if repeated else 201, _view(logged), headers=headers)


def _whose(given: Lifted | Corrected) -> Identity:
    for name in ("account", "subscription"):
        if not _PART.fullmatch(getattr(given, name)):
            raise BadInput(f"`{name}` is no id", field=name)
    return Identity(given.provider, given.account, given.mode)


def _view(logged: Logged) -> Shown:
    wanted = logged.correction
    return view_of(
        Shown,
        logged,
        at=moment(logged.at),
        provider=wanted.identity.provider,
        account=wanted.identity.account,
        mode=wanted.identity.mode,
        subscription=wanted.subscription,
        status=wanted.status,
        until=moment_if(wanted.until),
        access_until=moment_if(wanted.access_until),
        reason=wanted.reason,
        before=view_of(SeenAccess, logged.before, until=moment_if(logged.before.until)),
        after=view_of(SeenAccess, logged.after, until=moment_if(logged.after.until)),
    )
