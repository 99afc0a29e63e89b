"""What may be charged twice, and what a person decided about it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from functions.billing_api.bodies import DoubleDecided
from functions.billing_api.call import moment, moment_if
from functions.billing_api.resources.entitlement import workspace_named
from functions.billing_api.resources.shapes import Double as Shown
from functions.billing_api.resources.shapes import (
    DoubleLeg,
    DoubleList,
    LegDecision,
    RunningSubscription,
    RunningTwice,
)
from tocsin.application.billing.checkout.decide_double import decide_double
from tocsin.application.billing.checkout.settle import every_unsettled
from tocsin.billing.access.twice import running_twice
from tocsin.billing.checkout.decision import DoubleDecision
from tocsin.billing.errors import NoDouble, UnknownCheckout
from tocsin.errors import BadInput
from tocsin.runtime.web.answers import answer, view_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from functions.billing_api.call import Call
    from tocsin.billing.checkout.intent import Double
    from tocsin.billing.identity import Identity
    from tocsin.billing.projection.ordering import Row
    from tocsin.runtime.web.http import Response

_LONGEST_WHY = 1_000
SHOWN = 200
LOOKED_AT = 200
"""Workspaces a page: each is a query and a batch, and the API answers within seconds."""


def listed(call: Call) -> Response:
    """Intents of which more than one leg runs, or may; decided ones too, while that is so.

    At most `SHOWN`, those behind the intent that `after` names; `more` counts the others. And what
    runs twice of one workspace though no intent knows of both.
    """
    intents, wanted = call.office.checkouts.intents, call.request.query.get("workspace")
    found = [
        each
        for each in every_unsettled(intents)
        if each.double is not None and wanted in (None, each.workspace)
    ]
    known = defaultdict[str, list[frozenset[str]]](list)
    for each in found:
        known[each.workspace].append(frozenset(leg.subscription or "" for leg in each.legs))
    if (name := call.request.query.get("after")) is not None:
        last = intents.load(name)
        if last is None:
            raise UnknownCheckout(intent=name[:64])
        found = [each for each in found if each.place > last.place]
    shown = tuple(_view(each.double) for each in found[:SHOWN] if each.double is not None)
    running, left = _running(call, known)
    view = DoubleList(
        doubles=shown,
        more=len(found) - len(shown),
        running=running,
        running_more=len(left),
        running_next=left[0] if left else None,
    )
    return answer(200, view)


def _running(
    call: Call, known: Mapping[str, list[frozenset[str]]]
) -> tuple[tuple[RunningTwice, ...], list[str]]:
    """Workspaces that pay twice by their rows as they are now, and those not looked at.

    What was seen once says whom to look at: reconciliations, every quarter of an hour and daily,
    and every question for an entitlement note it. `known` are the subscriptions of each listed
    double, by workspace: one that has all that run is not listed again.
    """
    office, query = call.office, call.request.query
    if (name := query.get("workspace")) is not None:
        names = [workspace_named(name, "workspace")]
    else:
        first = query.get("from_workspace", "")
        names = [each for each in office.twice.every(now=office.now()) if each >= first]
    found = list[RunningTwice]()
    for name in names[:LOOKED_AT]:
        rows = running_twice(office.projection.of_workspace(name), office.rules.add_ons)
        run = {row.subscription.id for _, row in rows if row.subscription}
        if rows and not any(run <= of_one for of_one in known.get(name, ())):
            found.append(_twice(name, rows))
    return tuple(found), names[LOOKED_AT:]


def _twice(workspace: str, rows: Sequence[tuple[Identity, Row]]) -> RunningTwice:
    return RunningTwice(
        workspace=workspace,
        subscriptions=tuple(
            RunningSubscription(
                provider=identity.provider,
                account=identity.account,
                mode=identity.mode,
                subscription=row.subscription.id,
                status=row.subscription.status,
                plan=row.subscription.plan,
                since=moment_if(row.since),
                period_end=moment_if(row.subscription.period_end),
            )
            for identity, row in rows
            if row.subscription is not None
        ),
    )


def decide(call: Call) -> Response:
    """Records a decision under the caller's name. Nothing is refunded or cancelled by it.

    Without an `Idempotency-Key` every request is a decision of its own.
    """
    given = call.read(DoubleDecided)
    decision = DoubleDecision(
        keep=given.keep,
        remedy=given.remedy,
        why=given.why.strip(),
        by=call.caller.person,
        at=call.office.now(),
        key=call.key or call.request.request_id,
    )
    if not 0 < len(decision.why) <= _LONGEST_WHY:
        raise BadInput(f"`why` is 1 to {_LONGEST_WHY:,} characters", field="why")
    intents = call.office.checkouts.intents
    intent, repeated = decide_double(intents, call.id, decision, call.caller.groups)
    if intent.double is None:
        raise NoDouble("That was decided, and meanwhile one subscription runs.", intent=intent.id)
    headers = {"idempotency-replayed": "true"} if repeated else {}
    return answer(200 if repeated else 201, _view(intent.double), headers=headers)


def _view(double: Double) -> Shown:
    decision = double.decision
    return view_of(
        Shown,
        double,
        legs=tuple(
            view_of(DoubleLeg, leg, kept=leg == double.kept)
            for leg in (double.kept, *double.others)
        ),
        decision=None
        if decision is None
        else view_of(LegDecision, decision, at=moment(decision.at)),
    )
