"""What billing reads of incidents: approvals, an outage's times, and which are open.

An approval and a snapshot are one consistent read each, the open ones one query of the board's
index, half a read unit. Billing incidents are those of category `operational`. Drills are none:
what a drill plays must not change what a customer may use.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tocsin.adapters.aws.attributes import key, s
from tocsin.adapters.aws.table import Table
from tocsin.adapters.incidents.keys import LIST_INDEX, META, OPEN_LIST, entry_sk, incident_pk
from tocsin.adapters.incidents.outbox import DynamoOutbox
from tocsin.application.billing.replay.window import Harm
from tocsin.errors import UnknownIncident
from tocsin.incidents.events.snapshot import snapshot_of
from tocsin.incidents.queries.access import authorization_of, kept_out, may_see
from tocsin.incidents.vocabulary import Category

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.adapters.aws.call import AwsCall
    from tocsin.incidents.model.incident import Incident
    from tocsin.incidents.queries.access import Authorization
    from tocsin.incidents.vocabulary import Group
    from tocsin.ports.incidents import IncidentStore


class DynamoDbAuthorizations:
    """Implements `ports.billing.access.Authorizations`."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._table = Table(aws, table)

    def find(self, incident: str, seq: int) -> Authorization | None:
        if (item := self._table.get(key(incident_pk(incident), entry_sk(seq)))) is None:
            return None
        content = json.loads(item["content"]["S"])
        return authorization_of(incident, seq, item["type"]["S"], content)


class StoredAuthorizations:
    """The same over any incident store; for worlds without DynamoDB."""

    def __init__(self, store: IncidentStore) -> None:
        self._store = store

    def find(self, incident: str, seq: int) -> Authorization | None:
        entries = self._store.entries(incident, after=seq - 1, limit=1)
        if not entries or entries[0].seq != seq:
            return None
        return authorization_of(incident, seq, entries[0].type, entries[0].content)


class DynamoDbHarm:
    """Implements `application.billing.replay.window.Incidents`."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._table = Table(aws, table)

    def harm(self, incident: str, *, person: str, groups: frozenset[Group]) -> Harm:
        item = self._table.get(key(incident_pk(incident), META))
        found = snapshot_of(item["body"]["S"]) if item else None
        addressed = DynamoOutbox(self._table).addressed
        return _seen(incident, found, person, groups, addressed)


class StoredHarm:
    """The same over any incident store; for worlds without DynamoDB."""

    def __init__(self, store: IncidentStore) -> None:
        self._store = store

    def harm(self, incident: str, *, person: str, groups: frozenset[Group]) -> Harm:
        found, addressed = self._store.load(incident), self._store.addressed
        return _seen(incident, found, person, groups, addressed)


def _seen(
    name: str,
    incident: Incident | None,
    person: str,
    groups: frozenset[Group],
    addressed: Callable[[str], frozenset[str]],
) -> Harm:
    """For whoever may know of it; whoever was asked about it may, restricted or not."""
    known = incident is not None and (
        may_see(incident, person, groups)
        or (not kept_out(incident, person) and person in addressed(name))
    )
    if incident is None or not known:
        raise UnknownIncident(f"there is no incident {name[:64]}")
    began = incident.began_at or incident.opened_at
    replayed = (one.start for one in incident.replays.values())
    earliest = min(replayed, default=None)
    return Harm(
        began_at=int(began.timestamp()),
        provider=incident.fix.provider,
        replayed_from=None if earliest is None else int(earliest.timestamp()),
    )


REAL_PREFIX = "INC#INC-"


class DynamoDbOpenIncidents:
    """Implements `ports.billing.projection.OpenIncidents`, eventually consistent."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._table = Table(aws, table)

    def billing(self) -> tuple[str, ...]:
        found = self._table.query(
            IndexName=LIST_INDEX,
            KeyConditionExpression="list_pk = :open",
            FilterExpression="category = :billing AND begins_with(PK, :real)",
            ProjectionExpression="PK",
            ExpressionAttributeValues={
                ":open": s(OPEN_LIST),
                ":billing": s(Category.OPERATIONAL),
                ":real": s(REAL_PREFIX),
            },
            ScanIndexForward=False,
        )
        return tuple(item["PK"]["S"].removeprefix("INC#") for item in found)
