"""A projection's row as a DynamoDB item, and back. A stored format.

    PK SUB#<identity>#<subscription>   SK SUB   v schema
    st raw plan period_end cp ce       status, provider's word, plan, period, collection paused,
                                       ends at period end
    ps qty ea                          start of the period, quantity, date it is to end on
    it                                 items that end apart: {e: end, q: quantity, p: plan} each
    fp fingerprint of these            term present when st is terminal
    ap fa un                           newest applied event, newest answer, answer not dated
    ver rev seen                       writes, changes, last event ids
    since src                          when and by what rev last rose
    confirm_at pending_until           delayed requests on their way
    workspace                          our id; the index of that name
    pi bi                              invoices paid and given back, `<end>#<id>`
    ra re, ua ue, ta te, qa qe         when seen running, unpaid, in trial, asked about, and the
                                       period's end then
    tomb ovr                           erased; a correction {st, until, approval, by, base_rev, log}

Absent facts are absent attributes: conditions can ask for them, and they cost nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.billing.identity import Identity, placed
from tocsin.billing.projection.ordering import Overlay, Row
from tocsin.billing.projection.paid import NOTHING, Invoice, Mark, Paid
from tocsin.billing.subscription import Status, Subscription, SubscriptionItem
from tocsin.errors import MalformedPayload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.adapters.aws.call import Attribute, Item

SCHEMA_VERSION = 1


def key_of(identity: Identity, subscription: str) -> Item:
    """The item's key."""
    return {"PK": {"S": f"SUB#{identity}#{subscription}"}, "SK": {"S": "SUB"}}


def place_of(item: Mapping[str, Attribute]) -> tuple[Identity, str]:
    """Whose row it is and of which subscription, from its key."""
    return placed(item["PK"]["S"].removeprefix("SUB#"))


def state_attributes(subscription: Subscription | None) -> dict[str, Attribute | None]:
    """What a snapshot sets; None stands for an attribute to be removed."""
    if subscription is None:
        return {}
    return {
        "st": {"S": subscription.status.value},
        "raw": {"S": subscription.raw_status},
        "plan": {"S": subscription.plan},
        "period_end": number(subscription.period_end),
        "ps": number(subscription.period_start),
        "qty": number(subscription.quantity),
        "ea": number(subscription.ends_at),
        "it": _items_attribute(subscription.items),
        "cp": flag(on=subscription.collection_paused),
        "ce": flag(on=subscription.ends_at_period_end),
        "term": flag(on=subscription.terminal),
        "fp": {"S": subscription.fingerprint},
    }


def row_attributes(row: Row) -> dict[str, Attribute | None]:
    """All that the projector owns of a row; `ovr` is not among it, for corrections own that."""
    workspace = row.subscription.workspace if row.subscription else None
    return (
        state_attributes(row.subscription)
        | {
            "v": number(SCHEMA_VERSION),
            "ver": number(row.ver),
            "rev": number(row.rev),
            "ap": number(row.applied),
            "fa": number(row.fetched),
            "un": flag(on=row.undated),
            "seen": ids(row.seen),
            "since": number(row.since),
            "src": {"S": row.source} if row.source else None,
            "confirm_at": number(row.confirm_at),
            "pending_until": number(row.pending_until),
            "workspace": {"S": workspace} if workspace else None,
            "tomb": flag(on=row.erased),
        }
        | paid_attributes(row.paid)
    )


def paid_attributes(paid: Paid) -> dict[str, Attribute | None]:
    """What is known of payment."""
    marks = {"r": paid.running, "u": paid.unpaid, "t": paid.trial, "q": paid.asked}
    attributes: dict[str, Attribute | None] = {
        name: ids(tuple(f"{each.end}#{each.id}" for each in invoices)) if invoices else None
        for name, invoices in (("pi", paid.paid), ("bi", paid.back))
    }
    for name, mark in marks.items():
        attributes[f"{name}a"] = number(mark.at if mark else None)
        attributes[f"{name}e"] = number(mark.end if mark else None)
    return attributes


def told_attributes(paid: Paid) -> dict[str, Attribute]:
    """Only what is there: what a snapshot newer than all that the row knows adds to it."""
    return {name: value for name, value in paid_attributes(paid).items() if value is not None}


def row_of(item: Mapping[str, Attribute]) -> Row:
    """The row in an item.

    Raises:
        MalformedPayload: it is none, or of a form this code does not know.
    """
    try:
        return _row_of(item)
    except (KeyError, TypeError, ValueError) as error:
        raise MalformedPayload(f"A stored row cannot be read: {error!r}.") from error


