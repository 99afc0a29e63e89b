"""Everything that billing keeps, written by its stores."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

from tests.harness.stored_forms.examples import SECOND, Examples
from tocsin.adapters.billing.access.corrections import DynamoDbCorrections
from tocsin.adapters.billing.access.twice import DynamoDbSeenTwice
from tocsin.adapters.billing.checkout.store import DynamoDbBreakers, DynamoDbIntents
from tocsin.adapters.billing.outage.stores import (
    DynamoDbComparisons,
    DynamoDbOutages,
    DynamoDbProbes,
)
from tocsin.adapters.billing.projection.accounts import DynamoDbSeenAccounts
from tocsin.adapters.billing.projection.ledger import DynamoDbLedger, record_of
from tocsin.adapters.billing.projection.quarantine import DynamoDbQuarantine, SeenVersions
from tocsin.adapters.billing.projection.queues import SqsRestoreQueue, read_items
from tocsin.adapters.billing.projection.rows import DynamoDbProjection
from tocsin.adapters.billing.reconcile.store import DynamoDbReconciliations
from tocsin.adapters.billing.replay.outcomes import DynamoDbRebuildAudit, DynamoDbReplayOutcomes
from tocsin.adapters.billing.replay.rate_limit import DynamoDbRateLimit
from tocsin.adapters.billing.replay.store import DynamoDbReplays
from tocsin.billing.access.corrections import Logged
from tocsin.billing.access.entitlement import Access
from tocsin.billing.checkout.attempts import Attempt, Result
from tocsin.billing.checkout.breaker import Breaker
from tocsin.billing.checkout.decision import DoubleDecision
from tocsin.billing.checkout.intent import Intent
from tocsin.billing.checkout.leg import ABSENT, LegState
from tocsin.billing.event import Envelope, EventClass, GivenBack, IdSource
from tocsin.billing.identity import Identity
from tocsin.billing.outage.divergence import Comparison
from tocsin.billing.outage.memory import Memory
from tocsin.billing.outage.memory import Seen as SeenOfProvider
from tocsin.billing.outage.recovery import Probe
from tocsin.billing.outage.signs import Arrivals, Trouble, Watched
from tocsin.billing.projection.ledger_key import LedgerRecord
from tocsin.billing.projection.ordering import Change, Overlay, Row
from tocsin.billing.projection.paid import Invoice, Mark, Paid
from tocsin.billing.projection.quarantine import Poison
from tocsin.billing.projection.refetch import LedgerReplay, RefetchRequest, read_message
from tocsin.billing.projection.told import BillingEvent
from tocsin.billing.reconcile import accounts as reconciled
from tocsin.billing.reconcile import compare as reconcile
from tocsin.billing.reconcile import work as reconciliation
from tocsin.billing.replay import cursor as replay
from tocsin.billing.subscription import Status, Subscription, SubscriptionItem
from tocsin.ports.billing.access import Request, Write
from tocsin.ports.billing.reconcile import Listed
from tocsin.ports.billing.replay import Missing, PageNote
from tocsin.runtime.driving import SqsDrive, read_drive

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.harness.stored_forms.writing import Written

IDENTITY = Identity("stripe", "acct_1", "test")
_NAMES: dict[str, type] = {
    each.__name__: each
    for each in (
        *(Access, Arrivals, DoubleDecision, Envelope, Identity, Overlay, Status, Subscription),
        *(EventClass, Result, reconcile.Mismatch, reconciled.Left, replay.Window, Paid, GivenBack),
    )
}


def write(written: Written) -> None:
    """Every store's every kind of item and every message."""
    examples = Examples(**_NAMES)
    for part in (_events, _projection, _checkout, _outages, _replays, _reconciliations, _messages):
        part(written, examples)
    for path, words in examples.words.items():
        written.lines[f"words billing {path}"] = words


