"""Corrections on DynamoDB: overlay, log line, key and spent approval in one transaction.

In `operations`: the line (`CORR#`), the key (`IDEM#<principal>`, in the shape that creations of
incidents use, so that one key is one wish whatever it was for) and the spent approval
(`APPR#<incident>` / `<entry>`). In `billing_subscriptions`: the attribute `ovr` of one row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.adapters.aws.attributes import key as item_key
from tocsin.adapters.aws.table import NEW, Cancelled, Table, within
from tocsin.adapters.billing.access.items import log_key, log_pk, logged_item, logged_of
from tocsin.adapters.billing.projection.items import key_of, overlay_attribute
from tocsin.adapters.incidents.keys import creation_pk
from tocsin.billing.access.corrections import moment
from tocsin.errors import StoreUnavailable
from tocsin.ports.billing.access import Known, Write

if TYPE_CHECKING:
    from tocsin.adapters.aws.call import AwsCall, Item
    from tocsin.billing.access.corrections import Logged
    from tocsin.billing.projection.ordering import Overlay
    from tocsin.ports.billing.access import Request

KEY_KEPT_SECONDS = 7 * 86_400
_FAILED = "ConditionalCheckFailed"


class DynamoDbCorrections:
    """Implements `ports.billing.access.CorrectionStore`."""

    def __init__(self, aws: AwsCall, *, subscriptions: str, operations: str) -> None:
        self._subscriptions, self._operations = subscriptions, Table(aws, operations)

    def write(self, logged: Logged, *, over: Overlay | None, request: Request) -> Write:
        steps = [
            (Write.ROW_MOVED, {"Update": self._overlaid(logged, over)}),
            (Write.ROW_MOVED, {"Put": self._new(logged_item(logged))}),
        ]
        if request.key:
            steps.append((Write.REPEATED, {"Put": self._new(_key_item(request, logged))}))
        if logged.approval:
            steps.append((Write.APPROVAL_USED, {"Put": self._new(_spent_item(logged))}))
        try:
            self._operations.transact([step for _, step in steps])
        except Cancelled as cancelled:
            if not cancelled.unmet:
                raise StoreUnavailable(str(cancelled)) from cancelled
            failed = [
                became
                for (became, _), reason in zip(steps, cancelled.reasons, strict=False)
                if reason == _FAILED
            ]
            # A repeat also finds its own overlay on the row: what says most comes first.
            order = (Write.REPEATED, Write.APPROVAL_USED)
            return next((each for each in order if each in failed), Write.ROW_MOVED)
        return Write.DONE

    def request(self, principal: str, key: str) -> Known | None:
        item = self._operations.get(item_key(creation_pk(principal), key))
        if item is None:
            return None
        return Known(item["request_hash"]["S"], item.get("log", {}).get("S", ""))

    def find(self, logged: str) -> Logged | None:
        item = self._operations.get(log_key(logged))
        return logged_of(item) if item else None

    def month(self, month: str) -> list[Logged]:
        found = self._operations.query(**within(log_pk(month)), ConsistentRead=True)
        return [logged_of(item) for item in found]

    def _new(self, item: Item) -> dict[str, Any]:
        return {
            "TableName": self._operations.name,
            "Item": item,
            "ConditionExpression": NEW,
        }

    def _overlaid(self, logged: Logged, over: Overlay | None) -> dict[str, Any]:
        """The update of `ovr`, on condition that what it was decided from is still there."""
        wanted, overlay = logged.correction, logged.overlay
        values: Item = {":rev": {"N": str(logged.base_rev)}}
        unmoved = "attribute_exists(#ver) AND #rev = :rev AND attribute_not_exists(#ovr)"
        if over is not None:
            values[":over"] = overlay_attribute(over)
            unmoved = "attribute_exists(#ver) AND #rev = :rev AND #ovr = :over"
        if overlay is not None:
            values[":ovr"] = overlay_attribute(overlay)
        return {
            "TableName": self._subscriptions,
            "Key": key_of(wanted.identity, wanted.subscription),
            "UpdateExpression": "SET #ovr = :ovr" if overlay else "REMOVE #ovr",
            "ConditionExpression": unmoved,
            "ExpressionAttributeNames": {"#ovr": "ovr", "#rev": "rev", "#ver": "ver"},
            "ExpressionAttributeValues": values,
        }


def _key_item(request: Request, logged: Logged) -> Item:
    return {
        "PK": {"S": creation_pk(request.principal)},
        "SK": {"S": request.key},
        "v": {"N": "1"},
        "hash": {"S": request.digest},
        "request_hash": {"S": request.digest},
        "incident": {"S": ""},
        "version": {"N": "0"},
        "recorded_at": {"S": moment(logged.at)},
        "log": {"S": logged.id},
        "ttl": {"N": str(logged.at + KEY_KEPT_SECONDS)},
    }


def _spent_item(logged: Logged) -> Item:
    incident, _, entry = (logged.approval or "").partition(":")
    return {
        "PK": {"S": f"APPR#{incident}"},
        "SK": {"S": entry},
        "v": {"N": "1"},
        "used_by": {"S": logged.by},
        "used_at": {"N": str(logged.at)},
        "used_for": {"S": logged.id},
    }
