"""API versions that were ever seen, in `operations`: `APIV#<provider>` / `<version>`.

A version seen for the first time is worth one alarm: it is how an upgrade of somebody's account, or
an endpoint that is not pinned, shows before a field goes missing. What this process has seen costs
nothing more, so that the usual event stays at its one write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.errors import ConditionFailed

if TYPE_CHECKING:
    from tocsin.adapters.aws_call import AwsCall

LONGEST = 64


class SeenVersions:
    """Remembers versions for good; `known` is what this process has seen."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._aws, self._table = aws, table
        self.known: set[tuple[str, str]] = set()

    def is_new(self, provider: str, version: str | None, *, now: int) -> bool:
        """Whether nobody has seen this version before: true once in the life of a stage.

        Raises:
            StoreUnavailable: it is not known; ask again with the next event.
        """
        if not version or (provider, version) in self.known:
            return False
        item = {
            "PK": {"S": f"APIV#{provider}"},
            "SK": {"S": version[:LONGEST]},
            "v": {"N": "1"},
            "first_seen": {"N": str(now)},
        }
        request = {
            "TableName": self._table,
            "Item": item,
            "ConditionExpression": "attribute_not_exists(PK)",
        }
        try:
            self._aws.call("PutItem", request)
        except ConditionFailed:
            self.known.add((provider, version))
            return False
        self.known.add((provider, version))
        return True