def _events(written: Written, examples: Examples) -> None:
    aws = written.cloud.aws("dynamodb")
    ledger = DynamoDbLedger(aws, written.cloud.table("billing-events"))
    record = _record(examples)
    assert ledger.put(record)
    written.after("event")
    assert record_of(_item(ledger.item(record.key.pk, record.key.sk))) == record
    strange = replace(
        record.envelope,
        id_source=IdSource.HASH,
        object_id=record.envelope.subscription,
        created=None,
    )
    bare = replace(record, endpoint="default", envelope=strange, replay="")
    assert ledger.put(bare)
    written.after("event without a time")
    assert record_of(_item(ledger.item(bare.key.pk, bare.key.sk))) == bare
    operations = written.cloud.table("operations")
    quarantine = DynamoDbQuarantine(aws, operations)
    poison = examples.filled(Poison, "poison", first_seen=SECOND)
    quarantine.put(poison)
    written.after("poison")
    assert quarantine.oldest(poison.provider) == poison
    assert SeenVersions(aws, operations).is_new("stripe", "2026-01-01", now=SECOND)
    written.after("version of a provider's interface")
    accounts = DynamoDbSeenAccounts(aws, operations)
    accounts.note(IDENTITY, now=SECOND)
    written.after("account that was seen")
    assert accounts.every() == [IDENTITY]


def _record(examples: Examples) -> LedgerRecord:
    envelope = examples.filled(Envelope, "envelope", created=SECOND, account=None, live=None)
    return examples.filled(
        LedgerRecord,
        "record",
        identity=IDENTITY,
        envelope=envelope,
        received_at=SECOND,
        body=b"\x01packed",
    )


def _projection(written: Written, examples: Examples) -> None:
    aws = written.cloud.aws("dynamodb")
    table, operations = (
        written.cloud.table("billing-subscriptions"),
        written.cloud.table("operations"),
    )
    projection = DynamoDbProjection(aws, table)
    state = examples.filled(Subscription, "subscription", id="sub_1", items=())
    event = examples.filled(
        BillingEvent,
        "event",
        identity=IDENTITY,
        event_class=EventClass.SNAPSHOT,
        created=SECOND,
        subscription="sub_1",
        snapshot=state,
        invoices=None,
        given_back=None,
    )
    assert projection.apply(event, now=SECOND).done
    written.after("projection of one event")
    paid = Paid(
        paid=(Invoice(SECOND + 3, "in_2"), Invoice(SECOND + 2, "in_1")),
        back=(Invoice(SECOND + 2, "in_1"),),
        running=Mark(SECOND, SECOND + 4),
        unpaid=Mark(SECOND + 1, SECOND + 5),
        trial=Mark(SECOND + 2, SECOND + 6),
        asked=Mark(SECOND - 1, SECOND + 7),
    )
    row = examples.filled(
        Row, "row", subscription=replace(state, id="sub_2"), ver=1, overlay=None, paid=paid
    )
    assert projection.write(IDENTITY, "sub_2", Change(0, row))
    written.after("projection of everything known")
    assert projection.read(IDENTITY, "sub_2") == row
    corrections = DynamoDbCorrections(aws, subscriptions=table, operations=operations)
    wanted = examples.filled(
        Logged,
        "correction",
        id="2026-09-08T14:00:00Z#1",
        at=SECOND,
        base_rev=row.rev,
        approval="INC-1:7",
    )
    leaving = replace(
        wanted, correction=replace(wanted.correction, identity=IDENTITY, subscription="sub_2")
    )
    ending = replace(leaving, correction=replace(leaving.correction, access_until=None))
    wanted = replace(
        ending,
        before=replace(ending.before, until=None),
        after=replace(ending.after, until=None),
    )
    request = examples.filled(Request, "request", key="correction")
    assert corrections.write(wanted, over=None, request=request) is Write.DONE
    written.after("correction")
    assert corrections.find(wanted.id) == wanted
    assert corrections.request(request.principal, request.key) is not None
    corrected = projection.read(IDENTITY, "sub_2")
    assert corrected is not None
    assert corrected.overlay == wanted.overlay
    lifted = replace(
        wanted,
        id="2026-09-08T14:01:00Z#2",
        correction=replace(wanted.correction, status=None, until=None),
        approval=None,
        approver=None,
    )
    nobody = Request("", "", "")
    assert corrections.write(lifted, over=wanted.overlay, request=nobody) is Write.DONE
    written.after("correction lifted")
    assert corrections.month("202609") == [wanted, lifted]
    again = replace(ending, id="2026-09-08T14:02:00Z#3", approval="INC-1:8")
    assert corrections.write(again, over=None, request=nobody) is Write.DONE
    written.after("correction that says until when")
    assert corrections.find(again.id) == again
    leaving = replace(leaving, id="2026-09-08T14:03:00Z#4", approval="INC-1:91")
    assert corrections.write(leaving, over=again.overlay, request=nobody) is Write.DONE
    written.after("correction that leaves what was paid until a time")
    assert corrections.find(leaving.id) == leaving
    corrected = projection.read(IDENTITY, "sub_2")
    assert corrected is not None
    assert corrected.overlay == leaving.overlay
    DynamoDbSeenTwice(aws, operations).note("ws_1", now=SECOND)
    written.after("a workspace that was seen to pay twice")
    apart = (SubscriptionItem("price_a", SECOND + 1, 3), SubscriptionItem("price_b", SECOND + 2))
    state = replace(state, id="sub_3", items=apart)
    row = replace(row, subscription=state)
    assert projection.write(IDENTITY, "sub_3", Change(0, row))
    written.after("projection of items that end apart")
    assert projection.read(IDENTITY, "sub_3") == row


