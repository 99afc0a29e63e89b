"""Numbers: given beside an opening, late where they did not come, and never a reason to refuse."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from tests.harness.cloud.incident_tables import create_incident_tables
from tests.harness.fakes.application import CountingIds, HostileStore, ManualClock, Policies
from tests.harness.fakes.boto_call import BotoCall
from tests.harness.worlds.stories import ANA, local, make, signal
from tests.harness.worlds.storms import numbered_storms
from tocsin.adapters.incidents.numbers import MemoryNumbers
from tocsin.application.incidents.engine import Engine
from tocsin.errors import DedupKeyTaken, GroupRequired, StoreUnavailable
from tocsin.incidents.commands.base import Tick
from tocsin.incidents.commands.opening import OpenIncident
from tocsin.incidents.commands.record import AddNote
from tocsin.incidents.events.fold import fold
from tocsin.incidents.rules.draft import CLOCK
from tocsin.incidents.vocabulary import Category, Group, Kind, Severity

if TYPE_CHECKING:
    from tocsin.application.incidents.outcome import Outcome
    from tocsin.incidents.commands.base import Command
    from tocsin.ports.incidents import Commit

T0 = local("09-08 10:00")


@dataclass
class Moody(MemoryNumbers):
    """Numbers that come, or do not; what was asked and passed over is kept."""

    store: HostileStore
    silent: bool = False
    asked: int = 0
    passed_over: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(self.store)

    def next(self, kind: Kind) -> int | None:
        self.asked += 1
        return None if self.silent else super().next(kind)

    def skip(self, kind: Kind, number: int) -> bool:
        self.passed_over.append(number)
        return super().skip(kind, number)


class World:
    """An engine with numbers, and openings through it."""

    def __init__(self) -> None:
        self.store, self.clock, self.ids = HostileStore(), ManualClock(T0), CountingIds()
        self.numbers = Moody(self.store)

    def engine(self) -> Engine:
        return Engine(
            store=self.store,
            policies=Policies(),
            clock=self.clock,
            ids=self.ids,
            numbers=self.numbers,
        )

    def run(self, command: Command) -> Outcome:
        return self.engine().execute(command)

    def open(self, key: str = "open-1", **changes: Any) -> Outcome:
        return self.run(opening(self.ids.incident_id(drill=False), key, **changes))


def opening(incident: str, key: str, **changes: Any) -> OpenIncident:
    values: dict[str, Any] = {
        "title": "checkout is down",
        "severity": Severity.CRITICAL,
        "category": Category.PRODUCTION,
        "command_id": key,
        "incident_id": incident,
    }
    return make(OpenIncident, ANA, **(values | changes))


@pytest.fixture
def world() -> World:
    return World()


def test_an_opening_has_its_number_and_so_have_its_pages(world: World) -> None:
    done = world.open()
    assert (done.incident.number, done.incident.name) == (1, "INC-1")
    assert {item.facts["short"] for item in done.outbox} == {"INC-1"}
    assert world.numbers.holder("INC-1") == done.incident.id
    assert fold(world.store.entries(done.incident.id)) == done.incident
    assert (world.numbers.asked, world.numbers.passed_over) == (1, [])


def test_kinds_are_counted_apart(world: World) -> None:
    groups = frozenset({Group.COMMANDER})
    names = [
        world.open(f"k{n}", kind=kind, groups=groups).incident.name
        for n, kind in enumerate([*Kind] * 2)
    ]
    assert sorted(names) == ["DRILL-1", "DRILL-2", "INC-1", "INC-2", "INC-3", "INC-4"]


def test_a_repeated_opening_keeps_the_number_it_got(world: World) -> None:
    first = world.open().incident
    again = world.open()
    assert (again.repeated, again.incident.name) == (True, first.name)
    assert world.numbers.passed_over == [2], "what was counted for the repetition is recorded"


def test_without_a_number_it_opens_and_pages_by_its_id_and_the_next_write_brings_one(
    world: World,
) -> None:
    world.numbers.silent = True
    done = world.open()
    assert done.incident.number is None
    assert done.incident.name == done.incident.id
    pages = [item for item in done.outbox if item.personal]
    assert pages
    assert {item.called for item in pages} == {done.incident.id}

    world.numbers.silent = False
    world.clock.advance(timedelta(minutes=16))
    tick = Tick(incident_id=done.incident.id, command_id="", actor=CLOCK, correlation_id="")
    swept = world.run(tick)
    assert swept.incident.name == "INC-1"
    assert swept.entries[-1].type == "numbered"
    assert {item.called for item in swept.outbox if item.personal} == {"INC-1"}
    assert world.numbers.holder("INC-1") == done.incident.id
    assert fold(world.store.entries(done.incident.id)) == swept.incident
    asked = world.numbers.asked
    note = make(AddNote, ANA, incident_id=done.incident.id, command_id="n", text="looking")
    assert world.run(note).incident.name == "INC-1"
    assert world.numbers.asked == asked, "who has one asks for no other"


def test_a_lost_race_keeps_the_number_for_the_next_try(world: World) -> None:
    world.store.conflicts = 3
    done = world.open()
    assert (done.incident.name, done.attempts) == ("INC-1", 4)
    assert (world.numbers.asked, world.numbers.passed_over) == (1, [])


def test_a_refused_opening_asks_for_no_number(world: World) -> None:
    with pytest.raises(GroupRequired):
        world.open(groups=frozenset({Group.VIEWER}))
    assert world.numbers.asked == 0


def test_an_opening_that_fails_records_that_its_number_is_nobodys(world: World) -> None:
    def taken(_commit: Commit) -> None:
        raise DedupKeyTaken

    world.store.before_commit = taken
    with pytest.raises(DedupKeyTaken):
        world.open()
    assert world.numbers.passed_over == [1]
    assert world.open("open-2").incident.name == "INC-2"


def test_a_lost_answer_leaves_the_number_with_the_incident_that_was_written(world: World) -> None:
    world.store.lose_answers = 1
    with pytest.raises(StoreUnavailable):
        world.open()
    assert world.numbers.passed_over == [1]
    holder = world.numbers.holder("INC-1")
    assert holder is not None, "the record says what was written, not what was heard"
    again = world.open()
    assert (again.repeated, again.incident.id, again.incident.name) == (True, holder, "INC-1")


def test_a_counter_that_fell_back_refuses_nothing(world: World) -> None:
    """As after a restore: what it counts is somebody's already."""
    world.store.numbers |= {"INC-1": "INC-OLD", "INC-2": "INC-OLDER"}
    done = world.open()
    assert done.incident.number is None
    note = make(AddNote, ANA, incident_id=done.incident.id, command_id="n", text="looking")
    assert world.run(note).incident.number is None
    note = make(AddNote, ANA, incident_id=done.incident.id, command_id="m", text="still")
    assert world.run(note).incident.name == "INC-3"


