"""Looks at a provider, kept for a day: `WATCH#<identity>` / `PROBE#<at>` in operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.billing.outage.recovery import Probe

if TYPE_CHECKING:
    from tocsin.adapters.aws_call import AwsCall
    from tocsin.billing.identity import Identity

SCHEMA_VERSION = 1
KEPT_SECONDS = 86_400


class DynamoDbProbes:
    """Implements `application.replay_desk.ProbeLog`."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._aws, self._table = aws, table

    def record(self, identity: Identity, probe: Probe) -> None:
        """Keeps one look; a second one of the same second replaces it."""
        item: dict[str, Any] = {
            "PK": {"S": f"WATCH#{identity}"},
            "SK": {"S": _sk(probe.at)},
            "v": {"N": str(SCHEMA_VERSION)},
            "ok": {"BOOL": probe.succeeded},
            "ttl": {"N": str(probe.at + KEPT_SECONDS)},
        }
        if probe.by_webhook is not None:
            item["wh"] = {"BOOL": probe.by_webhook}
        self._aws.call("PutItem", {"TableName": self._table, "Item": item})

    def probes(self, identity: Identity, *, since: int) -> list[Probe]:
        answer = self._aws.call(
            "Query",
            {
                "TableName": self._table,
                "KeyConditionExpression": "PK = :pk AND SK >= :since",
                "ExpressionAttributeValues": {
                    ":pk": {"S": f"WATCH#{identity}"},
                    ":since": {"S": _sk(since)},
                },
                "ConsistentRead": True,
            },
        )
        return [
            Probe(
                at=int(item["SK"]["S"].partition("#")[2]),
                succeeded=item["ok"]["BOOL"],
                by_webhook=item["wh"]["BOOL"] if "wh" in item else None,
            )
            for item in answer["Items"]
            if item["SK"]["S"].startswith("PROBE#")
        ]


def _sk(at: int) -> str:
    return f"PROBE#{at:012d}"