def _checkout(written: Written, examples: Examples) -> None:
    aws, table = written.cloud.aws("dynamodb"), written.cloud.table("operations")
    intents, breakers = DynamoDbIntents(aws, table), DynamoDbBreakers(aws, table)
    intent = examples.filled(Intent, "intent", created=SECOND, ver=1)
    (leg,) = intent.legs
    intent = replace(intent, legs=(replace(leg, look_again_at=0),))
    attempt = examples.filled(Attempt, "attempt", at=SECOND * 1000, result=Result.DOUBT)
    assert not intent.settled
    assert intents.save(intent, attempt)
    written.after("intent")
    assert intents.load(intent.id) == intent
    assert intents.attempts(since=SECOND, until=SECOND) == (attempt,)
    (leg,) = intent.legs
    settled = replace(intent, legs=(replace(leg, state=LegState.LIVE),), ver=2)
    assert intents.save(settled)
    written.after("intent settled")
    absent = replace(leg, state=LegState.FAILED, code=ABSENT, look_again_at=SECOND + 1_200)
    looked_for = replace(intent, legs=(absent,), ver=3)
    assert intents.save(looked_for)
    written.after("intent whose key is looked for again")
    assert intents.load(intent.id) == looked_for
    assert intents.unsettled(again_by=SECOND + 1_199) == ()
    assert intents.unsettled(again_by=SECOND + 1_200) == (looked_for,)
    breaker = examples.filled(Breaker, "breaker", ver=1)
    assert breakers.save(IDENTITY, breaker)
    written.after("breaker")
    assert breakers.load(IDENTITY) == breaker
    DynamoDbRateLimit(aws, table, now=lambda: float(SECOND), sleep=_never).take(IDENTITY)
    written.after("bucket of tokens")


def _outages(written: Written, examples: Examples) -> None:
    aws, table = written.cloud.aws("dynamodb"), written.cloud.table("operations")
    outages = DynamoDbOutages(aws, table)
    troubles = {each: examples.filled(Watched, f"watched.{each}") for each in Trouble}
    seen = examples.filled(SeenOfProvider, "seen", watched=troubles, arrivals=Arrivals((1, 2)))
    memory = examples.filled(Memory, "memory", providers={"stripe": seen}, told=("stripe",))
    outages.remember(memory)
    outages.publish({"state": "degraded", "providers": ["stripe"]})
    written.after("outages")
    assert outages.memory() == memory
    assert outages.status() == {"state": "degraded", "providers": ["stripe"]}
    probes = DynamoDbProbes(aws, table)
    probe = examples.filled(Probe, "probe", at=SECOND)
    probes.record(IDENTITY, probe)
    probes.record(IDENTITY, replace(probe, at=SECOND + 1, by_webhook=None))
    written.after("probes")
    assert probes.probes(IDENTITY, since=SECOND)[0] == probe
    comparisons = DynamoDbComparisons(aws, table)
    comparison = examples.filled(Comparison, "comparison")
    comparisons.record(IDENTITY, comparison)
    written.after("comparison")
    assert comparisons.newest(IDENTITY) == comparison


