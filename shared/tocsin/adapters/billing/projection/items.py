"""A projection's row as a DynamoDB item, and back. A stored format.

    PK SUB#<identity>#<subscription>   SK SUB   v schema
    st raw plan period_end cp ce       status, provider's word, plan, period, collection paused,
                                       ends at period end
    fp fingerprint of these            term present when st is terminal
    ap fa un                           newest applied event, newest answer, answer not dated
    ver rev seen                       writes, changes, last event ids
    since src                          when and by what rev last rose
    confirm_at pending_until           delayed requests on their way
    workspace                          our id; the index of that name
    tomb ovr                           erased; a correction {st, until, approval, by, base_rev, log}

Absent facts are absent attributes: conditions can ask for them, and they cost nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.billing.identity import Identity
from tocsin.billing.projection.ordering import Overlay, Row
from tocsin.billing.subscription import Status, Subscription

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.adapters.aws.call import Attribute, Item

SCHEMA_VERSION = 1


def key_of(identity: Identity, subscription: str) -> Item:
    """The item's key."""
    return {"PK": {"S": f"SUB#{identity}#{subscription}"}, "SK": {"S": "SUB"}}


def place_of(item: Mapping[str, Attribute]) -> tuple[Identity, str]:
    """Whose row it is and of which subscription, from its key."""
    identity, _, subscription = item["PK"]["S"].removeprefix("SUB#").rpartition("#")
    return Identity.parse(identity), subscription


def state_attributes(subscription: Subscription | None) -> dict[str, Attribute | None]:
    """What a snapshot sets; None stands for an attribute to be removed."""
    if subscription is None:
        return {}
    return {
        "st": {"S": subscription.status.value},
        "raw": {"S": subscription.raw_status},
        "plan": {"S": subscription.plan},
        "period_end": number(subscription.period_end),
        "cp": flag(on=subscription.collection_paused),
        "ce": flag(on=subscription.ends_at_period_end),
        "term": flag(on=subscription.terminal),
        "fp": {"S": subscription.fingerprint},
    }


def row_attributes(row: Row) -> dict[str, Attribute | None]:
    """All that the projector owns of a row; `ovr` is not among it, for corrections own that."""
    workspace = row.subscription.workspace if row.subscription else None
    return state_attributes(row.subscription) | {
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


def row_of(item: Mapping[str, Attribute]) -> Row:
    """The row in an item."""
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
    )


def indexed_row_of(item: Mapping[str, Attribute]) -> tuple[Identity, Row]:
    """Whose row it is, and as much of it as the index `workspace` holds."""
    identity, _ = place_of(item)
    row = Row(
        rev=int(item["rev"]["N"]),
        subscription=_subscription_of(item) if "st" in item else None,
        since=_number_in(item, "since"),
        source=_text_in(item, "src"),
        overlay=_overlay_of(item["ovr"]["M"]) if "ovr" in item else None,
    )
    return identity, row


def overlay_attribute(overlay: Overlay) -> Attribute:
    """A correction as the map it is stored as."""
    log: Item = {"log": {"S": overlay.log}} if overlay.log else {}
    return {
        "M": {
            "st": {"S": overlay.status.value},
            "until": {"N": str(overlay.until)},
            "approval": {"S": overlay.approval},
            "by": {"S": overlay.by},
            "base_rev": {"N": str(overlay.base_rev)},
            **log,
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
        id=item["PK"]["S"].rpartition("#")[2],
        status=Status(item["st"]["S"]),
        raw_status=_text_in(item, "raw") or "",  # not in the index
        plan=item["plan"]["S"],
        period_end=_number_in(item, "period_end"),
        collection_paused="cp" in item,
        ends_at_period_end="ce" in item,
        workspace=_text_in(item, "workspace"),
    )


def _overlay_of(item: Mapping[str, Attribute]) -> Overlay:
    return Overlay(
        status=Status(item["st"]["S"]),
        until=int(item["until"]["N"]),
        approval=item["approval"]["S"],
        by=item["by"]["S"],
        base_rev=int(item["base_rev"]["N"]),
        log=_text_in(item, "log") or "",
    )


def _number_in(item: Mapping[str, Attribute], name: str) -> int | None:
    return int(item[name]["N"]) if name in item else None


def _text_in(item: Mapping[str, Attribute], name: str) -> str | None:
    return str(item[name]["S"]) if name in item else None
