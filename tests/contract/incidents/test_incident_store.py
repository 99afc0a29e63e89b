"""What every `IncidentStore` promises, tried on both: memory and DynamoDB (moto)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from threading import Lock
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from tests.harness.cloud.incident_tables import INCIDENTS, OPERATIONS, create_incident_tables
from tests.harness.fakes.boto_call import BotoCall
from tests.harness.worlds.stories import ANA, INCIDENT, Story, local, make, signal
from tocsin.adapters.incidents.memory import MemoryIncidents
from tocsin.adapters.incidents.store import DynamoIncidents
from tocsin.application.incidents.fingerprint import command_hash
from tocsin.errors import (
    BadInput,
    CommandRepeated,
    ConditionFailed,
    Conflict,
    DedupKeyTaken,
    PayloadTooLarge,
    StoreUnavailable,
    VersionConflict,
)
from tocsin.incidents.commands.opening import OpenIncident
from tocsin.incidents.commands.record import AddNote
from tocsin.incidents.events.fold import fold
from tocsin.incidents.model.maintenance import Window
from tocsin.incidents.model.noise import Heard
from tocsin.incidents.model.outbox import OutboxItem, OutboxKey, OutboxState
from tocsin.incidents.model.work import Known, Seen, WorkKind
from tocsin.incidents.timeline.entry import first_broken_link
from tocsin.incidents.vocabulary import MessageKind, Severity, State
from tocsin.ports.incidents import CommandRecord, Commit, IncidentStore
from tocsin.ports.signals import Aside, Intake, Pointer, Unknown, Why

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

T0 = local("09-08 10:00")
MINUTE = timedelta(minutes=1)
KEY = "v1:cloudwatch:api-5xx"


def one_call_at_a_time(client: Any) -> Any:
    """DynamoDB decides one call on an item at a time; moto, between threads, does not.

    Threads still meet between any two calls, which is where an adapter can be wrong.
    """
    lock, call = Lock(), client._make_api_call

    def alone(*given: Any, **named: Any) -> Any:
        with lock:
            return call(*given, **named)

    client._make_api_call = alone
    return client


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> Iterator[IncidentStore]:
    if request.param == "memory":
        yield MemoryIncidents()
        return
    with mock_aws():
        client = one_call_at_a_time(boto3.client("dynamodb"))
        create_incident_tables(client)
        yield DynamoIncidents(
            BotoCall(client),
            table=INCIDENTS,
            operations_table=OPERATIONS,
            pause=lambda _attempt: None,
        )


def opened(incident_id: str = INCIDENT, **changes: Any) -> Commit:
    """The commit of an opening, with everything a commit can hold."""
    story = Story()
    story.do(T0, make(OpenIncident, ANA, incident_id=incident_id, **_OPENING))
    commit = Commit(
        expected_version=0,
        incident=story.incident,
        entries=tuple(story.entries),
        outbox=tuple(story.outbox),
        due=T0 + 5 * MINUTE,
    )
    return replace(commit, **changes)


_OPENING: dict[str, Any] = {
    "title": "checkout is down",
    "severity": Severity.CRITICAL,
    "category": "production",
}


def next_of(commit: Commit, at_minute: int = 1, **changes: Any) -> Commit:
    """The commit of a note on top of another commit."""
    story = Story()
    story.incident_or_none = commit.incident
    command = make(AddNote, ANA, incident_id=commit.incident.id, text="still looking")
    story.do(T0 + at_minute * MINUTE, command)
    noted = Commit(
        expected_version=commit.incident.version,
        incident=story.incident,
        entries=tuple(story.entries),
        outbox=tuple(story.outbox),
        due=T0 + 5 * MINUTE,
    )
    return replace(noted, **changes)


def record(name: str = "cmd-1", **changes: Any) -> CommandRecord:
    values: dict[str, Any] = {
        "hash": command_hash(ANA, name),
        "request_hash": "wish-1",
        "incident": INCIDENT,
        "version": 2,
        "recorded_at": T0,
    }
    return CommandRecord(**(values | changes))


def pointer(incident: str = INCIDENT, *, is_open: bool = True, **changes: Any) -> Pointer:
    return Pointer(key=KEY, incident=incident, open=is_open, **changes)


def page_item(commit: Commit) -> OutboxItem:
    return next(item for item in commit.outbox if item.kind is MessageKind.PAGE)


class TestCommit:
    def test_what_was_written_is_read(self, store: IncidentStore) -> None:
        commit = opened()

        store.commit(commit)

        assert store.load(INCIDENT) == commit.incident
        assert store.entries(INCIDENT) == commit.entries
        assert [store.outbox(item.key) for item in commit.outbox] == list(commit.outbox)

    def test_nothing_is_read_of_what_does_not_exist(self, store: IncidentStore) -> None:
        assert store.load("INC-NOBODY") is None
        assert store.entries("INC-NOBODY") == ()
        assert store.pointer(KEY) is None
        assert store.command(INCIDENT, "hash") is None
        assert store.creation("person:ana", "key") is None
        assert store.outbox(OutboxKey(incident=INCIDENT, sk="OUT#1")) is None

    def test_i4_the_stored_timeline_folds_to_the_stored_snapshot(
        self, store: IncidentStore
    ) -> None:
        first = opened()
        store.commit(first)
        store.commit(next_of(first))

        timeline = store.entries(INCIDENT)

        assert first_broken_link(timeline) is None
        assert fold(timeline) == store.load(INCIDENT)

    def test_entries_are_read_from_where_a_reader_stopped(self, store: IncidentStore) -> None:
        first = opened()
        store.commit(first)
        store.commit(next_of(first))

        assert [entry.seq for entry in store.entries(INCIDENT, after=1)] == [2, 3]
        assert [entry.seq for entry in store.entries(INCIDENT, limit=2)] == [1, 2]

    def test_the_same_incident_is_not_opened_twice(self, store: IncidentStore) -> None:
        store.commit(opened())

        with pytest.raises(VersionConflict):
            store.commit(opened())

    def test_of_two_writers_of_one_version_one_wins(self, store: IncidentStore) -> None:
        first = opened()
        store.commit(first)
        mine, theirs = next_of(first, 1), next_of(first, 2)
        store.commit(mine)

        with pytest.raises(VersionConflict):
            store.commit(theirs)

        assert store.load(INCIDENT) == mine.incident
        assert len(store.entries(INCIDENT)) == mine.incident.version

    def test_writers_that_race_in_threads_lose_all_but_one(self, store: IncidentStore) -> None:
        first = opened()
        store.commit(first)
        rivals = [next_of(first, minute) for minute in range(1, 9)]

        with ThreadPoolExecutor(8) as pool:
            won = list(pool.map(lambda rival: _commits(store, rival), rivals))

        assert won.count(True) == 1
        assert len(store.entries(INCIDENT)) == first.incident.version + 1

    def test_a_refused_commit_leaves_nothing_behind(self, store: IncidentStore) -> None:
        first = opened()
        store.commit(first)
        store.commit(next_of(first, 1))
        stale = next_of(first, 2, command=record(), pointers=(pointer(),), outbox=(_extra(),))

        with pytest.raises(VersionConflict):
            store.commit(stale)

        assert store.command(INCIDENT, record().hash) is None
        assert store.pointer(KEY) is None
        assert store.outbox(_extra().key) is None


class TestTwoAtOnce:
    def test_both_are_written(self, store: IncidentStore) -> None:
        first, second = opened(), opened("INC-SECOND")
        store.commit(replace(first, also=(second,)))
        for each in (first, second):
            assert store.load(each.incident.id) == each.incident
            assert store.entries(each.incident.id) == each.entries
            assert all(store.outbox(item.key) == item for item in each.outbox)

    def test_neither_is_written_if_one_is_refused(self, store: IncidentStore) -> None:
        first, second = opened(), opened("INC-SECOND", pointers=(pointer("INC-SECOND"),))
        store.commit(opened("INC-THIRD", pointers=(pointer("INC-THIRD"),)))
        with pytest.raises(DedupKeyTaken):
            store.commit(replace(first, also=(second,)))
        with pytest.raises(VersionConflict):
            store.commit(replace(first, also=(next_of(second),)))
        assert store.load(first.incident.id) is None
        assert store.load("INC-SECOND") is None


class TestSize:
    @pytest.mark.parametrize("bytes_each", [410_000, 50_000])
    def test_more_than_an_item_or_a_transaction_takes_is_refused(
        self, store: IncidentStore, bytes_each: int
    ) -> None:
        count = 1 if bytes_each > 400_000 else 90
        large = replace(_extra(), facts={"text": "x" * bytes_each})
        many = tuple(replace(large, seq=n) for n in range(count))
        with pytest.raises(PayloadTooLarge):
            store.commit(opened(outbox=many))

    def test_a_hundred_items_are_too_many(self, store: IncidentStore) -> None:
        with pytest.raises(PayloadTooLarge):
            store.commit(opened(outbox=tuple(replace(_extra(), seq=n) for n in range(100))))


def _extra() -> OutboxItem:
    return OutboxItem(
        incident=INCIDENT,
        seq=77,
        kind=MessageKind.PAGE,
        target="person:extra",
        due_at=T0,
        correlation_id="corr",
    )


def _commits(store: IncidentStore, commit: Commit) -> bool:
    try:
        store.commit(commit)
    except VersionConflict:
        return False
    return True


class TestCommandIds:
    def test_a_command_id_is_remembered(self, store: IncidentStore) -> None:
        first = opened()
        store.commit(first)
        store.commit(next_of(first, command=record()))

        assert store.command(INCIDENT, record().hash) == record()

    def test_i3_a_command_id_is_written_once(self, store: IncidentStore) -> None:
        first = opened()
        store.commit(first)
        second = next_of(first, command=record())
        store.commit(second)

        with pytest.raises(CommandRepeated):
            store.commit(next_of(second, command=record()))

    def test_i3_what_changed_nothing_is_remembered_once(self, store: IncidentStore) -> None:
        store.remember(record())
        assert store.command(INCIDENT, record().hash) == record()
        store.remember(record())
        with pytest.raises(CommandRepeated):
            store.remember(record(version=9))
        with pytest.raises(CommandRepeated):
            store.commit(opened(command=record()))

    def test_i3_a_repeat_is_told_before_a_lost_race(self, store: IncidentStore) -> None:
        first = opened()
        store.commit(first)
        store.commit(next_of(first, command=record()))

        with pytest.raises(CommandRepeated):
            store.commit(next_of(first, command=record()))

    def test_a_creation_is_remembered_by_who_asked(self, store: IncidentStore) -> None:
        creation = record(principal="person:ana", key="key-1")
        store.commit(opened(command=creation))

        assert store.creation("person:ana", "key-1") == creation
        assert store.creation("person:bo", "key-1") is None

    def test_i3_a_creation_repeated_opens_no_second_incident(self, store: IncidentStore) -> None:
        creation = record(principal="person:ana", key="key-1")
        store.commit(opened(command=creation))

        with pytest.raises(CommandRepeated):
            store.commit(opened("INC-SECOND", command=replace(creation, incident="INC-SECOND")))

        assert store.load("INC-SECOND") is None


class TestPointers:
    def test_i1_a_dedup_key_has_one_open_incident(self, store: IncidentStore) -> None:
        store.commit(opened(pointers=(pointer(),)))

        with pytest.raises(DedupKeyTaken):
            store.commit(opened("INC-SECOND", pointers=(pointer("INC-SECOND"),)))

        assert store.load("INC-SECOND") is None
        assert store.pointer(KEY) == pointer()

    def test_a_key_of_a_closed_incident_can_be_taken(self, store: IncidentStore) -> None:
        first = opened(pointers=(pointer(),))
        store.commit(first)
        closed = pointer(is_open=False, reopen_until=T0 + timedelta(days=7))
        store.commit(next_of(first, pointers=(closed,)))
        assert store.pointer(KEY) == closed

        store.commit(opened("INC-SECOND", pointers=(pointer("INC-SECOND"),)))

        assert store.pointer(KEY) == pointer("INC-SECOND")

    def test_one_whose_owner_does_not_have_it_is_written_over_as_it_was_read(
        self, store: IncidentStore
    ) -> None:
        store.commit(opened(pointers=(pointer(),)))
        read = store.pointer(KEY)
        assert read is not None
        stale = replace(pointer("INC-SECOND"), over=replace(read, version=read.version + 1))
        with pytest.raises(DedupKeyTaken):
            store.commit(opened("INC-SECOND", pointers=(stale,)))

        store.commit(opened("INC-SECOND", pointers=(replace(stale, over=read),)))

        assert store.pointer(KEY) == pointer("INC-SECOND")

    def test_the_owner_may_write_its_pointer_again(self, store: IncidentStore) -> None:
        first = opened(pointers=(pointer(),))
        store.commit(first)

        store.commit(next_of(first, pointers=(pointer(),)))

        assert store.pointer(KEY) == pointer()


class TestTraces:
    def test_a_signal_is_seen_once_it_has_a_trace(self, store: IncidentStore) -> None:
        first, second = signal(T0), signal(T0 + MINUTE)
        assert store.unseen([first, second]) == (first, second)

        store.trace([first], incident=INCIDENT, recorded_at=T0)
        store.trace([first], incident=None, recorded_at=T0)

        assert store.unseen([first, second]) == (second,)

    def test_many_signals_are_looked_up_in_pieces(self, store: IncidentStore) -> None:
        signals = [signal(T0, id=f"s{n}") for n in range(130)]
        store.trace(signals[::2], incident=None, recorded_at=T0)

        assert store.unseen(signals) == tuple(signals[1::2])

    def test_a_drill_leaves_its_trace_elsewhere(self, store: IncidentStore) -> None:
        store.trace([signal(T0)], incident=INCIDENT, recorded_at=T0)

        assert store.unseen([signal(T0, drill=True)]) != ()

    def test_a_key_tells_what_it_has_said_and_why_that_led_to_nothing(
        self, store: IncidentStore
    ) -> None:
        fires, clears, told, later = (
            signal(T0 + n * MINUTE, id=f"#{n}", firing=n != 1, only_told=n == 2) for n in range(4)
        )
        store.trace([later], incident=None, recorded_at=T0, why=Why.FLAPPING)
        store.trace([clears, told, fires], incident=INCIDENT, recorded_at=T0)
        store.trace([signal(T0, dedup_key="other")], incident=None, recorded_at=T0)
        assert store.traces(fires.key, limit=9) == (
            Heard(id="#0", at=T0, firing=True),
            Heard(id="#1", at=T0 + MINUTE, firing=False),
            Heard(id="#3", at=T0 + 3 * MINUTE, firing=True, why="flapping"),
        )
        assert [one.id for one in store.traces(fires.key, limit=3)] == ["#1", "#3"]

    def test_what_is_known_of_a_key_comes_at_once(self, store: IncidentStore) -> None:
        first, second = signal(T0), signal(T0 + MINUTE, id="second")
        assert store.intake([first, second]) == Intake(
            new=(first, second), pointer=None, windows=()
        )
        store.commit(opened(pointers=(pointer(),)))
        store.trace([first], incident=INCIDENT, recorded_at=T0)
        store.set_windows((WINDOW,), known=())
        assert store.intake([first, second]) == Intake(
            new=(second,), pointer=store.pointer(first.key), windows=(WINDOW,)
        )

    def test_of_a_hundred_of_one_key_each_is_looked_up(self, store: IncidentStore) -> None:
        signals = [signal(T0, id=f"s{n}") for n in range(120)]
        store.trace(signals[::2], incident=None, recorded_at=T0)
        assert store.intake(signals).new == tuple(signals[1::2])


WINDOW = Window(
    id="m-1",
    starts_at=T0,
    ends_at=T0 + timedelta(hours=1),
    set_by="ana",
    set_at=T0,
    reason="new index",
    pattern="search-*",
)


class TestWindows:
    def test_they_are_written_in_the_place_of_those_that_were_read(
        self, store: IncidentStore
    ) -> None:
        assert store.windows() == ()
        store.set_windows((WINDOW,), known=())
        with pytest.raises(ConditionFailed):
            store.set_windows((), known=())
        other = replace(WINDOW, id="m-2", service="shop", ended_by="bo")
        store.set_windows((WINDOW, other), known=(WINDOW,))
        assert store.windows() == (WINDOW, other)
        store.set_windows((), known=(WINDOW, other))
        store.set_windows((other,), known=())
        assert store.windows() == (other,)


class TestLeads:
    def test_the_last_that_took_a_name_has_it(self, store: IncidentStore) -> None:
        assert store.lead("real#database#production#*") is None
        for incident in ("INC-1", "INC-2"):
            store.take_lead("real#database#production#*", incident, at=T0)
        assert store.lead("real#database#production#*") == "INC-2"
        assert store.lead("drill#database#production#*") is None


class TestCommits:
    def seen(self, **changes: Any) -> Seen:
        known = Seen(
            source="github",
            kind=WorkKind.RUN,
            commit="b" * 40,
            repository="shop",
            name=".github/workflows/ci.yml",
            number=7,
            attempt=1,
            conclusion="failure",
            url="https://github.example/runs/7",
            at=T0,
        )
        return replace(known, **changes)

    def test_a_commit_is_known_by_its_beginning_and_no_other_by_it(
        self, store: IncidentStore
    ) -> None:
        assert store.known_of("b" * 40) == Known()
        for commit in ("bbbbbbb", "bbbbbbb", "b" * 40, "bbbbbbbc"):
            store.follow(commit, INCIDENT, at=T0)
        store.see(self.seen(), recorded_at=T0)
        other = self.seen(commit="bbbbbbb" + "c" * 33)
        store.see(other, recorded_at=T0)
        known = store.known_of("b" * 40)
        assert {one.commit for one in known.followers} == {"bbbbbbb", "b" * 40}
        assert {one.incident for one in known.followers} == {INCIDENT}
        assert known.seen == (self.seen(),)
        assert set(store.known_of("bbbbbbb").seen) == {self.seen(), other}

    def test_the_newest_of_a_run_is_kept_in_any_order(self, store: IncidentStore) -> None:
        begun = self.seen(conclusion="")
        again = self.seen(attempt=2, conclusion="", at=T0 + MINUTE)
        passed = replace(again, conclusion="success", at=T0 + 2 * MINUTE)
        story = (begun, self.seen(), again, passed)
        for number, order in enumerate(permutations(story)):
            commit = f"{number:07d}" + "e" * 33
            for one in order:
                store.see(replace(one, commit=commit), recorded_at=T0)
            kept = {replace(one, commit=commit) for one in (again, passed)}
            assert set(store.known_of(commit).seen) == kept


class TestUnknown:
    def test_a_batch_counts_once_and_its_week_is_due_until_it_is_told(
        self, store: IncidentStore
    ) -> None:
        first = Unknown(key=KEY, source="cloudwatch", name="odd", count=2, at=T0)
        second = replace(first, count=1, at=T0 + MINUTE, incident=INCIDENT)
        for unknown, batch in ((second, "b"), (first, "a"), (first, "a")):
            store.count_unknown(unknown, week="2026-W38", told_at=T0 + 9 * MINUTE, batch=batch)
        assert store.unknown("2026-W38") == (first, second)
        assert store.unknown("2026-W37") == ()
        assert store.due(at=T0 + 8 * MINUTE, limit=9).weeks == ()
        due = store.due(at=T0 + 9 * MINUTE, limit=9)
        assert (due.weeks, due.incidents, due.outbox, due.held) == (("2026-W38",), (), (), ())
        store.week_told("2026-W38", at=T0)
        store.count_unknown(first, week="2026-W38", told_at=T0, batch="c")
        assert store.due(at=T0 + 9 * MINUTE, limit=9).weeks == ()
        assert len(store.unknown("2026-W38")) == 3


class TestSetAside:
    def test_it_is_listed_by_its_day_newest_first_page_by_page(self, store: IncidentStore) -> None:
        for hours in (1, 2, 30):
            store.set_aside(aside(T0 + timedelta(hours=hours), f"s{hours}"))
        day = (T0 + timedelta(hours=1)).date()
        first = store.asides(day, limit=1)
        assert [one.id for one in first.items] == ["s2"]
        rest = store.asides(day, limit=1, cursor=first.cursor)
        assert rest.items == (aside(T0 + timedelta(hours=1), "s1"),)
        assert [one.id for one in store.asides(day + timedelta(days=1), limit=9).items] == ["s30"]

    def test_the_same_twice_is_once(self, store: IncidentStore) -> None:
        for _ in range(2):
            store.set_aside(aside(T0, "s1"))
        assert len(store.asides(T0.date(), limit=9).items) == 1


def aside(at: datetime, name: str) -> Aside:
    return Aside(
        id=name,
        key="v1:cloudwatch:queue",
        source="cloudwatch",
        title="queue",
        firing=True,
        at=at,
        occurred_at=T0,
        why=Why.HELD,
        rule="any-alarm",
        would="open a high production incident",
        until=at + timedelta(minutes=2),
    )


class TestHeld:
    def test_it_is_kept_as_it_was_and_due_when_its_time_has_come(
        self, store: IncidentStore
    ) -> None:
        quiet = signal(T0, suppressed=True, held_until=T0 + 5 * MINUTE, part="contributor:a")
        store.hold(quiet)
        assert store.held(quiet.key) == quiet
        assert store.due(at=T0 + 4 * MINUTE, limit=10).held == ()
        due = store.due(at=T0 + 5 * MINUTE, limit=10)
        assert (due.held, due.incidents, due.outbox) == ((quiet.key,), (), ())

    def test_the_newest_of_a_key_is_kept_in_any_order(self, store: IncidentStore) -> None:
        first, second = (
            signal(at, id=f"at-{at.minute}", held_until=at + MINUTE) for at in (T0, T0 + MINUTE)
        )
        for each in (second, first):
            store.hold(each)
        assert store.held(first.key) == second

    def test_what_was_let_go_is_held_no_more_whichever_came_first(
        self, store: IncidentStore
    ) -> None:
        quiet = signal(T0, held_until=T0 + MINUTE)
        store.hold(quiet)
        store.let_go(quiet.key, until=T0, recorded_at=T0)
        store.hold(quiet)
        assert store.held(quiet.key) is None
        assert store.due(at=T0 + MINUTE, limit=10).held == ()
        later = signal(T0 + MINUTE, id="later", held_until=T0 + 2 * MINUTE)
        store.hold(later)
        store.let_go(quiet.key, until=T0, recorded_at=T0)
        assert store.held(quiet.key) == later

    def test_what_is_held_on_is_due_at_another_time_and_nothing_older_takes_its_place(
        self, store: IncidentStore
    ) -> None:
        first = signal(T0, held_until=T0 + MINUTE, held_for="maintenance")
        newer = replace(first, id="newer", occurred_at=T0 + MINUTE, held_since=T0)
        store.hold(first)
        store.hold(replace(first, held_until=T0 + 9 * MINUTE), again=True)
        assert store.due(at=T0 + 8 * MINUTE, limit=9).held == ()
        store.hold(newer)
        store.hold(first, again=True)
        assert store.held(first.key) == newer

    def test_unsent_messages_hide_none(self, store: IncidentStore) -> None:
        store.commit(opened())
        for n in range(3):
            store.hold(signal(T0, dedup_key=f"k{n}", held_until=T0 + n * MINUTE))
        due = store.due(at=T0 + 10 * MINUTE, limit=2)
        assert [key.rpartition(":")[2] for key in due.held] == ["k0", "k1"]
        assert due.more


class TestDue:
    def test_an_incident_is_due_when_its_time_has_come(self, store: IncidentStore) -> None:
        store.commit(opened(outbox=()))

        assert store.due(at=T0 + 4 * MINUTE, limit=10).incidents == ()
        assert store.due(at=T0 + 5 * MINUTE, limit=10).incidents == (INCIDENT,)

    def test_a_fraction_of_a_second_is_not_due_early(self, store: IncidentStore) -> None:
        due = T0 + timedelta(milliseconds=1)
        store.commit(opened(outbox=(), due=due))

        assert store.due(at=T0, limit=10).incidents == ()
        assert store.due(at=T0 + timedelta(seconds=1), limit=10).incidents == (INCIDENT,)

    def test_an_incident_that_waits_for_people_is_never_due(self, store: IncidentStore) -> None:
        first = opened(outbox=())
        store.commit(first)
        store.commit(next_of(first, due=None))

        assert store.due(at=T0 + timedelta(days=900), limit=10).incidents == ()

    def test_a_message_nobody_sent_is_due_after_a_minute(self, store: IncidentStore) -> None:
        commit = opened(due=None)
        store.commit(commit)

        assert store.due(at=T0 + timedelta(seconds=59), limit=10).outbox == ()
        due = store.due(at=T0 + MINUTE, limit=10)
        assert set(due.outbox) == {item.key for item in commit.outbox}
        assert not due.more

    def test_the_limit_takes_the_longest_overdue_and_says_there_is_more(
        self, store: IncidentStore
    ) -> None:
        for number in range(12):
            at = T0 + number * MINUTE
            store.commit(opened(f"INC-{number:02d}", outbox=(), due=at))

        due = store.due(at=T0 + timedelta(hours=1), limit=5)

        assert due.incidents == tuple(f"INC-{number:02d}" for number in range(5))
        assert due.more

    def test_unsent_messages_do_not_hide_an_incident(self, store: IncidentStore) -> None:
        many = tuple(replace(_extra(), seq=n) for n in range(60))
        store.commit(opened(outbox=many))

        due = store.due(at=T0 + 5 * MINUTE, limit=10)

        assert due.incidents == (INCIDENT,)
        assert len(due.outbox) == 10
        assert due.more


class TestBoard:
    def test_open_incidents_are_listed_newest_first(self, store: IncidentStore) -> None:
        for number in range(3):
            story = Story()
            command = make(OpenIncident, ANA, incident_id=f"INC-{number}", **_OPENING)
            story.do(T0 + number * MINUTE, command)
            store.commit(
                Commit(expected_version=0, incident=story.incident, entries=tuple(story.entries))
            )

        page = store.board()

        assert [line.id for line in page.items] == ["INC-2", "INC-1", "INC-0"]
        assert page.cursor is None
        line = page.items[-1]
        assert (line.title, line.severity, line.state) == (
            "checkout is down",
            Severity.CRITICAL,
            State.OPEN,
        )
        assert line.opened_at == T0

    def test_a_board_is_read_page_by_page(self, store: IncidentStore) -> None:
        for number in range(5):
            store.commit(opened(f"INC-{number}"))
        seen: list[str] = []
        cursor = None

        for _ in range(5):
            page = store.board(limit=2, cursor=cursor)
            seen += [line.id for line in page.items]
            cursor = page.cursor
            if cursor is None:
                break

        assert sorted(seen) == [f"INC-{number}" for number in range(5)]

    def test_closed_incidents_are_listed_by_month(self, store: IncidentStore) -> None:
        first = opened()
        store.commit(first)
        noted = next_of(first)
        closed = replace(noted.incident, state=State.CLOSED, closed_at=T0 + MINUTE)
        store.commit(replace(noted, incident=closed))

        assert store.board().items == ()
        assert [line.id for line in store.board(closed_in="202609").items] == [INCIDENT]
        assert store.board(closed_in="202608").items == ()


class TestOutbox:
    LEASE = timedelta(seconds=30)

    def claim(self, store: IncidentStore, key: OutboxKey, owner: str, seconds: int) -> Any:
        wall = T0 + timedelta(seconds=seconds)
        return store.claim_outbox(key, owner=owner, wall_now=wall, lease=self.LEASE)

    def test_one_sender_owns_a_message(self, store: IncidentStore) -> None:
        commit = opened()
        store.commit(commit)
        key = page_item(commit).key

        claimed = self.claim(store, key, "one", 0)

        assert (claimed.state, claimed.attempts) == (OutboxState.CLAIMED, 1)
        assert claimed.facts == page_item(commit).facts
        assert self.claim(store, key, "two", 29) is None

    def test_everybody_a_message_was_for_is_known_sent_or_not(self, store: IncidentStore) -> None:
        commit = opened()
        store.commit(commit)
        told = frozenset(item.person for item in commit.outbox if item.personal)
        assert len(told) > 1
        assert len(told) < len(commit.outbox), "one of them is to an audience"
        key = page_item(commit).key
        self.claim(store, key, "one", 0)
        store.mark_sent(key, owner="one", sent_at=T0)
        assert store.addressed(INCIDENT) == told
        assert store.addressed("INC-0000000000000000000000NONE") == frozenset()

    def test_a_lease_that_ran_out_is_taken_over(self, store: IncidentStore) -> None:
        commit = opened()
        store.commit(commit)
        key = page_item(commit).key
        self.claim(store, key, "one", 0)

        taken = self.claim(store, key, "two", 30)

        assert taken.attempts == 2
        assert taken.message_id == page_item(commit).message_id
        with pytest.raises(Conflict):
            store.mark_sent(key, owner="one", sent_at=T0)
        store.mark_sent(key, owner="two", sent_at=T0)

    def test_a_sent_message_is_neither_claimed_nor_due(self, store: IncidentStore) -> None:
        commit = opened(due=None)
        store.commit(commit)
        for item in commit.outbox:
            self.claim(store, item.key, "one", 0)
            store.mark_sent(item.key, owner="one", sent_at=T0)

        assert self.claim(store, page_item(commit).key, "two", 9_999) is None
        assert store.due(at=T0 + timedelta(days=1), limit=50).outbox == ()
        sent = store.outbox(page_item(commit).key)
        assert sent is not None
        assert sent.state is OutboxState.SENT

    def test_a_claimed_message_stays_due_until_it_is_marked(self, store: IncidentStore) -> None:
        commit = opened(due=None)
        store.commit(commit)
        self.claim(store, page_item(commit).key, "one", 0)

        assert page_item(commit).key in store.due(at=T0 + MINUTE, limit=50).outbox

    def test_a_failed_send_is_tried_again_later(self, store: IncidentStore) -> None:
        commit = opened(due=None)
        store.commit(commit)
        key = page_item(commit).key
        self.claim(store, key, "one", 0)

        store.release_outbox(key, owner="one", due_at=T0 + 9 * MINUTE)

        assert key not in store.due(at=T0 + 8 * MINUTE, limit=50).outbox
        assert key in store.due(at=T0 + 9 * MINUTE, limit=50).outbox
        assert self.claim(store, key, "two", 1).attempts == 2

    def test_a_message_that_does_not_exist_cannot_be_claimed(self, store: IncidentStore) -> None:
        key = OutboxKey(incident=INCIDENT, sk="OUT#00000009#page#person:nobody")

        assert self.claim(store, key, "one", 0) is None
        with pytest.raises(Conflict):
            store.release_outbox(key, owner="one", due_at=T0)

    def test_of_senders_that_race_in_threads_one_claims(self, store: IncidentStore) -> None:
        commit = opened()
        store.commit(commit)
        key = page_item(commit).key

        with ThreadPoolExecutor(8) as pool:
            won = list(pool.map(lambda n: self.claim(store, key, f"owner-{n}", 0), range(8)))

        assert sum(item is not None for item in won) == 1


class TestDynamoOnly:
    @pytest.fixture
    def table(self) -> Iterator[DynamoIncidents]:
        with mock_aws():
            client = boto3.client("dynamodb")
            create_incident_tables(client)
            yield DynamoIncidents(BotoCall(client), table=INCIDENTS, pause=lambda _attempt: None)

    def test_a_table_that_is_not_there_is_unavailable(self) -> None:
        with mock_aws():
            store = DynamoIncidents(BotoCall(), table="nowhere")
            with pytest.raises(StoreUnavailable):
                store.load(INCIDENT)
            with pytest.raises(StoreUnavailable):
                store.commit(opened())

    def test_a_cursor_that_was_not_given_out_is_refused(self, table: DynamoIncidents) -> None:
        with pytest.raises(BadInput):
            table.board(cursor="bm90IGEgY3Vyc29y")

    def test_contention_is_tried_again_and_then_told_as_a_lost_race(self) -> None:
        caller = _Contended()
        pauses: list[int] = []
        store = DynamoIncidents(caller, INCIDENTS, pause=pauses.append)

        with pytest.raises(VersionConflict):
            store.commit(opened())

        assert pauses == list(range(caller.calls))
        assert caller.calls > 2

    def test_a_cancellation_for_another_reason_is_not_tried_again(self) -> None:
        caller = _Contended("ValidationError")
        store = DynamoIncidents(caller, INCIDENTS)

        with pytest.raises(StoreUnavailable):
            store.commit(opened())

        assert caller.calls == 1


class _Contended:
    """A caller whose every transaction is cancelled for one reason, after all its own tries."""

    def __init__(self, reason: str = "TransactionConflict") -> None:
        self.reason = reason
        self.calls = 0

    def call(self, _operation: str, _payload: object) -> dict[str, Any]:
        self.calls += 1
        raise StoreUnavailable("cancelled", cancelled=f"None,{self.reason}")