def _replays(written: Written, examples: Examples) -> None:
    aws, table = written.cloud.aws("dynamodb"), written.cloud.table("operations")
    tokens = count(1)
    store = DynamoDbReplays(aws, table, new_token=lambda: f"token-{next(tokens)}")
    cursor = examples.filled(
        replay.Cursor,
        "replay",
        id="RPL-1",
        identity=IDENTITY,
        started_at=SECOND,
        ver=1,
        dry_run=False,
        lost={"type": (2, 1)},
        steps={"ana": ("step", 1)},
    )
    store.create(cursor)
    written.after("replay")
    # Pairs come back as JSON's lists.
    read = replace(cursor, lost={"type": [2, 1]}, steps={"ana": ["step", 1]})
    assert store.load("RPL-1") == read
    store.save(cursor)
    missing = examples.filled(Missing, "missing")
    page = PageNote(3, {"type": 2}, (missing,), ("sub_1",))
    store.note("RPL-1", page)
    DynamoDbReplayOutcomes(aws, table).add("RPL-1", {"applied": 2, "stale": 1})
    audit = DynamoDbRebuildAudit(aws, table)
    audit.begin("RPL-1", "sub_1", before={"status": "active"}, at=SECOND)
    written.after("replay under way")
    assert list(store.pages("RPL-1")) == [page]
    assert DynamoDbReplayOutcomes(aws, table).of("RPL-1") == {"applied": 2, "stale": 1}
    audit.end("RPL-1", "sub_1", after=None, outcome="changed", at=SECOND + 1)
    written.after("object rebuilt")
    (row,) = audit.rows("RPL-1", limit=2)
    assert (row["before"], row["after"], row["outcome"]) == ({"status": "active"}, None, "changed")


def _reconciliations(written: Written, examples: Examples) -> None:
    aws, table = written.cloud.aws("dynamodb"), written.cloud.table("operations")
    tokens = count(1)
    store = DynamoDbReconciliations(aws, table, new_token=lambda: f"token-{next(tokens)}")
    cursor = examples.filled(
        reconciliation.Cursor, "reconciliation", id="REC-1", started_at=SECOND, ver=1, left=()
    )
    store.create(cursor)
    written.after("reconciliation")
    assert store.load("REC-1") == cursor
    store.save(cursor)
    listed = examples.filled(Listed, "listed")
    store.note("REC-1", 4, [listed])
    compared = examples.filled(reconciliation.Compared, "compared")
    store.compare("REC-1", compared)
    mismatch = examples.filled(reconcile.Mismatch, "mismatch")
    found = examples.filled(reconciliation.Found, "found", mismatch=mismatch)
    store.add("REC-1", found)
    assert store.spend("INC-1:9", by="ana", at=SECOND, used_for="REC-1")
    written.after("reconciliation under way")
    assert [list(each) for each in store.notes("REC-1")] == [[listed]]
    assert list(store.workspaces("REC-1")) == [compared]
    assert list(store.found("REC-1")) == [found]
    left = examples.filled(reconciled.Left, "left")
    store.create(partial := replace(cursor, id="REC-2", left=(left,)))
    written.after("reconciliation that leaves accounts out")
    assert store.load("REC-2") == partial


def _messages(written: Written, examples: Examples) -> None:
    sent: list[str] = []

    class Queue:
        def call(self, operation: str, payload: Mapping[str, object]) -> dict[str, Any]:
            sent.append(str(payload["MessageBody"]))
            return {}

    for work in ("replay", "reconciliation"):
        SqsDrive(Queue(), "queue", work=work)("ID-1")
        written.message(f"drive {work}", sent[-1])
        assert read_drive(sent[-1], work=work) == "ID-1"
    record = _record(examples)
    SqsRestoreQueue(Queue(), "queue", wake=lambda: None).send("RPL-1", [record])
    written.message("restore", sent[-1])
    name, items = read_items(sent[-1])
    assert (name, [record_of(each) for each in items]) == ("RPL-1", [record])
    wishes = (examples.filled(RefetchRequest, "refetch"), LedgerReplay("pk", "sk"))
    for wish in wishes:
        written.message(f"refetch {wishes.index(wish)}", wish.to_json())
        assert read_message(wish.to_json()) == wish


def _item(item: Any) -> Any:
    assert item is not None
    return item


def _never(_seconds: float) -> None:
    raise AssertionError("nobody else takes tokens")
