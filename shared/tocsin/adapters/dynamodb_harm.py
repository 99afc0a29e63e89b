"""What an incident says of its outage, from its snapshot: one consistent read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.adapters.dynamodb_incidents_keys import META, incident_pk
from tocsin.application.outage_window import Harm
from tocsin.errors import UnknownIncident
from tocsin.incidents.events.snapshot import snapshot_of
from tocsin.incidents.queries.access import may_see

if TYPE_CHECKING:
    from tocsin.adapters.aws_call import AwsCall
    from tocsin.incidents.model.incident import Incident
    from tocsin.incidents.vocabulary import Group
    from tocsin.ports.incidents import IncidentStore


class DynamoDbHarm:
    """Implements `application.outage_window.Incidents`."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._aws, self._table = aws, table

    def harm(self, incident: str, *, person: str, groups: frozenset[Group]) -> Harm:
        key = {"PK": {"S": incident_pk(incident)}, "SK": {"S": META}}
        answer = self._aws.call(
            "GetItem", {"TableName": self._table, "Key": key, "ConsistentRead": True}
        )
        item = answer.get("Item")
        return _seen(incident, snapshot_of(item["body"]["S"]) if item else None, person, groups)


class StoredHarm:
    """The same over any incident store; for worlds without DynamoDB."""

    def __init__(self, store: IncidentStore) -> None:
        self._store = store

    def harm(self, incident: str, *, person: str, groups: frozenset[Group]) -> Harm:
        return _seen(incident, self._store.load(incident), person, groups)


def _seen(name: str, incident: Incident | None, person: str, groups: frozenset[Group]) -> Harm:
    if incident is None or not may_see(incident, person, groups):
        raise UnknownIncident(f"there is no incident {name[:64]}")
    began = incident.began_at or incident.opened_at
    replayed = (one.start for one in incident.replays.values())
    earliest = min(replayed, default=None)
    return Harm(
        began_at=int(began.timestamp()),
        provider=incident.fix.provider,
        replayed_from=None if earliest is None else int(earliest.timestamp()),
    )