def _row_of(item: Mapping[str, Attribute]) -> Row:
    seen = item["seen"]["L"] if "seen" in item else []
    return Row(
        ver=int(item["ver"]["N"]),
        rev=int(item["rev"]["N"]),
        subscription=_subscription_of(item) if "st" in item else None,
        applied=_number_in(item, "ap"),
        fetched=_number_in(item, "fa"),
        undated="un" in item,
        seen=tuple(each["S"] for each in seen),
        since=_number_in(item, "since"),
        source=_text_in(item, "src"),
        confirm_at=_number_in(item, "confirm_at"),
        pending_until=_number_in(item, "pending_until"),
        erased="tomb" in item,
        overlay=_overlay_of(item["ovr"]["M"]) if "ovr" in item else None,
        paid=_paid_of(item),
    )


def overlay_attribute(overlay: Overlay) -> Attribute:
    """A correction as the map it is stored as."""
    more: Item = {"log": {"S": overlay.log}} if overlay.log else {}
    if overlay.access_until is not None:
        more["access_until"] = {"N": str(overlay.access_until)}
    return {
        "M": {
            "st": {"S": overlay.status.value},
            "until": {"N": str(overlay.until)},
            "approval": {"S": overlay.approval},
            "by": {"S": overlay.by},
            "base_rev": {"N": str(overlay.base_rev)},
            **more,
        }
    }


def number(value: int | None) -> Attribute | None:
    """A number, or None for an attribute to be removed."""
    return None if value is None else {"N": str(value)}


def flag(*, on: bool) -> Attribute | None:
    """True, or None for an attribute to be removed: false is never stored."""
    return {"BOOL": True} if on else None


def ids(values: tuple[str, ...]) -> Attribute:
    """A list of texts."""
    return {"L": [{"S": value} for value in values]}


def _subscription_of(item: Mapping[str, Attribute]) -> Subscription:
    return Subscription(
        id=place_of(item)[1],
        status=Status(item["st"]["S"]),
        raw_status=item["raw"]["S"],
        plan=item["plan"]["S"],
        period_end=_number_in(item, "period_end"),
        collection_paused="cp" in item,
        ends_at_period_end="ce" in item,
        workspace=_text_in(item, "workspace"),
        period_start=_number_in(item, "ps"),
        quantity=_number_in(item, "qty"),
        ends_at=_number_in(item, "ea"),
        items=tuple(
            SubscriptionItem(each["p"]["S"], int(each["e"]["N"]), _number_in(each, "q"))
            for each in (one["M"] for one in (item["it"]["L"] if "it" in item else ()))
        ),
    )


def _items_attribute(items: tuple[SubscriptionItem, ...]) -> Attribute | None:
    if not items:
        return None
    kept: list[Attribute] = []
    for each in items:
        one: Item = {"p": {"S": each.plan}, "e": {"N": str(each.end)}}
        if each.quantity is not None:
            one["q"] = {"N": str(each.quantity)}
        kept.append({"M": one})
    return {"L": kept}


def _paid_of(item: Mapping[str, Attribute]) -> Paid:
    found = Paid(
        paid=_invoices_of(item, "pi"),
        back=_invoices_of(item, "bi"),
        running=_mark_of(item, "r"),
        unpaid=_mark_of(item, "u"),
        trial=_mark_of(item, "t"),
        asked=_mark_of(item, "q"),
    )
    return NOTHING if found == NOTHING else found


def _invoices_of(item: Mapping[str, Attribute], name: str) -> tuple[Invoice, ...]:
    texts = [each["S"].partition("#") for each in item[name]["L"]] if name in item else []
    return tuple(Invoice(int(end), identifier) for end, _, identifier in texts)


def _mark_of(item: Mapping[str, Attribute], name: str) -> Mark | None:
    at, end = _number_in(item, f"{name}a"), _number_in(item, f"{name}e")
    return None if at is None or end is None else Mark(at, end)


def _overlay_of(item: Mapping[str, Attribute]) -> Overlay:
    return Overlay(
        status=Status(item["st"]["S"]),
        until=int(item["until"]["N"]),
        approval=item["approval"]["S"],
        by=item["by"]["S"],
        base_rev=int(item["base_rev"]["N"]),
        log=_text_in(item, "log") or "",
        access_until=_number_in(item, "access_until"),
    )


def _number_in(item: Mapping[str, Attribute], name: str) -> int | None:
    return int(item[name]["N"]) if name in item else None


def _text_in(item: Mapping[str, Attribute], name: str) -> str | None:
    return str(item[name]["S"]) if name in item else None
