"""Published policies in the `operations` table; their places are in `runbooks.forms`.

Everything is read by `Query`, also what has a key of its own: it is the one right on this table
that every function with incidents has anyway.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.adapters.aws.attributes import b, bytes_of, key, n, s
from tocsin.adapters.aws.table import NEW, Cancelled, Table
from tocsin.adapters.runbooks import forms
from tocsin.errors import StoreUnavailable, VersionConflict
from tocsin.incidents.timeline.entry import format_time, parse_time
from tocsin.ports.runbooks import Asked, PolicyVersion

if TYPE_CHECKING:
    from tocsin.adapters.aws.attributes import Item
    from tocsin.adapters.aws.call import AwsCall

_REFUSED = "ConditionalCheckFailed"


class DynamoPolicies:
    """A `PolicyVersions` over the `operations` table."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._table = Table(aws, table)

    def page(self, *, before: int | None = None, limit: int) -> tuple[PolicyVersion, ...]:
        if before is not None and before <= 1:
            return ()
        # Between two numbers: nothing else of the partition sorts there.
        last = forms.NUMBERED + "9" * 6 if before is None else forms.number_sk(before - 1)
        answer = self._table.page(
            KeyConditionExpression="PK = :pk AND SK BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":pk": s(forms.PK),
                ":first": s(forms.number_sk(0)),
                ":last": s(last),
            },
            ScanIndexForward=False,
            Limit=limit,
            ConsistentRead=True,
        )
        return tuple(_version(item) for item in answer["Items"])

    def number(self, number: int) -> PolicyVersion | None:
        item = self._one(forms.number_sk(number))
        return None if item is None else _version(item)

    def find(self, version: str) -> PolicyVersion | None:
        item = self._one(forms.version_sk(version))
        return None if item is None else self.number(int(item["number"]["N"]))

    def document(self, version: str) -> bytes | None:
        """A published policy as it was compiled; None for what nobody published."""
        found = self.find(version)
        return None if found is None else found.document

    def asked(self, digest: str) -> Asked | None:
        item = self._one(forms.asked_sk(digest))
        if item is None:
            return None
        return Asked(digest=digest, wish=item["wish"]["S"], number=int(item["number"]["N"]))

    def publish(self, version: PolicyVersion, asked: Asked | None) -> None:
        number = n(version.number)
        writes = [self._new(forms.number_sk(version.number), _attributes(version))]
        if self._one(forms.version_sk(version.version)) is None:
            writes.append(self._new(forms.version_sk(version.version), {"number": number}))
        if asked is not None:
            kept = {"number": number, "wish": s(asked.wish)}
            writes.append(self._new(forms.asked_sk(asked.digest), kept))
        try:
            self._table.transact(writes)
        except Cancelled as cancelled:
            if _REFUSED in cancelled.reasons:
                raise VersionConflict("another policy was published meanwhile") from cancelled
            raise StoreUnavailable(str(cancelled)) from cancelled

    def _one(self, sk: str) -> Item | None:
        answer = self._table.page(
            KeyConditionExpression="PK = :pk AND SK = :sk",
            ExpressionAttributeValues={":pk": s(forms.PK), ":sk": s(sk)},
            ConsistentRead=True,
        )
        found: Item | None = next(iter(answer["Items"]), None)
        return found

    def _new(self, sk: str, attributes: Item) -> dict[str, Any]:
        return {
            "Put": {
                "TableName": self._table.name,
                "Item": key(forms.PK, sk) | {"v": n(forms.ITEM_VERSION)} | attributes,
                "ConditionExpression": NEW,
            }
        }


def _attributes(version: PolicyVersion) -> Item:
    return {
        "number": n(version.number),
        "version": s(version.version),
        "packed": b(forms.packed(version.document)),
        "sha256": s(version.sha256),
        "published_by": s(version.published_by),
        "published_at": s(format_time(version.published_at)),
        "why": s(version.why),
        "previous": s(version.previous),
        "changed": s(forms.changed_text(version)),
        "differences": n(version.differences),
    }


def _version(item: Item) -> PolicyVersion:
    return PolicyVersion(
        number=int(item["number"]["N"]),
        version=item["version"]["S"],
        document=forms.unpacked(bytes_of(item["packed"])),
        sha256=item["sha256"]["S"],
        published_by=item["published_by"]["S"],
        published_at=parse_time(item["published_at"]["S"]),
        why=item["why"]["S"],
        previous=item["previous"]["S"],
        changed=forms.changed_of(item["changed"]["S"]),
        differences=int(item["differences"]["N"]),
    )
