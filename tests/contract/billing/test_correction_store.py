"""The memory and the DynamoDB twin of the correction log: all of a correction, or nothing of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.harness.cloud.moto_cloud import MotoCloud, moto_cloud
from tocsin.adapters.billing.access.corrections import DynamoDbCorrections
from tocsin.adapters.billing.access.memory import MemoryCorrections
from tocsin.adapters.billing.projection.memory import MemoryProjection
from tocsin.adapters.billing.projection.rows import DynamoDbProjection
from tocsin.billing.access.corrections import Correction, Logged, SeenAccess
from tocsin.billing.access.entitlement import Access
from tocsin.billing.identity import Identity
from tocsin.billing.projection.ordering import Change, Row
from tocsin.billing.subscription import Status, Subscription
from tocsin.ports.billing.access import CorrectionStore, Known, Request, Write

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.ports.billing.projection import Projection

NOW = 1_790_000_000  # 2026-09-21T14:13:20Z
IDENTITY = Identity("stripe", "acct_1/acct_9", "test")
STATE = Subscription("sub_1", Status.SUSPENDED, "unpaid", "price_1", NOW, workspace="ws_1")
ROW = Row(ver=1, rev=3, subscription=STATE, applied=NOW, seen=("evt_1",), since=NOW, source="evt_1")
NO_KEY = Request("person:ana", "", "digest")

type Both = tuple[CorrectionStore, Projection]


@pytest.fixture(scope="module")
def server() -> Iterator[MotoCloud]:
    with moto_cloud() as running:
        yield running


@pytest.fixture(params=["memory", "dynamodb"])
def both(request: pytest.FixtureRequest) -> Both:
    """A store and the projection it corrects, which has one row."""
    made: Both
    if request.param == "memory":
        projection = MemoryProjection()
        made = MemoryCorrections(projection), projection
    else:
        cloud: MotoCloud = request.getfixturevalue("server")
        cloud.reset()
        aws, table = cloud.aws("dynamodb"), cloud.table("billing-subscriptions")
        store = DynamoDbCorrections(aws, subscriptions=table, operations=cloud.table("operations"))
        made = store, DynamoDbProjection(aws, table)
    assert made[1].write(IDENTITY, "sub_1", Change(0, ROW))
    return made


def line(name: str = "2026-09-21T14:13:20Z#1", **changes: object) -> Logged:
    made = Logged(
        id=name,
        at=NOW,
        correction=Correction(IDENTITY, "sub_1", Status.ACTIVE, NOW + 60, "paid by transfer"),
        by="ana",
        before=SeenAccess(Status.SUSPENDED, Access.NO, corrected=False),
        after=SeenAccess(Status.ACTIVE, Access.YES, corrected=True),
        base_rev=3,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def test_a_correction_is_overlay_and_line_and_touches_nothing_else(both: Both) -> None:
    store, projection = both
    assert store.write(line(), over=None, request=NO_KEY) is Write.DONE
    assert store.find(line().id) == line()
    assert store.month("202609") == [line()]
    assert store.month("202610") == []
    row = projection.read(IDENTITY, "sub_1")
    assert row is not None
    assert row.overlay == line().overlay
    assert replace(row, overlay=None) == ROW


def test_a_line_with_everything_comes_back(both: Both) -> None:
    store, _ = both
    whole = line(approval="INC-1:7", approver="kim")
    assert store.write(whole, over=None, request=NO_KEY) is Write.DONE
    lifted = line(
        "2026-09-21T14:13:21Z#2",
        correction=Correction(IDENTITY, "sub_1", None, None, "a mistake"),
    )
    assert store.write(lifted, over=whole.overlay, request=NO_KEY) is Write.DONE
    assert store.month("202609") == [whole, lifted]


def test_what_it_was_decided_from_must_still_be_there(both: Both) -> None:
    store, projection = both
    for stale in (line(base_rev=2), line(correction=replace(line().correction, subscription="x"))):
        assert store.write(stale, over=None, request=NO_KEY) is Write.ROW_MOVED
    assert store.write(line(), over=line(by="bo").overlay, request=NO_KEY) is Write.ROW_MOVED
    assert store.month("202609") == []
    assert projection.read(IDENTITY, "sub_1") == ROW
    assert store.write(line(), over=None, request=NO_KEY) is Write.DONE
    other = line("2026-09-21T14:13:21Z#2", by="bo")
    assert store.write(other, over=None, request=NO_KEY) is Write.ROW_MOVED
    assert store.write(other, over=line().overlay, request=NO_KEY) is Write.DONE


def test_a_key_stands_for_one_correction(both: Both) -> None:
    store, _ = both
    request = Request("person:ana", "k-1", "digest")
    assert store.request("person:ana", "k-1") is None
    assert store.write(line(), over=None, request=request) is Write.DONE
    assert store.request("person:ana", "k-1") == Known("digest", line().id)
    assert store.request("person:bo", "k-1") is None
    again = line("2026-09-21T14:13:21Z#2")
    for over in (None, line().overlay):
        assert store.write(again, over=over, request=request) is Write.REPEATED
    assert store.month("202609") == [line()]


def test_an_approval_is_spent_with_what_it_was_for(both: Both) -> None:
    store, projection = both
    moved = line(approval="INC-1:7", base_rev=9)
    assert store.write(moved, over=None, request=NO_KEY) is Write.ROW_MOVED, "and stays unspent"
    first = line(approval="INC-1:7")
    assert store.write(first, over=None, request=NO_KEY) is Write.DONE
    second = line("2026-09-21T14:13:21Z#2", approval="INC-1:7")
    assert store.write(second, over=first.overlay, request=NO_KEY) is Write.APPROVAL_USED
    row = projection.read(IDENTITY, "sub_1")
    assert row is not None
    assert row.overlay == first.overlay
