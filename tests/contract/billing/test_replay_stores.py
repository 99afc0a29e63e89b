"""The memory and the DynamoDB twin of what a replay keeps make the same promises (moto)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.cloud.moto_cloud import MotoCloud, moto_cloud
from tests.harness.fakes.lossy_call import LossyCall
from tests.harness.models.replay import document
from tocsin.adapters.billing.projection.ledger import DynamoDbLedger, record_of
from tocsin.adapters.billing.projection.ledger_queries import DynamoDbLedgerReader
from tocsin.adapters.billing.projection.memory import MemoryLedger
from tocsin.adapters.billing.projection.queues import SqsRestoreQueue, read_items
from tocsin.adapters.billing.projection.rows import DynamoDbProjection
from tocsin.adapters.billing.projection.sums import DynamoDbProjectionSums
from tocsin.adapters.billing.replay.memory import (
    MemoryLedgerReader,
    MemoryRebuildAudit,
    MemoryReplayOutcomes,
    MemoryReplays,
)
from tocsin.adapters.billing.replay.outcomes import DynamoDbRebuildAudit, DynamoDbReplayOutcomes
from tocsin.adapters.billing.replay.rate_limit import DynamoDbRateLimit
from tocsin.adapters.billing.replay.store import DynamoDbReplays
from tocsin.application.billing.projection.file_event import Filer
from tocsin.billing.identity import Identity
from tocsin.billing.projection.ordering import Change, Row
from tocsin.billing.replay.cursor import Counts, Cursor, Kind, Stage, Window
from tocsin.billing.replay.stops import cancelled
from tocsin.billing.subscription import Status, Subscription
from tocsin.errors import (
    CommandRepeated,
    MalformedPayload,
    ProviderUnavailable,
    ReplayRunning,
    VersionConflict,
)
from tocsin.ports.billing.replay import Missing, PageNote
from tocsin.providers.bodies.codec import keep
from tocsin.providers.registry import webhook_reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.billing.projection.ledger_key import LedgerRecord
    from tocsin.ports.billing.projection import Ledger
    from tocsin.ports.billing.replay import RebuildAudit, ReplayOutcomes, ReplayStore, State

NOW = 1_790_000_000
TOKENS = count()
IDENTITY = Identity("stripe", "acct_1", "test")
KINDS = ["memory", "dynamodb"]


@pytest.fixture(scope="module")
def server() -> Iterator[MotoCloud]:
    with moto_cloud() as running:
        running.reset()
        yield running


@pytest.fixture
def cloud(server: MotoCloud) -> MotoCloud:
    server.reset()
    return server


def a_replay(name: str = "RPL-1", **changes: Any) -> Cursor:
    window = Window(NOW - 7200, NOW - 3600)
    found = Cursor(name, IDENTITY, window, started_at=NOW, started_by="ana", at=window.start)
    return replace(found, **changes)


def a_record(number: int, replay: str = "") -> LedgerRecord:
    filer = Filer(webhook_reader, keep, lambda: None, lambda _: None)
    return filer(IDENTITY, document(number, NOW + number), now=NOW, replay=replay)[0]


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest) -> ReplayStore:
    if request.param == "memory":
        return MemoryReplays()
    cloud: MotoCloud = request.getfixturevalue("cloud")
    return DynamoDbReplays(
        cloud.aws("dynamodb"), cloud.table("operations"), new_token=lambda: str(next(TOKENS))
    )


class TestReplayStore:
    def test_a_cursor_comes_back_as_it_was_written(self, store: ReplayStore) -> None:
        wanted = a_replay(
            incident="INC-1",
            stage=Stage.STALLED,
            stalled_in=Stage.DRAINING,
            problem="HTTP 503",
            after="evt_9",
            first=Counts(1, 2, 3, 4, 5, 6, 7),
            waiting_since=NOW,
            checksum_before="1-ab",
            kind=Kind.OBJECTS,
            lost={"invoice.paid": [3, 1]},
            steps={"dashboard-replay": ["ana", NOW]},
        )
        store.create(wanted)
        assert store.load("RPL-1") == replace(wanted, ver=1)
        assert store.load("RPL-2") is None

    def test_of_two_drivers_one_moves_the_cursor(self, store: ReplayStore) -> None:
        store.create(a_replay())
        one, two = store.load("RPL-1"), store.load("RPL-1")
        assert one is not None
        assert two is not None
        moved = store.save(replace(one, at=one.at + 60))
        assert moved.ver == 2
        with pytest.raises(VersionConflict):
            store.save(replace(two, at=two.at + 999))
        assert store.load("RPL-1") == moved

    def test_one_replay_of_an_identity_runs_at_a_time(self, store: ReplayStore) -> None:
        store.create(a_replay())
        with pytest.raises(ReplayRunning) as refusal:
            store.create(a_replay("RPL-2"))
        assert refusal.value.context == {"replay": "RPL-1"}
        store.create(a_replay("RPL-3", dry_run=True))
        store.create(a_replay("RPL-4", identity=Identity("stripe", "acct_2", "test")))
        running = store.load("RPL-1")
        assert running is not None
        store.save(cancelled(running, "ana", "wrong window"))
        store.create(a_replay("RPL-5"))
        with pytest.raises(ReplayRunning):
            store.create(a_replay("RPL-6"))

    def test_an_id_is_used_once(self, store: ReplayStore) -> None:
        store.create(a_replay())
        with pytest.raises(CommandRepeated):
            store.create(a_replay())
        assert store.load("RPL-1") == a_replay(ver=1)

    def test_the_first_note_of_a_page_stays(self, store: ReplayStore) -> None:
        first = PageNote(
            3, {"invoice.paid": 2}, (Missing("evt_1", NOW, "invoice.paid", "ws_1"),), ("sub_1",)
        )
        assert store.note("RPL-1", first) == first
        assert store.note("RPL-1", replace(first, missing=())) == first
        later = Missing("evt_later", NOW + 9, "t", None)
        more = store.note("RPL-1", replace(first, missing=(later,), subscriptions=("sub_later",)))
        assert more.missing == (*first.missing, later)
        assert more.subscriptions == (*first.subscriptions, "sub_later")
        assert store.note("RPL-1", first) == more
        assert next(iter(store.pages("RPL-1", first=first.number))) == more

    def test_pages_come_in_order_from_any_of_them(self, store: ReplayStore) -> None:
        for number in (11, 2, 101, 30):
            store.note("RPL-1", PageNote(number, {"t": number}))
        for number in range(200, 245):
            store.note("RPL-1", PageNote(number, {"t": 1}))
        numbers = [page.number for page in store.pages("RPL-1", first=3)]
        assert numbers == [11, 30, 101, *range(200, 245)]


def test_a_claim_whose_replay_was_never_written_is_taken_over(cloud: MotoCloud) -> None:
    store = DynamoDbReplays(
        cloud.aws("dynamodb"), cloud.table("operations"), new_token=lambda: str(next(TOKENS))
    )
    cloud.boto("dynamodb").put_item(
        TableName=cloud.table("operations"),
        Item={
            "PK": {"S": f"REPLAYS#{IDENTITY}"},
            "SK": {"S": "RUNNING"},
            "replay": {"S": "RPL-0"},
        },
    )
    store.create(a_replay())
    assert store.of(IDENTITY) == ["RPL-1"]
    with pytest.raises(ReplayRunning):
        store.create(a_replay("RPL-2"))


@pytest.mark.parametrize("kind", KINDS)
def test_the_ledger_names_what_it_holds_and_where_from(
    kind: str, request: pytest.FixtureRequest
) -> None:
    ledger: Ledger
    reader: MemoryLedgerReader | DynamoDbLedgerReader
    if kind == "memory":
        memory = MemoryLedger()
        ledger, reader = memory, MemoryLedgerReader(memory)
    else:
        cloud: MotoCloud = request.getfixturevalue("cloud")
        aws, table = cloud.aws("dynamodb"), cloud.table("billing-events")
        ledger, reader = DynamoDbLedger(aws, table), DynamoDbLedgerReader(aws, table)
    for number in range(0, 240, 2):
        ledger.put(a_record(number, replay="RPL-1" if number % 4 else ""))
    keys = [a_record(number).key for number in range(240)]
    found = reader.origins([*keys, *keys[:3]])
    assert found == {
        key: ("RPL-1" if number % 4 else "") for number, key in enumerate(keys) if number % 2 == 0
    }
    assert reader.origins([]) == {}
    made = Counter(document(number, NOW)["type"] for number in range(0, 100, 2))
    assert reader.types(IDENTITY, start=NOW, end=NOW + 100) == made
    assert reader.types(replace(IDENTITY, mode="live"), start=NOW, end=NOW + 100) == {}
    assert reader.holds_any(IDENTITY, start=NOW + 2, end=NOW + 3)
    assert not reader.holds_any(IDENTITY, start=NOW + 3, end=NOW + 4)
    assert not reader.holds_any(IDENTITY, start=NOW - 7200, end=NOW)
    assert reader.holds_any(IDENTITY, start=NOW - 7200, end=NOW + 1)
    other = Identity("stripe", "acct_2", "test")
    assert not reader.holds_any(other, start=NOW - 7200, end=NOW + 7200)
    thin = a_record(1_000)
    ledger.put(replace(thin, envelope=replace(thin.envelope, type="v2.core.account.updated")))
    assert reader.held(IDENTITY, start=NOW, end=NOW + 100) == made.total()
    assert reader.held(IDENTITY, start=NOW - 7200, end=NOW + 7200) == 120
    assert reader.held(other, start=NOW - 7200, end=NOW + 7200) == 0


def test_every_event_reaches_a_worker_and_none_is_too_large(cloud: MotoCloud) -> None:
    url = cloud.boto("sqs").create_queue(QueueName="restore")["QueueUrl"]
    wanted = [a_record(number, "RPL-1") for number in range(130)]
    huge = replace(a_record(999, "RPL-1"), body=b"\x01" + bytes(120_000))
    woken: list[bool] = []
    queue = SqsRestoreQueue(cloud.aws("sqs"), url, wake=lambda: woken.append(True))
    queue.send("RPL-1", [])
    assert woken == [], "nobody is woken for nothing"
    queue.send("RPL-1", [*wanted, huge, huge])
    assert woken == [True]
    got: list[LedgerRecord] = []
    while (
        found := cloud.boto("sqs")
        .receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        .get("Messages")
    ):
        for message in found:
            assert len(message["Body"]) <= 262_144
            replay, items = read_items(message["Body"])
            assert replay == "RPL-1"
            got += map(record_of, items)
    sent = {record.key.sk for record in [*wanted, huge]}
    assert {record.key.sk for record in got} == sent
    assert next(each for each in got if each.key == wanted[7].key).body == wanted[7].body


@pytest.mark.parametrize("text", ["", "[]", '{"v":2,"replay":"r","items":[]}', '{"v":1}', "{"])
def test_a_message_of_another_kind_is_refused(text: str) -> None:
    with pytest.raises(MalformedPayload):
        read_items(text)


def test_a_sum_is_of_what_customers_have_and_of_this_identity(cloud: MotoCloud) -> None:
    aws, table = cloud.aws("dynamodb"), cloud.table("billing-subscriptions")
    projection, sums = DynamoDbProjection(aws, table), DynamoDbProjectionSums(aws, table)
    names = [f"sub_{number}" for number in range(101)]

    def put(name: str, plan: str, identity: Identity = IDENTITY, *, ver: int = 0) -> None:
        state = Subscription(name, Status.ACTIVE, "active", plan, NOW)
        row = Row(ver=ver + 1, rev=1, subscription=state)
        assert projection.write(identity, name, Change(ver, row))

    assert sums.of(IDENTITY, names, page=1) == 0
    for name in names:
        put(name, "a")
    full = sums.of(IDENTITY, names, page=1)
    assert full == sums.of(IDENTITY, [*names[:70], *names[70:][::-1], names[0]], page=1)
    assert full != sums.of(IDENTITY, names, page=2)
    assert full == sums.of(IDENTITY, names[:9], page=1) + sums.of(IDENTITY, names[9:], page=1)
    put("sub_100", "c", Identity("stripe", "acct_10", "test"))
    put("sub_1", "a", ver=1)  # another version of the same promise
    assert sums.of(IDENTITY, names, page=1) == full
    put("sub_1", "other", ver=2)
    assert sums.of(IDENTITY, names, page=1) != full


class TestRateLimit:
    def limit(self, cloud: MotoCloud, clock: list[float], per_second: int) -> DynamoDbRateLimit:
        def sleep(seconds: float) -> None:
            clock[0] += seconds

        return DynamoDbRateLimit(
            cloud.aws("dynamodb"),
            cloud.table("operations"),
            now=lambda: clock[0],
            sleep=sleep,
            per_second=lambda _: per_second,
        )

    def test_two_who_share_it_get_no_more_than_one(self, cloud: MotoCloud) -> None:
        clock = [NOW + 0.25]
        one, two = self.limit(cloud, clock, 4), self.limit(cloud, clock, 4)
        taken: dict[int, int] = {}
        for turn in range(40):
            (one if turn % 2 else two).take(IDENTITY)
            taken[int(clock[0])] = taken.get(int(clock[0]), 0) + 1
        assert set(taken.values()) == {4}
        assert int(clock[0]) == NOW + 9

    def test_another_account_has_its_own(self, cloud: MotoCloud) -> None:
        clock = [float(NOW)]
        limit = self.limit(cloud, clock, 1)
        limit.take(IDENTITY)
        limit.take(Identity("stripe", "acct_2", "test"))
        assert clock == [float(NOW)]

    def test_a_budget_used_up_by_others_is_told(self, cloud: MotoCloud) -> None:
        clock = [float(NOW)]
        rival = self.limit(cloud, clock, 1)
        limit = self.limit(cloud, clock, 1)

        def lose_every_second(seconds: float) -> None:
            clock[0] += seconds
            rival.take(IDENTITY)

        limit._sleep = lose_every_second
        rival.take(IDENTITY)
        with pytest.raises(ProviderUnavailable):
            limit.take(IDENTITY)


@pytest.mark.parametrize("kind", KINDS)
def test_outcomes_of_a_replay_add_up(cloud: MotoCloud, kind: str) -> None:
    outcomes: ReplayOutcomes = (
        MemoryReplayOutcomes()
        if kind == "memory"
        else DynamoDbReplayOutcomes(cloud.aws("dynamodb"), cloud.table("operations"))
    )
    assert outcomes.of("RPL-1") == {}
    outcomes.add("RPL-1", {"applied": 3, "stale": 1})
    outcomes.add("RPL-1", {"applied": 2, "fetched": 4})
    outcomes.add("RPL-2", {"applied": 9})
    assert outcomes.of("RPL-1") == {"applied": 5, "stale": 1, "fetched": 4}


@pytest.mark.parametrize("kind", KINDS)
def test_an_audit_row_keeps_what_was_there_first_and_ends_once(cloud: MotoCloud, kind: str) -> None:
    audit: RebuildAudit = (
        MemoryRebuildAudit()
        if kind == "memory"
        else DynamoDbRebuildAudit(cloud.aws("dynamodb"), cloud.table("operations"))
    )
    old: State = {"ver": 1, "status": "active"}
    new: State = {"ver": 2, "status": "past_due"}
    assert not audit.begin("RPL-1", "sub_2", before=None, at=NOW)
    assert not audit.begin("RPL-1", "sub_1", before=old, at=NOW)
    assert not audit.begin("RPL-1", "sub_1", before=new, at=NOW + 5), "begun, but not ended"
    audit.end("RPL-1", "sub_1", after=new, outcome="fetched", at=NOW + 6)
    assert audit.begin("RPL-1", "sub_1", before=new, at=NOW + 7)
    assert not audit.begin("RPL-2", "sub_1", before=new, at=NOW + 7)
    begun = {"via": "fetched", "begun_at": NOW}
    assert audit.rows("RPL-1", limit=9) == [
        begun
        | {
            "object": "sub_1",
            "before": old,
            "after": new,
            "outcome": "fetched",
            "ended_at": NOW + 6,
        },
        begun
        | {"object": "sub_2", "before": None, "after": None, "outcome": None, "ended_at": None},
    ]
    assert [row["object"] for row in audit.rows("RPL-1", limit=1)] == ["sub_1"]


def test_a_write_whose_answer_was_lost_is_no_other_drivers(cloud: MotoCloud) -> None:
    aws = LossyCall(cloud.aws("dynamodb"), lossy=False)
    store = DynamoDbReplays(aws, cloud.table("operations"), new_token=lambda: str(next(TOKENS)))
    store.create(a_replay())
    before = store.load("RPL-1")
    assert before is not None
    aws.lossy = True
    moved = store.save(replace(before, at=NOW))
    assert moved == store.load("RPL-1")
    with pytest.raises(VersionConflict):
        store.save(replace(before, at=NOW))
