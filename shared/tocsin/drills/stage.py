"""What a drill may touch of a running local stage, and how it looks at it.

Acts go through the doors people and providers use: alarms, webhooks, the signed API, the clock.
The tables are only read, to compare what is stored with what was promised, and emptied.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer

from tocsin.adapters.incidents.keys import incident_pk
from tocsin.drills.person import Person
from tocsin.errors import Unavailable
from tocsin.local.sandbox.clients.stripe import SandboxClient
from tocsin.local.stage import deploy, seed
from tocsin.local.stage.emptying import empty_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import timedelta

    from tocsin.local.look.clients import Clients
    from tocsin.local.look.inbox import Message
    from tocsin.local.stage.cloud import Cloud

_POLL_SECONDS = 0.1
_SENT = "sent"


@dataclass(frozen=True, slots=True)
class Stage:
    """A running local cloud, as its outputs describe it."""

    cloud: Cloud
    outputs: Mapping[str, Any]
    clients: Clients
    people: dict[str, Person] = field(default_factory=dict)

    @classmethod
    def of(cls, cloud: Cloud) -> Stage:
        """The stage that runs now.

        Raises:
            CloudNotRunning: none does.
        """
        return cls(cloud, cloud.outputs(), cloud.clients())

    @property
    def sandbox(self) -> SandboxClient:
        """The provider sandbox.

        Raises:
            Unavailable: the stage talks to another provider.
        """
        url = self.outputs["sandbox_url"]
        if not url:
            raise Unavailable("this stage was started with another provider than the sandbox")
        return SandboxClient(url)

    def person(self, name: str, *, group: str = "responder") -> Person:
        """A signed-in person of a group; signing in once is enough for a drill."""
        known = f"{name}:{group}"
        if known not in self.people:
            self.people[known] = Person.sign_in(self.clients, self.outputs, name, group)
        return self.people[known]

    def empty(self) -> None:
        """Forgets everything that happened on the stage and at the provider; time is now.

        What one run lost on purpose is in the next one's window, and is found there.
        """
        tables = self.outputs["tables"]
        empty_tables(self.clients, tables.values())
        seed.contacts(self.clients, tables["operations"])
        self.sandbox.reset()
        self.cloud.clock().reset()
        self.cloud.inbox().clear()

    def advance(self, by: timedelta) -> None:
        """Moves the incident clock and sweeps once."""
        clock = self.cloud.clock()
        clock.advance(by)
        clock.sweep()

    def stacks(self) -> list[dict[str, Any]]:
        """Every stack of the stage and its status."""
        return list(deploy.statuses(self.clients, f"tocsin-{self.outputs['stage']}-"))

    def schedules(self) -> list[tuple[str, str, str]]:
        """Expression, state and target function of every schedule."""
        group = f"tocsin-{self.outputs['stage']}-schedules"
        listed = self.clients.scheduler.list_schedules(GroupName=group)["Schedules"]
        found: list[tuple[str, str, str]] = []
        for one in listed:
            told = self.clients.scheduler.get_schedule(GroupName=group, Name=one["Name"])
            target = told["Target"]["Arn"].rpartition(":")[2]
            found.append((told["ScheduleExpression"], told["State"], target))
        return found

    def messages(self, incident: str) -> list[Message]:
        """Everything people got about one incident, oldest first."""
        return [one for one in self.cloud.inbox().read() if one.incident == incident]

    def outbox(self, incident: str) -> Counter[str]:
        """How many messages of an incident are in each state of the outbox."""
        items = self.query("incidents", incident_pk(incident), "OUT#")
        return Counter(str(item["state"]) for item in items)

    def sent_messages(self, incident: str, *, seconds: float) -> list[Message]:
        """The messages once the outbox holds nothing unsent, or when time is up."""
        wait_until(lambda: set(self.outbox(incident)) <= {_SENT}, seconds=seconds)
        return self.messages(incident)

    def query(self, table: str, partition: str, prefix: str = "") -> list[dict[str, Any]]:
        """Items of one partition, consistently read, as plain values."""
        values = {":pk": {"S": partition}} | ({":sk": {"S": prefix}} if prefix else {})
        condition = "PK = :pk" + (" AND begins_with(SK, :sk)" if prefix else "")
        pages = self.clients.dynamodb.get_paginator("query").paginate(
            TableName=self.outputs["tables"][table],
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            ConsistentRead=True,
        )
        return [_plain(item) for page in pages for item in page["Items"]]

    def get_many(
        self, table: str, keys: Iterable[tuple[str, str]]
    ) -> dict[tuple[str, str], dict[str, Any]]:
        """The items that exist, by partition and sort key, consistently read."""
        name = self.outputs["tables"][table]
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for batch in _batches(keys, 100):
            wanted: list[Any] = [{"PK": {"S": pk}, "SK": {"S": sk}} for pk, sk in batch]
            while wanted:
                answer = self.clients.dynamodb.batch_get_item(
                    RequestItems={name: {"Keys": wanted, "ConsistentRead": True}}
                )
                for item in map(_plain, answer["Responses"][name]):
                    found[str(item["PK"]), str(item["SK"])] = item
                unprocessed = answer.get("UnprocessedKeys", {})
                wanted = list(unprocessed[name]["Keys"]) if name in unprocessed else []
        return found


def wait_until(holds: Callable[[], bool], *, seconds: float) -> bool:
    """Polls until it holds or time is up; whether it held."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def fingerprint(items: Mapping[Any, Mapping[str, Any]]) -> str:
    """Equal for two readings that hold exactly the same."""
    ordered = sorted((repr(key), sorted(item.items())) for key, item in items.items())
    return json.dumps(ordered, default=repr)


def _plain(item: Mapping[str, Any]) -> dict[str, Any]:
    read = TypeDeserializer().deserialize
    return {name: read(value) for name, value in item.items()}


def _batches[T](values: Iterable[T], size: int) -> Iterator[list[T]]:
    batch: list[T] = []
    for value in values:
        batch.append(value)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
