"""Starting a checkout, and whether a change of billing may be made."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from functions.billing_api.bodies import ChangeWanted, CheckoutWanted
from functions.billing_api.resources.shapes import Checkout, Permission
from tocsin.application.billing.checkout.start import Wish
from tocsin.billing.access.freeze import BillingChange, permit
from tocsin.errors import BadInput
from tocsin.runtime.web.answers import answer

if TYPE_CHECKING:
    from functions.billing_api.call import Call
    from tocsin.runtime.web.http import Response

_LONGEST_URL = 1_024


def start(call: Call) -> Response:
    """A page to pay on, at the provider that policy prefers or at one that works.

    Without an `Idempotency-Key` every request is a wish of its own. While an incident freezes
    billing it is refused if the incident's runbook does not call checkouts essential.
    """
    given = call.read(CheckoutWanted)
    _permit(BillingChange.CHECKOUT, call)
    wish = Wish(
        principal=call.caller.person,
        key=call.key or call.request.request_id,
        workspace=given.workspace,
        plan=given.plan,
        currency=given.currency,
        region=given.region,
        success_url=_url("success_url", given.success_url),
        cancel_url=_url("cancel_url", given.cancel_url),
    )
    offered = call.office.checkouts.start(wish)
    intent, leg = offered.intent, offered.leg
    view = Checkout(
        intent=intent.id,
        provider=leg.provider,
        url=leg.url or "",
        session=leg.session or "",
        amount=intent.amount,
        currency=intent.currency,
        failed_over=offered.failed_over,
    )
    return answer(201, view)


def may_change(call: Call) -> Response:
    """Whether a change of billing may be made now; refused with a code while it may not."""
    change = call.read(ChangeWanted).change
    _permit(change, call)
    return answer(200, Permission(change=change, allowed=True))


def _permit(change: BillingChange, call: Call) -> None:
    office = call.office
    holding = office.freezes.holding(call.watch.clock.incident_now())
    permit(change, holding, essential=office.essential)


def _url(name: str, text: str) -> str:
    parts = urlsplit(text) if len(text) <= _LONGEST_URL and text.isprintable() else None
    if parts is None or parts.scheme != "https" or not parts.netloc:
        raise BadInput(f"`{name}` must be an https URL", field=name)
    return text
