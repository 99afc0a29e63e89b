"""The memory and the DynamoDB twin of every billing store keep the same promises.

The DynamoDB side speaks real HTTP to moto, through the same signed calls as in production.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.harness.cloud.moto_cloud import MotoCloud, moto_cloud
from tocsin.adapters.billing.projection.accounts import DynamoDbSeenAccounts
from tocsin.adapters.billing.projection.items import (
    key_of,
    overlay_attribute,
    row_attributes,
    row_of,
)
from tocsin.adapters.billing.projection.ledger import DynamoDbLedger, item_of, record_of
from tocsin.adapters.billing.projection.memory import (
    MemoryLedger,
    MemoryProjection,
    MemoryQuarantine,
    MemorySeenAccounts,
)
from tocsin.adapters.billing.projection.quarantine import DynamoDbQuarantine
from tocsin.adapters.billing.projection.rows import DynamoDbProjection
from tocsin.billing.event import Envelope, EventClass, IdSource
from tocsin.billing.identity import Identity
from tocsin.billing.projection import learning, ordering
from tocsin.billing.projection.ledger_key import LedgerRecord
from tocsin.billing.projection.ordering import Change, Overlay, Row
from tocsin.billing.projection.paid import Invoice, Mark, Paid
from tocsin.billing.projection.quarantine import Poison
from tocsin.billing.projection.told import BillingEvent
from tocsin.billing.subscription import Status, Subscription

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tocsin.ports.billing.projection import Ledger, Projection, SeenAccounts

NOW = 1_790_000_000
IDENTITY = Identity("stripe", "acct_1", "test")
ACTIVE = Subscription("sub_1", Status.ACTIVE, "active", "price_1", NOW + 86_400, workspace="ws_1")
KINDS = ["memory", "dynamodb"]


@dataclass(slots=True)
class Counted:
    """A caller that counts, so that units can be told."""

    aws: Any
    calls: Counter[str]

    def call(self, operation: str, payload: Mapping[str, object]) -> dict[str, Any]:
        self.calls[operation] += 1
        return self.aws.call(operation, payload)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def server() -> Iterator[MotoCloud]:
    with moto_cloud() as running:
        running.reset()
        yield running


@pytest.fixture
def cloud(server: MotoCloud) -> MotoCloud:
    server.reset()
    return server


def event(
    created: int, name: str = "evt_1", state: Subscription | None = ACTIVE, of: str = "sub_1"
) -> BillingEvent:
    kind = EventClass.SNAPSHOT if state else EventClass.HINT
    return BillingEvent(IDENTITY, name, "type", kind, created, of, state and replace(state, id=of))


class TestLedger:
    """One item per event, whoever comes first."""

    @pytest.fixture(params=KINDS)
    def ledger(self, request: pytest.FixtureRequest) -> Ledger:
        if request.param == "memory":
            return MemoryLedger()
        cloud: MotoCloud = request.getfixturevalue("cloud")
        return DynamoDbLedger(cloud.aws("dynamodb"), cloud.table("billing-events"))

    def record(self, **changes: Any) -> LedgerRecord:
        envelope = Envelope(
            id="evt_1",
            id_source=IdSource.PROVIDER,
            type="t",
            event_class=EventClass.SNAPSHOT,
            created=NOW,
            object_type="subscription",
            object_id="sub_1",
            subscription="sub_1",
            api_version="2025-03-31.basil",
            account=None,
            live=None,
        )
        envelope = replace(envelope, **{k: v for k, v in changes.items() if k != "identity"})
        return LedgerRecord(changes.get("identity", IDENTITY), "default", envelope, NOW, b"\x01x")

    def test_the_first_is_stored_and_the_second_is_not(self, ledger: Ledger) -> None:
        assert ledger.put(self.record())
        assert not ledger.put(self.record())
        assert not ledger.put(self.record(type="another rendering", api_version="x"))

    def test_the_same_unsigned_id_with_another_body_is_another_event(self, ledger: Ledger) -> None:
        one, two = "a" * 64, "b" * 64
        assert ledger.put(self.record(body_hash=one))
        assert not ledger.put(self.record(body_hash=one))
        assert not ledger.put(self.record()), "stored before there were hashes: as it was"
        assert ledger.put(self.record(body_hash=two))
        assert not ledger.put(self.record(body_hash=two))

    def test_what_differs_is_another_event(self, ledger: Ledger) -> None:
        assert ledger.put(self.record())
        assert ledger.put(self.record(id="evt_2"))
        for identity in (
            Identity("razorpay", "acct_1", "test"),
            Identity("stripe", "acct_2", "test"),
            Identity("stripe", "acct_1", "live"),
            Identity("stripe", "acct_1/acct_9", "test"),
        ):
            assert ledger.put(self.record(identity=identity))


class TestProjection:
    """Every write is conditional, and a refusal says what stood in its way."""

    @pytest.fixture(params=KINDS)
    def projection(self, request: pytest.FixtureRequest) -> Projection:
        if request.param == "memory":
            return MemoryProjection()
        cloud: MotoCloud = request.getfixturevalue("cloud")
        return DynamoDbProjection(cloud.aws("dynamodb"), cloud.table("billing-subscriptions"))

    def test_an_absent_row_is_made_by_a_young_snapshot(self, projection: Projection) -> None:
        assert projection.read(IDENTITY, "sub_1") is None
        assert projection.apply(event(NOW), now=NOW).done
        row = projection.read(IDENTITY, "sub_1")
        assert row == Row(
            ver=1,
            rev=1,
            subscription=ACTIVE,
            applied=NOW,
            seen=("evt_1",),
            since=NOW,
            source="evt_1",
            paid=Paid(running=Mark(NOW, NOW + 86_400)),
        )

    def test_an_absent_row_is_not_revived_by_an_old_one(self, projection: Projection) -> None:
        applied = projection.apply(event(NOW - 300), now=NOW)
        assert (applied.done, applied.row) == (False, None)
        assert projection.read(IDENTITY, "sub_1") is None

    def test_a_newer_change_is_applied_in_place(self, projection: Projection) -> None:
        projection.apply(event(NOW), now=NOW)
        late = replace(ACTIVE, status=Status.CANCELLED, raw_status="canceled", period_end=None)
        assert projection.apply(event(NOW + 3, "evt_2", late), now=NOW).done
        row = projection.read(IDENTITY, "sub_1")
        assert row is not None
        assert (row.ver, row.rev, row.subscription, row.seen) == (2, 2, late, ("evt_2",))
        assert row.terminal

    def test_a_refusal_brings_the_row(self, projection: Projection) -> None:
        projection.apply(event(NOW), now=NOW)
        applied = projection.apply(event(NOW + 1, "evt_2"), now=NOW)
        assert not applied.done
        assert applied.row == projection.read(IDENTITY, "sub_1")

    def test_a_write_needs_the_version_it_was_computed_from(self, projection: Projection) -> None:
        first = Row(ver=1, rev=1, subscription=ACTIVE, fetched=NOW)
        assert projection.write(IDENTITY, "sub_1", Change(0, first))
        assert not projection.write(IDENTITY, "sub_1", Change(0, first))
        second = replace(first, ver=2, confirm_at=NOW, pending_until=5, undated=True, erased=True)
        assert not projection.write(IDENTITY, "sub_1", Change(7, second))
        assert projection.write(IDENTITY, "sub_1", Change(1, second))
        assert projection.read(IDENTITY, "sub_1") == second
        assert projection.write(IDENTITY, "sub_1", Change(2, replace(first, ver=3)))
        assert projection.read(IDENTITY, "sub_1") == replace(first, ver=3)

    def test_one_of_two_writers_wins(self, projection: Projection) -> None:
        projection.apply(event(NOW), now=NOW)
        row = projection.read(IDENTITY, "sub_1")
        assert row is not None
        written = [
            projection.write(IDENTITY, "sub_1", learning.touch(row)),
            projection.write(IDENTITY, "sub_1", learning.touch(row)),
        ]
        assert written == [True, False]

    def test_a_row_with_only_a_question_pending_is_a_row(self, projection: Projection) -> None:
        assert projection.write(IDENTITY, "sub_1", learning.await_answer(None, until=NOW + 9))
        assert projection.read(IDENTITY, "sub_1") == Row(ver=1, pending_until=NOW + 9)
        applied = projection.apply(event(NOW), now=NOW)
        assert not applied.done
        assert applied.row == Row(ver=1, pending_until=NOW + 9)

    def test_a_workspaces_rows_are_found_with_what_an_entitlement_needs(
        self, projection: MemoryProjection | DynamoDbProjection
    ) -> None:
        other = Identity("razorpay", "acc_1", "live")
        for identity, name in ((IDENTITY, "sub_1"), (other, "sub_2")):
            state = replace(ACTIVE, id=name, collection_paused=True, ends_at_period_end=True)
            row = Row(ver=1, rev=4, subscription=state, since=NOW, source="evt_1")
            assert projection.write(identity, name, Change(0, row))
        projection.apply(event(NOW, state=replace(ACTIVE, workspace="ws_2"), of="sub_3"), now=NOW)
        found = dict(projection.of_workspace("ws_1"))
        assert set(found) == {IDENTITY, other}
        for identity, row in found.items():
            written = projection.read(identity, row.subscription.id if row.subscription else "")
            assert written is not None
            assert written.subscription is not None
            kept = replace(written.subscription, raw_status="")
            assert row.subscription is not None
            assert replace(row.subscription, raw_status="") == kept
            assert (row.rev, row.since, row.source) == (4, NOW, "evt_1")
        assert projection.of_workspace("ws_9") == []

    def test_subscriptions_do_not_share_rows(self, projection: Projection) -> None:
        projection.apply(event(NOW), now=NOW)
        assert projection.read(IDENTITY, "sub_2") is None
        assert projection.read(Identity("stripe", "acct_1", "live"), "sub_1") is None


class TestSeenAccounts:
    """Whose events came is known for good, and written once by a process."""

    @pytest.fixture(params=KINDS)
    def accounts(self, request: pytest.FixtureRequest) -> SeenAccounts:
        if request.param == "memory":
            return MemorySeenAccounts()
        cloud: MotoCloud = request.getfixturevalue("cloud")
        return DynamoDbSeenAccounts(cloud.aws("dynamodb"), cloud.table("operations"))

    def test_each_is_there_once_whatever_its_parts_hold(self, accounts: SeenAccounts) -> None:
        shop = Identity("stripe", "acct_1/acct_2", "live")
        assert accounts.every() == []
        for now, identity in enumerate((shop, IDENTITY, shop)):
            accounts.note(identity, now=now)
        assert accounts.every() == sorted([shop, IDENTITY], key=str)

    def test_a_process_asks_once_and_another_one_changes_nothing(self, cloud: MotoCloud) -> None:
        calls = Counter[str]()
        for now in (1, 2):
            aws = Counted(cloud.aws("dynamodb"), calls)
            store = DynamoDbSeenAccounts(aws, cloud.table("operations"))
            for _ in range(3):
                store.note(IDENTITY, now=now)
        assert calls == {"PutItem": 2}
        assert [each["first_seen"] for each in cloud.items("operations")] == [{"N": "1"}]


class TestQuarantine:
    """The same event set aside twice is one item."""

    @pytest.mark.parametrize("kind", KINDS)
    def test_it_is_kept_once(self, kind: str, request: pytest.FixtureRequest) -> None:
        first = Poison(
            "stripe", "evt_1", "malformed_payload", "x" * 500, NOW, "pk", str(IDENTITY), "sub_1"
        )
        again = replace(first, reason="provider_missing")
        if kind == "memory":
            memory = MemoryQuarantine()
            for poison in (first, again):
                memory.put(poison)
            assert memory.kept("stripe") == [again]
            memory.forget(again)
            assert memory.kept("stripe") == []
            return
        cloud: MotoCloud = request.getfixturevalue("cloud")
        store = DynamoDbQuarantine(cloud.aws("dynamodb"), cloud.table("operations"))
        for poison in (first, again):
            store.put(poison)
        (item,) = cloud.items("operations")
        assert item["PK"] == {"S": "QUAR#stripe"}
        assert item["SK"] == {"S": "2026-09-21T14:13:20Z#evt_1"}
        assert item["reason"] == {"S": "provider_missing"}
        assert store.kept("stripe") == [again]
        assert store.kept("razorpay") == []
        store.forget(again)
        assert store.kept("stripe") == []


texts = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=12)
seconds = st.integers(NOW - 12, NOW + 12)
subscriptions = st.builds(
    Subscription,
    id=st.just("sub_1"),
    status=st.sampled_from(list(Status)),
    raw_status=texts,
    plan=st.sampled_from(["price_1", "price_2"]),
    period_end=st.none() | seconds,
    collection_paused=st.booleans(),
    ends_at_period_end=st.booleans(),
    workspace=st.none() | texts,
    period_start=st.none() | seconds,
)
ends = st.integers(NOW, NOW + 99)
marks = st.none() | st.builds(Mark, st.just(NOW - 13), ends)
invoices = st.lists(st.builds(Invoice, ends, texts), max_size=3).map(tuple)
rows = st.builds(
    Row,
    ver=st.integers(1, 9),
    rev=st.integers(0, 9),
    subscription=st.none() | subscriptions,
    applied=st.none() | seconds,
    fetched=st.none() | seconds,
    undated=st.booleans(),
    seen=st.lists(st.sampled_from(["evt_1", "evt_2"]), max_size=2).map(tuple),
    since=st.none() | seconds,
    source=st.none() | texts,
    confirm_at=st.none() | seconds,
    pending_until=st.none() | seconds,
    erased=st.booleans(),
    paid=st.builds(
        Paid,
        paid=invoices,
        back=invoices,
        running=marks,
        unpaid=marks,
        trial=marks,
        asked=st.none() | st.builds(Mark, st.just(NOW - 14), ends),
    ).map(lambda each: each.with_(Paid())),
)
overlays = st.builds(
    Overlay,
    status=st.sampled_from(list(Status)),
    until=seconds,
    approval=texts,
    by=texts,
    base_rev=st.integers(0, 9),
)


def stored(row: Row) -> dict[str, Any]:
    attributes = {name: value for name, value in row_attributes(row).items() if value is not None}
    overlay = {"ovr": overlay_attribute(row.overlay)} if row.overlay else {}
    return key_of(IDENTITY, "sub_1") | attributes | overlay


@given(rows, st.none() | overlays)
def test_a_row_comes_back_from_its_item(row: Row, overlay: Overlay | None) -> None:
    if row.erased and row.subscription:
        row = replace(row, subscription=replace(row.subscription, workspace=None))
    if row.subscription is None:
        row = replace(row, subscription=None)
    row = replace(row, overlay=overlay)
    assert row_of(stored(row)) == row


@given(
    st.builds(
        LedgerRecord,
        identity=st.builds(
            Identity,
            texts,
            texts | st.tuples(texts, texts).map("/".join),
            st.sampled_from(["live"]),
        ),
        endpoint=st.just("default") | texts,
        envelope=st.builds(
            Envelope,
            id=texts,
            id_source=st.sampled_from(list(IdSource)),
            type=texts,
            event_class=st.sampled_from(list(EventClass)),
            created=st.none() | st.integers(0, 253_402_300_799),
            object_type=st.none() | texts,
            object_id=st.none() | st.sampled_from(["a", "b"]),
            subscription=st.none() | st.sampled_from(["a", "b"]),
            api_version=st.none() | texts,
            account=st.none(),
            live=st.none(),
            body_hash=st.none() | texts,
        ),
        received_at=st.integers(0, 2**40),
        body=st.binary(max_size=64),
    )
)
def test_a_record_comes_back_from_its_item(record: LedgerRecord) -> None:
    assert record_of(item_of(record)) == record


APPLICABLE = Row(ver=3, rev=2, subscription=ACTIVE, applied=NOW - 9, fetched=NOW - 9)
CHANGED = replace(ACTIVE, plan="price_2")


def clause(**facts: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """One case of the property below that no draw may miss: a row one fact away from applying."""
    row = replace(APPLICABLE, **facts)
    return example(row=row, created=NOW, state=CHANGED, now=NOW)


@settings(max_examples=60)
@clause()
@clause(undated=True)
@clause(erased=True)
@clause(seen=("evt_1",))
@clause(subscription=replace(ACTIVE, status=Status.CANCELLED))
@clause(subscription=CHANGED)
@clause(subscription=None)
@clause(applied=NOW - 2)
@clause(applied=NOW - 3)
@clause(fetched=NOW - 5)
@clause(fetched=NOW - 6)
@clause(applied=None)
@clause(fetched=None)
@clause(applied=None, fetched=None)
@clause(pending_until=NOW + 9, confirm_at=NOW + 9)
@given(
    row=st.none() | rows,
    created=seconds,
    state=subscriptions.filter(lambda each: each.status is not Status.UNKNOWN),
    now=st.sampled_from([NOW, NOW + 295, NOW + 310, NOW - 60]),
)
def test_the_condition_in_the_store_is_the_rule_word_for_word(
    server: MotoCloud, row: Row | None, created: int, state: Subscription, now: int
) -> None:
    calls: Counter[str] = Counter()
    aws = Counted(server.aws("dynamodb"), calls)
    table = server.table("billing-subscriptions")
    aws.call("DeleteItem", {"TableName": table, "Key": key_of(IDENTITY, "sub_1")})
    if row is not None:
        aws.call("PutItem", {"TableName": table, "Item": stored(row)})
    calls.clear()
    incoming = event(created, "evt_1", state)
    applied = DynamoDbProjection(aws, table).apply(incoming, now=now)
    assert applied.done == ordering.fast_path(incoming, row, now=now)
    if applied.done:
        assert calls == {"UpdateItem": 1}
        after = DynamoDbProjection(aws, table).read(IDENTITY, "sub_1")
        expected = ordering.apply(incoming, row).row
        assert after == replace(expected, overlay=row.overlay if row else None)
    else:
        assert applied.row == row
