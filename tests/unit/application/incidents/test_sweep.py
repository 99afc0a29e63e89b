"""The sweep: does what is due, once, names unsent messages, and survives what fails."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.harness.fakes.application import CountingIds, HostileStore, ManualClock, Policies
from tests.harness.worlds.stories import ANA, local, make, signal
from tocsin.application.incidents.engine import Engine
from tocsin.incidents.commands.people import Acknowledge
from tocsin.incidents.queries.agenda import Matter
from tocsin.incidents.rules import elapse
from tocsin.incidents.vocabulary import ClockName

if TYPE_CHECKING:
    from tocsin.application.incidents.outcome import SweepReport
    from tocsin.incidents.queries.agenda import Due
    from tocsin.incidents.rules.draft import Draft

T0 = local("09-08 10:00")
MINUTE = timedelta(minutes=1)


class World:
    def __init__(self) -> None:
        self.store = HostileStore()
        self.policies = Policies()
        self.clock = ManualClock(T0)
        self.ids = CountingIds()

    def sweep(self, limit: int = 200) -> SweepReport:
        return Engine(
            store=self.store, policies=self.policies, clock=self.clock, ids=self.ids
        ).sweep(limit=limit)

    def open(self, count: int = 1) -> list[str]:
        outcomes = Engine(
            store=self.store, policies=self.policies, clock=self.clock, ids=self.ids
        ).receive([signal(T0, name=f"outage-{n}") for n in range(count)])
        return [outcome.incident.id for outcome in outcomes]

    def send_all(self) -> None:
        for item in self.store.all_outbox():
            lease = timedelta(seconds=30)
            if self.store.claim_outbox(item.key, owner="t", wall_now=T0, lease=lease):
                self.store.mark_sent(item.key, owner="t", sent_at=T0)


@pytest.fixture
def world() -> World:
    return World()


def test_nothing_due_does_nothing(world: World) -> None:
    world.open()
    world.send_all()
    commits = world.store.commits

    report = world.sweep()

    assert (report.due, report.changed, report.outbox_due) == (0, (), ())
    assert world.store.commits == commits


def test_the_backup_is_paged_at_five_minutes(world: World) -> None:
    (incident,) = world.open()
    world.send_all()
    world.clock.advance(5 * MINUTE)

    report = world.sweep()

    assert report.changed == (incident,)
    paged = [item.target for item in world.store.all_outbox() if item.seq == 4]
    assert "person:engineering-lead" in paged
    assert "person:senior-engineer" in paged


def test_a_second_sweep_of_the_same_minute_changes_nothing(world: World) -> None:
    world.open()
    world.clock.advance(5 * MINUTE)
    world.sweep()
    world.send_all()

    assert world.sweep().changed == ()


def test_a_breach_is_recorded_with_its_due_time_however_late_the_sweep(world: World) -> None:
    (incident,) = world.open()
    world.clock.advance(timedelta(hours=3))

    world.sweep()

    stored = world.store.load(incident)
    assert stored is not None
    assert stored.clocks[ClockName.ACKNOWLEDGE].missed_at == T0 + 15 * MINUTE


def test_unsent_messages_are_named_after_a_minute(world: World) -> None:
    world.open()
    world.clock.advance(MINUTE)

    report = world.sweep()

    assert set(report.outbox_due) == {item.key for item in world.store.all_outbox()}


def test_one_incident_that_fails_keeps_nobody_else_waiting(world: World) -> None:
    incidents = world.open(3)
    broken = incidents[0]
    world.store._snapshots[broken] = "{}"
    world.clock.advance(5 * MINUTE)

    report = world.sweep()

    assert list(report.failed) == [broken]
    assert set(report.changed) == set(incidents[1:])


def test_a_limit_leaves_the_rest_for_the_next_sweep_and_says_so(world: World) -> None:
    world.open(5)
    world.send_all()
    world.clock.advance(5 * MINUTE)

    first = world.sweep(limit=3)
    world.send_all()
    second = world.sweep(limit=3)

    assert first.more
    assert second.due == 2
    assert len(first.changed) + len(second.changed) == 5


def test_two_sweeps_at_once_act_once_on_everything(world: World) -> None:
    incidents = world.open(60)
    world.clock.advance(5 * MINUTE)

    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(lambda _: world.sweep(), range(2)))

    acted = [incident for report in reports for incident in report.changed]
    assert sorted(acted) == sorted(incidents)
    assert all(not report.failed for report in reports)


def test_an_acknowledged_incident_leaves_the_sweep_until_its_silence_ends(world: World) -> None:
    (incident,) = world.open()
    Engine(store=world.store, policies=world.policies, clock=world.clock, ids=world.ids).execute(
        make(Acknowledge, ANA, incident_id=incident, command_id="ack")
    )
    world.send_all()

    world.clock.advance(24 * MINUTE)  # a minute before it is reminded of its first update
    assert world.sweep().due == 0
    world.clock.advance(7 * MINUTE)
    assert world.sweep().changed == (incident,)


def test_a_sweep_that_is_a_day_late_still_pages_each_person_once(world: World) -> None:
    world.open()
    before = len(world.store.all_outbox())
    world.clock.advance(timedelta(days=1))

    world.sweep()

    pages = [item.target for item in world.store.all_outbox()[before:] if str(item.kind) == "page"]
    assert len(pages) == len(set(pages)) == 8


def test_what_nothing_comes_of_stops_neither_clocks_nor_people_nor_neighbours_and_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, other = world.open(2)
    page = elapse._ACTS[Matter.PAGE]

    def nothing(draft: Draft, due: Due) -> None:
        if draft.incident.id != stuck:
            page(draft, due)

    monkeypatch.setitem(elapse._ACTS, Matter.PAGE, nothing)
    world.clock.now = T0 + 16 * MINUTE
    report = world.sweep()
    assert other in report.changed
    known = world.store.load(stuck)
    assert known is not None
    assert known.clocks[ClockName.ACKNOWLEDGE].missed_at is not None
    assert list(report.failed) == [stuck]
    assert "page was due" in report.failed[stuck]
    acknowledged = Engine(
        store=world.store, policies=world.policies, clock=world.clock, ids=world.ids
    ).execute(make(Acknowledge, ANA, incident_id=stuck, command_id="ack"))
    assert acknowledged.entries
