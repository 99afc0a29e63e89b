"""Waiting deployments in the `operations` table: `WAIT#<repository>` / `<deployment>`.

One that waits is in the index `due`, in the shard `WAIT`; one that was answered is not, and is
cleared away after a month. The stored form is written by hand: who takes webhooks imports it.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Any

from tocsin.adapters.aws.attributes import key, n, s
from tocsin.adapters.aws.table import NEW, Table
from tocsin.errors import ConditionFailed
from tocsin.incidents.model.deployments import Deployment, DeploymentState

if TYPE_CHECKING:
    from tocsin.adapters.aws.call import AwsCall

ITEM_VERSION = 1
DUE_INDEX = "due"
_SHARD = "WAIT"
_KEPT_SECONDS = 31 * 86_400


def deployment_text(one: Deployment) -> str:
    """The stored form; times are in microseconds, so that an end at an exact second stays exact."""
    return json.dumps(asdict(one), separators=(",", ":"), sort_keys=True, default=_plain)


def deployment_of(text: str) -> Deployment:
    """The inverse of `deployment_text`."""
    found: dict[str, Any] = json.loads(text)
    asked = found.get("asked")
    found |= {name: datetime.fromisoformat(found[name]) for name in ("requested_at", "due_at")}
    found |= {
        "pulls": tuple(found["pulls"]),
        "state": DeploymentState(found["state"]),
        "asked": None if asked is None else DeploymentState(asked),
    }
    return Deployment(**found)


class DynamoDeployments:
    """A `DeploymentStore` over the `operations` table."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._table = Table(aws, table)

    def add(self, deployment: Deployment) -> bool:
        try:
            self._table.put(_item(deployment), condition=NEW)
        except ConditionFailed:
            return False
        return True

    def get(self, repository: str, deployment: str) -> Deployment | None:
        """By a query: who answers may not read the rest of the table by its keys."""
        answer = self._table.page(
            KeyConditionExpression="PK = :pk AND SK = :sk",
            ExpressionAttributeValues={":pk": s(f"{_SHARD}#{repository}"), ":sk": s(deployment)},
            ConsistentRead=True,
        )
        items = answer["Items"]
        return deployment_of(items[0]["body"]["S"]) if items else None

    def due(self, *, at: datetime, limit: int) -> tuple[Deployment, ...]:
        """Found by the index, read by their keys: the index may be a moment behind."""
        found = self._table.page(
            IndexName=DUE_INDEX,
            KeyConditionExpression="due_pk = :pk AND due_sk <= :now",
            ExpressionAttributeValues={":pk": s(_SHARD), ":now": n(int(at.timestamp()))},
            Limit=limit,
        )
        read = (
            self.get(item["PK"]["S"].partition("#")[2], item["SK"]["S"]) for item in found["Items"]
        )
        return tuple(one for one in read if one is not None and one.waits and one.due_at <= at)

    def save(self, deployment: Deployment) -> None:
        before = {":ver": n(deployment.ver - 1)}
        self._table.put(_item(deployment), condition="ver = :ver", values=before)


class MemoryDeployments:
    """Its twin in memory; it keeps the stored form."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._texts: dict[tuple[str, str], str] = {}

    def add(self, deployment: Deployment) -> bool:
        where = (deployment.repository, deployment.id)
        with self._lock:
            known = where in self._texts
            self._texts.setdefault(where, deployment_text(deployment))
        return not known

    def get(self, repository: str, deployment: str) -> Deployment | None:
        text = self._texts.get((repository, deployment))
        return None if text is None else deployment_of(text)

    def due(self, *, at: datetime, limit: int) -> tuple[Deployment, ...]:
        found = sorted(map(deployment_of, self._texts.values()), key=lambda one: one.due_at)
        return tuple(one for one in found if one.waits and one.due_at <= at)[:limit]

    def save(self, deployment: Deployment) -> None:
        where = (deployment.repository, deployment.id)
        with self._lock:
            if (
                where not in self._texts
                or deployment_of(self._texts[where]).ver != deployment.ver - 1
            ):
                raise ConditionFailed
            self._texts[where] = deployment_text(deployment)


def _item(one: Deployment) -> dict[str, Any]:
    due = int(one.due_at.timestamp())
    item = key(f"{_SHARD}#{one.repository}", one.id) | {
        "v": n(ITEM_VERSION),
        "body": s(deployment_text(one)),
        "ver": n(one.ver),
    }
    if one.waits:
        return item | {"due_pk": s(_SHARD), "due_sk": n(due)}
    return item | {"ttl": n(due + _KEPT_SECONDS)}


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    raise TypeError(value)
