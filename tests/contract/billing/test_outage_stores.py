"""The twins of what the outage watch reads and writes keep the same promises."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.harness.cloud.moto_cloud import MotoCloud, moto_cloud
from tocsin.adapters.billing.access.freezes import DynamoDbBillingFreezes
from tocsin.adapters.billing.access.memory import MemoryBillingFreezes
from tocsin.adapters.billing.outage.memory import MemoryComparisons, MemoryOutages
from tocsin.adapters.billing.outage.stores import DynamoDbComparisons, DynamoDbOutages
from tocsin.adapters.billing.projection.ledger import DynamoDbLedger
from tocsin.adapters.billing.projection.ledger_queries import DynamoDbSnapshots
from tocsin.adapters.billing.projection.memory import MemoryLedger, MemorySnapshots
from tocsin.adapters.incidents.forms import FREEZE_PK, freeze_sk, freeze_text
from tocsin.adapters.releases.memory import MemoryFreezes
from tocsin.billing.access.freeze import Holding
from tocsin.billing.event import Envelope, EventClass, IdSource
from tocsin.billing.identity import Identity
from tocsin.billing.outage.divergence import Comparison
from tocsin.billing.outage.memory import Memory, Seen
from tocsin.billing.outage.signs import Arrivals, Trouble, Watched
from tocsin.billing.projection.ledger_key import LedgerRecord
from tocsin.incidents.queries.freeze import ServiceFreeze
from tocsin.incidents.vocabulary import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.ports.billing.checkout import BillingFreezes
    from tocsin.ports.billing.outage import ComparisonLog, OutageStore, SnapshotSource

NOW = 1_790_000_000
AT = datetime.fromtimestamp(NOW, UTC)
KINDS = ["memory", "dynamodb"]
STRIPE = Identity("stripe", "acct_1", "test")
RAZORPAY = Identity("razorpay", "acc_1", "test")


@pytest.fixture(scope="module")
def server() -> Iterator[MotoCloud]:
    with moto_cloud() as running:
        yield running


@pytest.fixture
def cloud(server: MotoCloud) -> MotoCloud:
    server.reset()
    return server


class TestComparisons:
    """The newest counts, however late an older one comes."""

    @pytest.fixture(params=KINDS)
    def log(self, request: pytest.FixtureRequest) -> ComparisonLog:
        if request.param == "memory":
            return MemoryComparisons()
        cloud: MotoCloud = request.getfixturevalue("cloud")
        return DynamoDbComparisons(cloud.aws("dynamodb"), cloud.table("operations"))

    def test_the_newest_of_each_account(self, log: ComparisonLog) -> None:
        assert log.newest(STRIPE) is None
        for at, differing in ((NOW, 3), (NOW - 1, 9), (NOW, 2)):
            log.record(STRIPE, Comparison(at, 100, differing))
        assert log.newest(STRIPE) == Comparison(NOW, 100, 2)
        assert log.newest(RAZORPAY) is None
        log.record(STRIPE, Comparison(NOW + 1, 100, 0))
        assert log.newest(STRIPE) == Comparison(NOW + 1, 100, 0)


class TestSnapshots:
    """Every snapshot of an hour and nothing else, of one account."""

    @pytest.mark.parametrize("kind", KINDS)
    def test_the_snapshots_of_an_hour(self, kind: str, request: pytest.FixtureRequest) -> None:
        records = [
            record(f"evt_{number}", NOW - NOW % 3_600 + number * 60, EventClass.SNAPSHOT)
            for number in range(-2, 62)
        ]
        records += [
            record("evt_hint", NOW, EventClass.HINT),
            record("evt_other", NOW, EventClass.SNAPSHOT, RAZORPAY),
            record("evt_timeless", None, EventClass.SNAPSHOT),
        ]
        source: SnapshotSource
        if kind == "memory":
            ledger = MemoryLedger()
            source = MemorySnapshots(ledger)
            put = ledger.put
        else:
            cloud: MotoCloud = request.getfixturevalue("cloud")
            aws, table = cloud.aws("dynamodb"), cloud.table("billing-events")
            source, put = DynamoDbSnapshots(aws, table), DynamoDbLedger(aws, table).put
        for each in records:
            assert put(each)
        found = {each.envelope.id: each for each in source.of_hour(STRIPE, NOW)}
        assert set(found) == {f"evt_{number}" for number in range(60)}
        assert found["evt_7"] == next(each for each in records if each.envelope.id == "evt_7")
        assert [each.envelope.id for each in source.of_hour(RAZORPAY, NOW)] == ["evt_other"]


def record(
    name: str, created: int | None, kind: EventClass, identity: Identity = STRIPE
) -> LedgerRecord:
    envelope = Envelope(
        id=name,
        id_source=IdSource.PROVIDER,
        type="customer.subscription.updated",
        event_class=kind,
        created=created,
        object_type="subscription",
        object_id="sub_1",
        subscription="sub_1",
        api_version="2025-03-31.basil",
        account=None,
        live=None,
    )
    return LedgerRecord(identity, "default", envelope, NOW + 5, b"\x01x")


class TestOutages:
    """What is remembered comes back as it was; the public status is replaced as a whole."""

    @pytest.fixture(params=KINDS)
    def outages(self, request: pytest.FixtureRequest) -> OutageStore:
        if request.param == "memory":
            return MemoryOutages()
        cloud: MotoCloud = request.getfixturevalue("cloud")
        return DynamoDbOutages(cloud.aws("dynamodb"), cloud.table("operations"))

    def test_nothing_is_remembered_at_first(self, outages: OutageStore) -> None:
        assert outages.memory() == Memory()
        assert outages.status() is None

    def test_what_is_remembered_comes_back(self, outages: OutageStore) -> None:
        watched = {trouble: Watched(NOW, NOW + 5, 3, 4) for trouble in Trouble}
        seen = Seen(watched, Arrivals((NOW - 9, NOW)), failed_probes=2, waiting=7)
        memory = Memory({"stripe": seen, "razorpay": Seen()}, NOW + 60, ("INC-1|x",))
        outages.remember(memory)
        assert outages.memory() == memory
        outages.remember(Memory())
        assert outages.memory() == Memory()

    def test_the_status_is_the_last_one(self, outages: OutageStore) -> None:
        outages.publish({"level": "down", "since": NOW, "providers": {"stripe": "failing"}})
        outages.publish({"level": "operational", "since": None})
        assert outages.status() == {"level": "operational", "since": None}
        assert outages.memory() == Memory()


class TestBillingFreezes:
    """Real incidents that hold billing now, each once, with the policy they go by."""

    @pytest.fixture(params=KINDS)
    def kind(self, request: pytest.FixtureRequest) -> str:
        kind: str = request.param
        return kind

    def holding(
        self, kind: str, request: pytest.FixtureRequest, held: list[ServiceFreeze]
    ) -> tuple[Holding, ...]:
        freezes: BillingFreezes
        if kind == "memory":
            stored = {freeze_sk(each): freeze_text(each) for each in held}
            freezes = MemoryBillingFreezes(MemoryFreezes(stored))
        else:
            cloud: MotoCloud = request.getfixturevalue("cloud")
            for each in held:
                item = {
                    "PK": {"S": FREEZE_PK},
                    "SK": {"S": freeze_sk(each)},
                    "body": {"S": freeze_text(each)},
                }
                cloud.aws("dynamodb").call(
                    "PutItem", {"TableName": cloud.table("operations"), "Item": item}
                )
            freezes = DynamoDbBillingFreezes(cloud.aws("dynamodb"), cloud.table("operations"))
        return freezes.holding(AT)

    def freeze(
        self,
        service: str = "billing",
        incident: str = "INC-1",
        *,
        until: datetime | None = None,
        kind: Kind = Kind.REAL,
        billing: bool = True,
    ) -> ServiceFreeze:
        return ServiceFreeze(
            service=service,
            incident=incident,
            kind=kind,
            since=AT - timedelta(hours=1),
            until=until,
            restricted=False,
            billing=billing,
            policy="v1",
        )

    def test_none(self, kind: str, request: pytest.FixtureRequest) -> None:
        assert self.holding(kind, request, []) == ()

    def test_only_what_holds_billing_now(self, kind: str, request: pytest.FixtureRequest) -> None:
        held = [
            self.freeze("billing"),
            self.freeze("checkout"),
            self.freeze(incident="INC-2", until=AT + timedelta(seconds=1)),
            self.freeze(incident="INC-3", until=AT),
            self.freeze(incident="INC-4", billing=False),
            self.freeze(incident="DRILL-1", kind=Kind.DRILL),
        ]
        found = self.holding(kind, request, held)
        assert sorted(found, key=lambda each: each.incident) == [
            Holding("INC-1", "v1"),
            Holding("INC-2", "v1"),
        ]
