"""The terms of a subscription: its period, trial, card, pause and planned end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tocsin.local.sandbox.stripe import items, objects
from tocsin.local.sandbox.stripe.errors import invalid, missing
from tocsin.local.sandbox.stripe.forms import boolean, integer, mapping, only, text

if TYPE_CHECKING:
    from tocsin.local.sandbox.defaults import Json

DAY: Final = 86_400

_PAUSES: Final = frozenset({"keep_as_draft", "mark_uncollectible", "void"})


def set_period(subscription: Json, *, start: int, until: int | None = None) -> None:
    """The period every item is in: one length of its price, or up to `until` for a trial."""
    for item in subscription["items"]["data"]:
        item["current_period_start"] = start
        item["current_period_end"] = until or start + objects.period_seconds(item["price"])
    if subscription["cancel_at_period_end"]:
        subscription["cancel_at"] = period_end(subscription)


def period_end(subscription: Json) -> int:
    """When the present period is over."""
    return min(int(item["current_period_end"]) for item in subscription["items"]["data"])


def apply_shared(subscription: Json, params: Json) -> None:
    """What creating and updating have in common."""
    at_end = boolean(params, "cancel_at_period_end")
    if at_end is not None:
        subscription["cancel_at_period_end"] = at_end
        subscription["cancel_at"] = (
            period_end(subscription) if at_end and items.listed(subscription) else None
        )
    card = text(params, "default_payment_method")
    if card is not None:
        subscription["default_payment_method"] = known_card(card) if card else None
    description = text(params, "description")
    if description is not None:
        subscription["description"] = description or None


def known_card(card: str) -> str:
    """A test card of the provider's own list.

    Raises:
        ProviderRefusal: any other, as there is nothing else to attach.
    """
    if card not in objects.GOOD_CARDS | objects.BAD_CARDS:
        raise missing("PaymentMethod", card, param="default_payment_method", status=400)
    return card


def start_trial(subscription: Json, params: Json, *, now: int) -> None:
    """A trial of so many days or up to a second, if one is asked for."""
    days, until = integer(params, "trial_period_days"), integer(params, "trial_end")
    if days is not None and until is not None:
        raise invalid("Received both trial_end and trial_period_days.", param="trial_end")
    until = now + days * DAY if days else until
    if until is None:
        return
    if until <= now:
        raise invalid("trial_end must be in the future.", param="trial_end")
    ending = mapping(mapping(params, "trial_settings"), "end_behavior")
    behaviour = text(ending, "missing_payment_method")
    if behaviour:
        subscription["trial_settings"]["end_behavior"]["missing_payment_method"] = behaviour
    subscription["status"] = "trialing"
    subscription["trial_start"], subscription["trial_end"] = now, until
    subscription["billing_cycle_anchor"] = until
    set_period(subscription, start=now, until=until)


def apply_trial_end(subscription: Json, params: Json, *, now: int) -> None:
    """Moves the end of a running trial, or ends it now."""
    if "trial_end" not in params:
        return
    if subscription["status"] != "trialing":
        raise invalid("This sandbox moves the end of a running trial only.", param="trial_end")
    if params["trial_end"] == "now":
        subscription["status"], subscription["trial_end"] = "active", now
        return
    until = integer(params, "trial_end") or 0
    if until <= now:
        raise invalid("trial_end must be in the future.", param="trial_end")
    subscription["trial_end"] = subscription["billing_cycle_anchor"] = until
    set_period(subscription, start=subscription["trial_start"], until=until)


def pause_of(params: Json) -> Json | None:
    """What `pause_collection` asks for; None lifts the pause."""
    pause = mapping(params, "pause_collection")
    if not pause:
        return None
    only(pause, frozenset({"behavior", "resumes_at"}))
    behaviour = text(pause, "behavior", required=True)
    if behaviour not in _PAUSES:
        raise invalid(f"Invalid behavior: {behaviour}", param="pause_collection[behavior]")
    return {"behavior": behaviour, "resumes_at": integer(pause, "resumes_at")}


def restarts(params: Json) -> bool:
    """Whether a new period is to begin now."""
    anchor = text(params, "billing_cycle_anchor")
    if anchor in {None, "unchanged"}:
        return False
    if anchor != "now":
        raise invalid(
            "billing_cycle_anchor can be set to `now` only.", param="billing_cycle_anchor"
        )
    return True