def test_two_openings_of_one_alarm_leave_one_incident_and_one_number(world: World) -> None:
    fired = signal(T0)

    def rival(_commit: Commit) -> None:
        world.engine().receive([signal(T0, id="another")])

    world.store.before_commit = rival
    (merged,) = world.engine().receive([fired])
    assert merged.incident.name == "INC-2"
    assert world.numbers.passed_over == [1]


def test_a_storm_costs_one_call_more_an_opening_and_no_other_transaction() -> None:
    """At a small size; `tests/cloud/incidents/test_storms.py` has two hundred."""
    with mock_aws():
        client = boto3.client("dynamodb")
        create_incident_tables(client)
        with_numbers, without = numbered_storms(lambda: BotoCall(client), alarms=20, writers=1)
    assert with_numbers.names == [f"INC-{n}" for n in range(1, 21)]
    assert len(set(without.names)) == 20
    more = with_numbers.calls - without.calls
    assert more == {"UpdateItem": 20}
    assert with_numbers.calls["TransactWriteItems"] == without.calls["TransactWriteItems"] == 20


def test_a_storm_without_a_counter_opens_every_incident(world: World) -> None:
    world.numbers.silent = True
    signals = [signal(T0, name=f"alarm-{n}") for n in range(50)]
    opened = world.engine().receive(signals)
    assert len(opened) == 50
    assert {one.incident.name for one in opened} == {one.incident.id for one in opened}
