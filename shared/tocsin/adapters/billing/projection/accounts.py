"""The accounts whose events came, in the operations table: one item for good.

PK ACCOUNTS  SK <identity>
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.adapters.aws.attributes import key, n
from tocsin.adapters.aws.table import NEW, Table, within
from tocsin.billing.identity import Identity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.adapters.aws.call import AwsCall

PK = "ACCOUNTS"


class DynamoDbSeenAccounts:
    """Implements `ports.billing.projection.SeenAccounts`; a process writes of each account once."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._table = Table(aws, table)
        self._known: set[Identity] = set()

    def note(self, identity: Identity, *, now: int) -> None:
        if identity in self._known:
            return
        self._table.put_if(key(PK, str(identity)) | {"v": n(1), "first_seen": n(now)}, NEW)
        self._known.add(identity)

    def every(self) -> Sequence[Identity]:
        found = self._table.query(**within(PK), ConsistentRead=True)
        return [Identity.parse(each["SK"]["S"]) for each in found]
