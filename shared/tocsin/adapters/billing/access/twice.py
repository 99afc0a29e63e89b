"""Workspaces that were seen to pay twice, as items of `operations`. A stored format.

PK DOUBLES   SK <workspace>   v schema   at seen last   ttl forgotten
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.adapters.aws.attributes import key, n
from tocsin.adapters.aws.table import Table, within
from tocsin.ports.billing.access import KEPT_SECONDS, NOTED_AGAIN_AFTER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.adapters.aws.call import AwsCall

PK = "DOUBLES"
SCHEMA_VERSION = 1
MOST_REMEMBERED = 1_000


class DynamoDbSeenTwice:
    """Implements `ports.billing.access.SeenTwice`; a process writes of each once a day."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._table = Table(aws, table)
        self._noted: dict[str, int] = {}

    def note(self, workspace: str, *, now: int) -> None:
        if now - self._noted.get(workspace, 0) < NOTED_AGAIN_AFTER:
            return
        item = {"v": n(SCHEMA_VERSION), "at": n(now), "ttl": n(now + KEPT_SECONDS)}
        self._table.put(key(PK, workspace) | item)
        if len(self._noted) >= MOST_REMEMBERED:
            self._noted.clear()
        self._noted[workspace] = now

    def every(self, *, now: int) -> Sequence[str]:
        found = self._table.query(**within(PK), ConsistentRead=True)
        # What time to live removes may still be there for days.
        return [each["SK"]["S"] for each in found if int(each["ttl"]["N"]) > now]
