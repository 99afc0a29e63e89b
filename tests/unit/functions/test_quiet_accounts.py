"""Looking at an account without events for days, and at a queue that nobody takes from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from functions.outage_watch.accounts import Newest
from tocsin.adapters.billing.projection.queues import SqsDepths
from tocsin.application.billing.outage.looks import MOST_CONSUMERS, QueueLook, WatchedQueue
from tocsin.application.billing.outage.watch_ledger import LedgerWatch
from tocsin.billing.event import EventClass
from tocsin.billing.identity import Identity
from tocsin.billing.outage.watching import HOUR, StoredEvent
from tocsin.runtime.watch.json_lines import NOTES

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


URL = "https://sqs.test/1/tocsin-drill-replay"


def test_a_queue_that_nobody_takes_from_is_told_by_how_long(
    capsys: pytest.CaptureFixture[str],
) -> None:
    queue = Queue()
    look = QueueLook(SqsDepths(queue).of, [WatchedQueue(URL, lambda: None)], NOTES)

    def untaken(minute: int) -> str:
        look.look(NOON + 60 * minute)
        return capsys.readouterr().out

    assert untaken(0) == "", "nothing is no line"
    queue.there = 3
    assert untaken(1) == ""
    assert '"QueueUntaken":[900.0]' in (line := untaken(16))
    assert '"queue":"replay"' in line
    queue.taken = 1
    assert untaken(17) == "", "somebody works it off"
    queue.taken = 0
    assert untaken(18) == ""


def test_for_what_lies_in_a_queue_that_nobody_polls_its_consumer_is_woken() -> None:
    """At each look, so that a wake that was lost costs no more; more of them for more work."""
    queue, woken = Queue(), list[int]()
    minute = 0
    watched = WatchedQueue(URL, lambda: woken.append(minute))
    look = QueueLook(SqsDepths(queue).of, [watched], NOTES)
    for minute, there in enumerate((0, 1, 100, 101, 9_000)):
        queue.there = there
        look.look(NOON + 60 * minute)
    assert Counter(woken) == {1: 1, 2: 1, 3: 2, 4: MOST_CONSUMERS}


def test_an_empty_queue_whose_senders_wake_is_looked_into_every_five_minutes() -> None:
    """And every minute while something lies there. A round starts at nearly the same second."""
    queue, asked = Queue(), list[int]()

    def depth(url: str) -> tuple[int, int]:
        asked.append(minute)
        return SqsDepths(queue).of(url)

    look = QueueLook(depth, [WatchedQueue(URL, lambda: None, every=300)], NOTES)
    for minute in range(30):
        queue.there, queue.taken = int(12 <= minute < 18), int(minute == 18)
        look.look(NOON + 60 * minute - 3 * (minute % 5))
    assert asked == [0, 5, 10, 15, 16, 17, 18, 19, 24, 29]
