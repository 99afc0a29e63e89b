"""What every `ReleaseStore` promises, tried on both: memory and DynamoDB (moto)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from tests.harness.cloud.incident_tables import INCIDENTS, OPERATIONS, create_incident_tables
from tests.harness.fakes.boto_call import BotoCall
from tocsin.adapters.incidents.memory import MemoryIncidents
from tocsin.adapters.incidents.store import DynamoIncidents
from tocsin.adapters.releases.memory import MemoryReleases
from tocsin.adapters.releases.store import DynamoReleases
from tocsin.errors import BadInput, CommandRepeated, ConditionFailed
from tocsin.incidents.model.releases import Release, Telling
from tocsin.incidents.vocabulary import ActorKind, Group
from tocsin.ports.incidents import CommandRecord, IncidentStore
from tocsin.ports.releases import KeptReleases

if TYPE_CHECKING:
    from collections.abc import Iterator

CUT = datetime(2026, 9, 9, 16, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)

type Stores = tuple[KeptReleases, IncidentStore]


@pytest.fixture(params=["memory", "dynamodb"])
def stores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    if request.param == "memory":
        incidents = MemoryIncidents()
        yield MemoryReleases(incidents.creations), incidents
        return
    with mock_aws():
        client = boto3.client("dynamodb")
        create_incident_tables(client)
        yield (
            DynamoReleases(BotoCall(client), table=OPERATIONS),
            DynamoIncidents(BotoCall(client), table=INCIDENTS, operations_table=OPERATIONS),
        )


def release(name: str = "R42", **changes: Any) -> Release:
    values: dict[str, Any] = {"service": "checkout", "regular": True, "cut_at": CUT}
    return Release(release=name, **(values | changes))


def request(key: str = "k-1") -> CommandRecord:
    return CommandRecord(
        hash="h",
        request_hash="r",
        incident="checkout/R42",
        version=1,
        recorded_at=CUT,
        principal="person:ana",
        key=key,
    )


def test_a_release_is_read_as_it_was_written(stores: Stores) -> None:
    wanted = release(planned_at=CUT + HOUR, commits=("c0ffee", "beef"))
    stores[0].put(wanted)
    assert stores[0].get(release()) == wanted
    assert stores[0].get(release("R43")) is None
    assert stores[0].page("checkout").releases == (wanted,)


def test_a_planned_release_ships_once_and_then_stays_as_it_is(stores: Stores) -> None:
    stores[0].put(release(planned_at=CUT + HOUR))
    shipped = release(shipped_at=CUT + 2 * HOUR)
    stores[0].put(shipped)
    with pytest.raises(ConditionFailed):
        stores[0].put(release(planned_at=CUT + 3 * HOUR))
    assert stores[0].page("checkout").releases == (shipped,)


def test_i3_a_request_is_recorded_once_and_found_again(stores: Stores) -> None:
    releases, incidents = stores
    releases.put(release(), request())
    with pytest.raises(CommandRepeated):
        releases.put(release("R43"), request())
    assert releases.get(release("R43")) is None
    found = incidents.creation("person:ana", "k-1")
    assert found is not None
    assert (found.request_hash, found.incident) == ("r", "checkout/R42")


def test_a_repeat_is_told_before_a_release_that_has_shipped(stores: Stores) -> None:
    stores[0].put(release(shipped_at=CUT + HOUR), request())
    with pytest.raises(CommandRepeated):
        stores[0].put(release(shipped_at=CUT + HOUR), request())


def telling(**changes: Any) -> Telling:
    values: dict[str, Any] = {
        "release": release(),
        "actor_kind": ActorKind.PERSON,
        "actor_id": "ana",
        "groups": frozenset({Group.RESPONDER}),
        "correlation_id": "corr-1",
        "due_at": CUT,
    }
    return Telling(**(values | changes))


def waiting(stores: Stores, at: datetime = CUT) -> tuple[Telling, ...]:
    return stores[0].waiting(at=at, limit=10)


def test_a_telling_waits_from_when_it_is_due_until_it_is_done(stores: Stores) -> None:
    stores[0].put(release(), request(), telling())
    assert waiting(stores, CUT - HOUR) == ()
    assert waiting(stores) == (telling(),)
    on = telling(cursor="here", left=("INC-1",), ver=2)
    stores[0].save(on, expected=1)
    assert waiting(stores) == (on,)
    stores[0].save(replace(on, at_end=True, ver=3), expected=2)
    assert len(waiting(stores)) == 1
    stores[0].save(replace(on, at_end=True, left=(), ver=4), expected=3)
    assert waiting(stores) == ()


def test_only_one_goes_on_with_a_telling_and_a_new_report_begins_it_anew(stores: Stores) -> None:
    stores[0].put(release(), None, telling())
    stores[0].save(telling(cursor="here", ver=2), expected=1)
    with pytest.raises(ConditionFailed):
        stores[0].save(telling(cursor="there", ver=2), expected=1)
    stores[0].put(release(), None, telling())
    assert waiting(stores) == (telling(),)


def test_a_telling_is_not_written_without_its_release(stores: Stores) -> None:
    stores[0].put(release(shipped_at=CUT))
    with pytest.raises(ConditionFailed):
        stores[0].put(release(planned_at=CUT + HOUR), None, telling())
    assert waiting(stores) == ()


def test_releases_come_in_the_order_they_were_cut_page_by_page(stores: Stores) -> None:
    cuts = [CUT + HOUR * step for step in (2, 0, 1)]
    for number, cut in enumerate(cuts):
        stores[0].put(release(f"R{number}", cut_at=cut))
    stores[0].put(release("other", service="billing"))
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = stores[0].page("checkout", limit=1, cursor=cursor)
        seen += [each.release for each in page.releases]
        if (cursor := page.cursor) is None:
            break
    assert seen == ["R1", "R2", "R0"]


def test_a_release_cut_at_that_very_moment_is_not_after_it(stores: Stores) -> None:
    stores[0].put(release("same"))
    stores[0].put(release("later", cut_at=CUT + timedelta(milliseconds=1)))
    found = stores[0].page("checkout", cut_after=CUT).releases
    assert [each.release for each in found] == ["later"]


def test_a_cursor_from_elsewhere_is_refused(stores: Stores) -> None:
    with pytest.raises(BadInput):
        stores[0].page("checkout", cursor="elsewhere")
