"""The memory and the DynamoDB twin of what a reconciliation keeps make the same promises (moto)."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.cloud.moto_cloud import MotoCloud, moto_cloud
from tests.harness.fakes.lossy_call import LossyCall
from tocsin.adapters.billing.projection.ledger import DynamoDbLedger
from tocsin.adapters.billing.projection.ledger_queries import DynamoDbLedgerHours
from tocsin.adapters.billing.reconcile.memory import MemoryReconciliations
from tocsin.adapters.billing.reconcile.store import DynamoDbReconciliations
from tocsin.billing.event import Envelope, EventClass, IdSource
from tocsin.billing.identity import Identity
from tocsin.billing.projection.ledger_key import LedgerRecord
from tocsin.billing.reconcile.compare import Healing, Kind, Mismatch
from tocsin.billing.reconcile.work import (
    Compared,
    Cursor,
    Found,
    Scope,
    Stage,
    Standing,
    State,
    Tally,
)
from tocsin.errors import CommandRepeated, VersionConflict
from tocsin.ports.billing.reconcile import Listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.ports.billing.reconcile import ReconciliationStore

NOW = 1_790_000_000
TOKENS = count()
STRIPE, RAZORPAY = Identity("stripe", "acct_1", "live"), Identity("razorpay", "acc_2", "live")


@pytest.fixture(scope="module")
def server() -> Iterator[MotoCloud]:
    with moto_cloud() as running:
        running.reset()
        yield running


@pytest.fixture
def cloud(server: MotoCloud) -> MotoCloud:
    server.reset()
    return server


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> ReconciliationStore:
    if request.param == "memory":
        return MemoryReconciliations()
    cloud: MotoCloud = request.getfixturevalue("cloud")
    return DynamoDbReconciliations(
        cloud.aws("dynamodb"), cloud.table("operations"), new_token=lambda: str(next(TOKENS))
    )


def a_cursor(name: str = "REC-1", **changes: Any) -> Cursor:
    plain = Cursor(
        id=name,
        identities=(STRIPE, RAZORPAY),
        scope=Scope.SAMPLE,
        start=NOW - 3_600,
        end=NOW,
        seed="s",
        started_at=NOW,
        started_by="ana",
    )
    return replace(plain, **changes)


def found(number: int, **changes: Any) -> Found:
    mismatch = Mismatch(
        Kind.DOUBLE,
        f"ws_{number}",
        STRIPE,
        f"sub_{number}",
        {"status": "active"},
        {"status": "past_due"},
        Healing.CHOOSE,
        (f"{STRIPE}#a", f"{RAZORPAY}#b"),
    )
    return replace(Found(mismatch, at=NOW), **changes)


class TestReconciliationStore:
    def test_a_cursor_comes_back_as_it_was_written(self, store: ReconciliationStore) -> None:
        wanted = a_cursor(
            workspaces=("ws_1", "ws_2"),
            incident="INC-1",
            stage=Stage.STALLED,
            stalled_in=Stage.LISTING,
            problem="HTTP 503",
            after="sub_9",
            heal=("a", "b"),
            signed_off_by="bo",
            signed_off_at=NOW,
            tally=Tally(Standing(3, 4, 1, 2, 1, 0, {"status": 1}), ("a: HTTP 503",), "d"),
        )
        store.create(wanted)
        assert store.load("REC-1") == replace(wanted, ver=1)
        assert store.load("REC-2") is None
        with pytest.raises(CommandRepeated):
            store.create(wanted)

    def test_of_two_drivers_one_moves_the_cursor(self, store: ReconciliationStore) -> None:
        store.create(a_cursor())
        one = store.load("REC-1")
        assert one is not None
        moved = store.save(replace(one, at=1))
        assert moved.ver == 2
        with pytest.raises(VersionConflict):
            store.save(replace(one, at=2))
        assert store.load("REC-1") == moved

    def test_the_newest_come_first(self, store: ReconciliationStore) -> None:
        for number in (2, 10, 1):
            store.create(a_cursor(f"REC-{number}", started_at=NOW + number))
        assert store.latest(limit=2) == ["REC-10", "REC-2"]

    def test_the_first_note_of_a_number_stays(self, store: ReconciliationStore) -> None:
        notes = [[Listed("ws_1", str(STRIPE), "sub_1", "active", "p")], []]
        store.note("REC-1", 1, notes[0])
        store.note("REC-1", 1, notes[1])
        store.note("REC-1", 12, notes[1])
        store.note("REC-2", 2, notes[0])
        assert [list(each) for each in store.notes("REC-1")] == notes
        assert [list(each) for each in store.notes("REC-1", first=2)] == [[]]

    def test_what_was_read_is_kept_by_workspace(self, store: ReconciliationStore) -> None:
        assert store.compared("REC-1", "ws_1") is None
        store.compare("REC-1", Compared("ws_2", ("a",)))
        store.compare("REC-1", Compared("ws_1", ("a",)))
        store.compare("REC-1", Compared("ws_1", ("a", "b"), ("b: HTTP 503",)))
        wanted = Compared("ws_1", ("a", "b"), ("b: HTTP 503",))
        assert store.compared("REC-1", "ws_1") == wanted
        assert list(store.workspaces("REC-1")) == [wanted, Compared("ws_2", ("a",))]

    def test_a_mismatch_found_again_keeps_what_became_of_it(
        self, store: ReconciliationStore
    ) -> None:
        one, two = sorted((found(1), found(2)), key=lambda each: each.mismatch.id)
        store.add("REC-1", one)
        store.add("REC-1", two)
        settled = replace(one, state=State.ACCEPTED, by="bo", note="known")
        assert store.settle("REC-1", replace(one, note="tried in vain"))
        assert store.settle("REC-1", settled)
        assert not store.settle("REC-1", replace(one, state=State.HEALED)), (
            "it is not open any more"
        )
        assert not store.settle("REC-1", found(3)), "it was never found"
        store.add("REC-1", one)
        assert list(store.found("REC-1")) == [settled, two]
        assert list(store.found("REC-2")) == []
        assert list(store.found("REC-1", after=settled.mismatch.id)) == [two]
        assert list(store.found("REC-1", after=two.mismatch.id)) == []
        assert store.mismatch("REC-1", two.mismatch.id) == two
        assert store.mismatch("REC-1", "none") is None

    def test_many_are_read_page_by_page(self, store: ReconciliationStore) -> None:
        for number in range(60):
            store.add("REC-1", found(number))
        ids = [each.mismatch.id for each in store.found("REC-1")]
        assert len(ids) == 60
        assert ids == sorted(ids)

    def test_an_approval_is_used_once(self, store: ReconciliationStore) -> None:
        assert store.spend("INC-1:7", by="bo", at=NOW, used_for="REC-1")
        assert store.spend("INC-1:7", by="bo", at=NOW, used_for="REC-1"), "the same use again"
        assert not store.spend("INC-1:7", by="bo", at=NOW, used_for="REC-2")
        assert store.spend("INC-1:8", by="bo", at=NOW, used_for="REC-2")


def test_the_ledger_says_what_an_hours_events_concern(cloud: MotoCloud) -> None:
    """Every one of the hour, beyond a page of each shard, with its newest time."""
    ledger = DynamoDbLedger(cloud.aws("dynamodb"), cloud.table("billing-events"))
    for number in range(12):
        created = NOW - NOW % 3_600 + number
        envelope = Envelope(
            f"evt_{number}",
            IdSource.PROVIDER,
            "customer.subscription.updated",
            EventClass.SNAPSHOT,
            created,
            "subscription",
            f"sub_{number % 5}" if number != 11 else None,
            f"sub_{number % 5}" if number != 11 else None,
            None,
            None,
            True,
        )
        assert ledger.put(
            LedgerRecord(
                identity=STRIPE, endpoint="x", envelope=envelope, received_at=created, body=b"{}"
            )
        )
    hours = DynamoDbLedgerHours(cloud.aws("dynamodb"), cloud.table("billing-events"), at_most=2)
    start = NOW - NOW % 3_600
    assert hours.concerned(STRIPE, NOW) == {
        f"sub_{each}": start + max(n for n in range(11) if n % 5 == each) for each in range(5)
    }
    assert hours.concerned(STRIPE, NOW - 3_600) == {}


def test_a_write_whose_answer_was_lost_is_no_other_drivers(cloud: MotoCloud) -> None:
    aws = LossyCall(cloud.aws("dynamodb"), lossy=False)
    store = DynamoDbReconciliations(
        aws, cloud.table("operations"), new_token=lambda: str(next(TOKENS))
    )
    store.create(a_cursor())
    before = store.load("REC-1")
    assert before is not None
    aws.lossy = True
    moved = store.save(replace(before, at=NOW))
    assert moved == store.load("REC-1")
    with pytest.raises(VersionConflict):
        store.save(replace(before, at=NOW))
