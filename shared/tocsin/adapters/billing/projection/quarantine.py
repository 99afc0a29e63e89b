"""The quarantine in the operations table: `QUAR#<provider>` / `<first seen>#<event id>`.

API versions that were ever seen, in `operations`: `APIV#<provider>` / `<version>`.

A version seen for the first time is worth one alarm: it is how an upgrade of somebody's account, or
an endpoint that is not pinned, shows before a field goes missing. What this process has seen costs
nothing more, so that the usual event stays at its one write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.adapters.aws.attributes import key, n
from tocsin.adapters.aws.table import NEW, Table, within
from tocsin.billing.projection.quarantine import Poison

if TYPE_CHECKING:
    from tocsin.adapters.aws.call import AwsCall, Item


SCHEMA_VERSION = 1


class DynamoDbQuarantine:
    """Implements `ports.billing.projection.Quarantine`."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._aws, self._table = aws, Table(aws, table)

    def put(self, poison: Poison) -> None:
        texts = {
            "PK": poison.pk,
            "SK": poison.sk,
            "id": poison.id,
            "reason": poison.reason,
            "detail": poison.detail[:500],
            "ledger_pk": poison.ledger_pk,
            "identity": poison.identity,
            "sub": poison.subscription,
        }
        item = {name: {"S": text} for name, text in texts.items() if text}
        item |= {"v": {"N": str(SCHEMA_VERSION)}, "first_seen": {"N": str(poison.first_seen)}}
        self._table.put(item)

    def kept(self, provider: str, *, limit: int = 200) -> list[Poison]:
        """What is set aside of one provider, oldest first, `limit` at most."""
        answer = self._table.page(**within(f"QUAR#{provider}"), Limit=limit)
        return [_poison_of(item) for item in answer["Items"]]

    def oldest(self, provider: str) -> Poison | None:
        """What has waited longest."""
        kept = self.kept(provider, limit=1)
        return kept[0] if kept else None

    def forget(self, poison: Poison) -> None:
        """Takes it out; for somebody who has handed it on or looked into it."""
        gone = {"TableName": self._table.name, "Key": key(poison.pk, poison.sk)}
        self._aws.call("DeleteItem", gone)


def _poison_of(item: Item) -> Poison:
    def text(name: str) -> str | None:
        return str(item[name]["S"]) if name in item else None

    return Poison(
        provider=item["PK"]["S"].partition("#")[2],
        id=item["id"]["S"],
        reason=item["reason"]["S"],
        detail=text("detail") or "",
        first_seen=int(item["first_seen"]["N"]),
        ledger_pk=text("ledger_pk"),
        identity=text("identity"),
        subscription=text("sub"),
    )


LONGEST = 64


class SeenVersions:
    """Remembers versions for good; `known` is what this process has seen."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._table = Table(aws, table)
        self.known: set[tuple[str, str]] = set()

    def is_new(self, provider: str, version: str | None, *, now: int) -> bool:
        """Whether nobody has seen this version before: true once in the life of a stage.

        Raises:
            StoreUnavailable: it is not known; ask again with the next event.
        """
        if not version or (provider, version) in self.known:
            return False
        item = key(f"APIV#{provider}", version[:LONGEST]) | {"v": n(1), "first_seen": n(now)}
        new = self._table.put_if(item, NEW)
        self.known.add((provider, version))
        return new
