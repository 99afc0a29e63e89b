"""Which incidents freeze billing now: the freezes of `operations`, read by a signed call.

The items are written by the command that freezes or unfreezes, so the answer is never behind. The
function that asks sells too, and would pay for an SDK client at every cold start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.adapters.aws.table import Table, within
from tocsin.adapters.incidents.forms import FREEZE_PK, freeze_of
from tocsin.billing.access.freeze import Holding

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.adapters.aws.call import AwsCall


class DynamoDbBillingFreezes:
    """Implements `ports.billing.checkout.BillingFreezes`. Reads are consistent."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._table = Table(aws, table)

    def holding(self, at: datetime) -> tuple[Holding, ...]:
        found = self._table.query(**within(FREEZE_PK), ConsistentRead=True)
        held = (freeze_of(item["body"]["S"]) for item in found)
        return tuple(
            {
                each.incident: Holding(each.incident, each.policy)
                for each in held
                if each.billing and each.holds_at(at)
            }.values()
        )
