"""What may be charged twice for one wish, and what a person decided about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.billing_api.bodies import DoubleDecided
from functions.billing_api.call import moment
from functions.billing_api.resources.shapes import Double as Shown
from functions.billing_api.resources.shapes import DoubleLeg, DoubleList, LegDecision
from tocsin.application.billing.checkout.decide_double import decide_double
from tocsin.application.billing.checkout.settle import every_unsettled
from tocsin.billing.checkout.intent import DoubleDecision
from tocsin.billing.errors import NoDouble, UnknownCheckout
from tocsin.errors import BadInput
from tocsin.runtime.web.answers import answer, view_of

if TYPE_CHECKING:
    from functions.billing_api.call import Call
    from tocsin.billing.checkout.intent import Double
    from tocsin.runtime.web.http import Response

_LONGEST_WHY = 1_000
SHOWN = 200


def listed(call: Call) -> Response:
    """Intents of which more than one leg runs, or may; decided ones too, while that is so.

    At most `SHOWN`, those behind the intent that `after` names; `more` counts the others.
    """
    intents = call.office.checkouts.intents
    found = [each for each in every_unsettled(intents) if each.double is not None]
    if (name := call.request.query.get("after")) is not None:
        last = intents.load(name)
        if last is None:
            raise UnknownCheckout(intent=name[:64])
        found = [each for each in found if each.place > last.place]
    shown = tuple(_view(each.double) for each in found[:SHOWN] if each.double is not None)
    return answer(200, DoubleList(doubles=shown, more=len(found) - len(shown)))


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
