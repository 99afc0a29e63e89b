"""Looking at an account without events for days, and at a queue that nobody takes from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from functions.outage_watch.accounts import Newest
from tocsin.adapters.billing.projection.queues import SqsDepths
from tocsin.application.billing.outage.looks import QueueLook
from tocsin.application.billing.outage.watch_ledger import LedgerWatch
from tocsin.billing.event import EventClass
from tocsin.billing.identity import Identity
from tocsin.billing.outage.watching import HOUR, StoredEvent
from tocsin.runtime.watch.light import NOTES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pytest

    from tocsin.billing.projection.ordering import Row

WHO = Identity("stripe", "acct_1", "live")
NOON = 1_790_000_000 // HOUR * HOUR


@dataclass
class Ledger:
    """Events by hour; how often an hour was asked for."""

    hours: dict[int, tuple[StoredEvent, ...]] = field(default_factory=dict)
    asked: int = 0

    def sample(self, _identity: Identity, at: int) -> tuple[StoredEvent, ...]:
        self.asked += 1
        return self.hours.get(at // HOUR, ())

    def count(self, _identity: Identity, _at: int) -> int:
        return 0

    def read_many(self, _identity: Identity, _subscriptions: Sequence[str]) -> Mapping[str, Row]:
        return {}


def event(received_at: int) -> StoredEvent:
    return StoredEvent(
        id="evt_1",
        received_at=received_at,
        created=received_at,
        event_class=EventClass.IRRELEVANT,
        subscription=None,
    )


def test_an_account_without_events_is_looked_for_far_back_once_an_hour() -> None:
    ledger = Ledger()
    watch = LedgerWatch(ledger, ledger)
    for minute in range(60):
        watch.look(WHO, now=NOON + 60 * minute)
    assert ledger.asked <= 60 * 2 + 46


def test_what_lies_far_back_is_still_what_silence_is_counted_from() -> None:
    ledger = Ledger({(NOON - 5 * HOUR) // HOUR: (event(NOON - 5 * HOUR),)})
    watch = LedgerWatch(ledger, ledger)
    for minute in (0, 1, 59):
        now = NOON + 60 * minute
        assert watch.look(WHO, now=now).silence.seconds == now - (NOON - 5 * HOUR)
    ledger.hours[NOON // HOUR] = (event(NOON + 60 * 60 - 30),)
    assert watch.look(WHO, now=NOON + 60 * 60 - 1).silence.seconds == 29


def test_arrivals_are_looked_for_far_back_once_an_hour() -> None:
    ledger = Ledger()
    newest = Newest(ledger)
    assert [newest(WHO, NOON + 60 * minute) for minute in range(60)] == [None] * 60
    assert ledger.asked == 60 * 2 + 4
    ledger.hours[(NOON - 3 * HOUR) // HOUR] = (event(NOON - 3 * HOUR),)
    assert newest(WHO, NOON + HOUR) == NOON - 3 * HOUR
    ledger.hours[(NOON + HOUR) // HOUR] = (event(NOON + HOUR + 5),)
    assert newest(WHO, NOON + HOUR + 60) == NOON + HOUR + 5


@dataclass
class Queue:
    there: int = 0
    taken: int = 0

    def call(self, operation: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        assert operation == "GetQueueAttributes"
        values = (str(self.there), str(self.taken))
        return {"Attributes": dict(zip(payload["AttributeNames"], values, strict=True))}


def test_a_queue_that_nobody_takes_from_is_told_by_how_long(
    capsys: pytest.CaptureFixture[str],
) -> None:
    queue = Queue()
    urls = ("https://sqs.test/1/tocsin-drill-replay",)
    look = QueueLook(SqsDepths(queue).of, urls, NOTES)

    def untaken(minute: int) -> str:
        look.look(NOON + 60 * minute)
        return capsys.readouterr().out

    assert '"QueueUntaken":[0.0]' in untaken(0)
    queue.there = 3
    assert '"QueueUntaken":[0.0]' in untaken(1)
    assert '"QueueUntaken":[900.0]' in (line := untaken(16))
    assert '"queue":"replay"' in line
    queue.taken = 1
    assert '"QueueUntaken":[0.0]' in untaken(17), "somebody works it off"
    queue.taken = 0
    assert '"QueueUntaken":[0.0]' in untaken(18)
