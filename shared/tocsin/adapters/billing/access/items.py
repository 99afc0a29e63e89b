"""A line of the correction log as an item of `operations`, and back. A stored format.

PK CORR#<yyyymm>   SK <time>#<unique>   v schema   at
identity sub                    whose subscription
st until                        what it was corrected to; absent where a correction was lifted
access_until                    until when that leaves what was paid; absent where it does not
reason by approval approver     why, who, and who approved by which entry
before after                    {st, access, corr, until}; `until` absent where nothing says so
base_rev                        of the projection it was laid over
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.billing.access.corrections import Correction, Logged, SeenAccess
from tocsin.billing.access.entitlement import Access
from tocsin.billing.identity import Identity
from tocsin.billing.subscription import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.adapters.aws.call import Attribute, Item

SCHEMA_VERSION = 1


def log_pk(month: str) -> str:
    """The partition of one month (`yyyymm`)."""
    return f"CORR#{month}"


def log_key(logged: str) -> Item:
    """The key of the line of that id, which begins with its time."""
    month = logged[0:4] + logged[5:7]
    return {"PK": {"S": log_pk(month)}, "SK": {"S": logged}}


def logged_item(logged: Logged) -> Item:
    """The item of a line. It stays: there is no `ttl`."""
    wanted = logged.correction
    texts = {
        "identity": str(wanted.identity),
        "sub": wanted.subscription,
        "st": wanted.status.value if wanted.status else None,
        "reason": wanted.reason,
        "by": logged.by,
        "approval": logged.approval,
        "approver": logged.approver,
    }
    numbers = {"v": SCHEMA_VERSION, "at": logged.at, "base_rev": logged.base_rev}
    item = log_key(logged.id) | {name: {"S": text} for name, text in texts.items() if text}
    item |= {name: {"N": str(number)} for name, number in numbers.items()}
    if wanted.until is not None:
        item["until"] = {"N": str(wanted.until)}
    if wanted.access_until is not None:
        item["access_until"] = {"N": str(wanted.access_until)}
    return item | {"before": _seen_attribute(logged.before), "after": _seen_attribute(logged.after)}


def logged_of(item: Mapping[str, Attribute]) -> Logged:
    """The inverse of `logged_item`."""
    correction = Correction(
        identity=Identity.parse(item["identity"]["S"]),
        subscription=item["sub"]["S"],
        status=Status(item["st"]["S"]) if "st" in item else None,
        until=int(item["until"]["N"]) if "until" in item else None,
        reason=item["reason"]["S"],
        access_until=int(item["access_until"]["N"]) if "access_until" in item else None,
    )
    return Logged(
        id=item["SK"]["S"],
        at=int(item["at"]["N"]),
        correction=correction,
        by=item["by"]["S"],
        before=_seen_of(item["before"]["M"]),
        after=_seen_of(item["after"]["M"]),
        base_rev=int(item["base_rev"]["N"]),
        approval=item["approval"]["S"] if "approval" in item else None,
        approver=item["approver"]["S"] if "approver" in item else None,
    )


def _seen_attribute(seen: SeenAccess) -> Attribute:
    kept: Item = {
        "st": {"S": seen.status.value},
        "access": {"S": seen.access.value},
        "corr": {"BOOL": seen.corrected},
    }
    if seen.until is not None:
        kept["until"] = {"N": str(seen.until)}
    return {"M": kept}


def _seen_of(item: Mapping[str, Attribute]) -> SeenAccess:
    return SeenAccess(
        status=Status(item["st"]["S"]),
        access=Access(item["access"]["S"]),
        corrected=bool(item["corr"]["BOOL"]),
        until=int(item["until"]["N"]) if "until" in item else None,
    )
