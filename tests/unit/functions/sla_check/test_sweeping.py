"""A sweep goes on while there is more to do, and ends before the next one starts."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.harness.worlds.stories import ANA, make
from tocsin.adapters.incidents.due_queue import body_of, incidents_of
from tocsin.application.heartbeats.keep import Pulse
from tocsin.application.incidents.outcome import SweepReport
from tocsin.application.incidents.sweep import Ticked
from tocsin.application.incidents.sweeper import REDRIVEN_AT_ONCE, ROUNDS, Sweeper
from tocsin.application.releases.tell import Told
from tocsin.application.reports.ringing import Rung
from tocsin.errors import StoreRefused, Unavailable
from tocsin.incidents.commands.opening import OpenIncident
from tocsin.incidents.model.outbox import OutboxKey
from tocsin.incidents.vocabulary import Category, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.harness.worlds.world import World
    from tocsin.ports.incidents import DueQueue
    from tocsin.runtime.wiring.incidents import Application


@dataclass
class Scripted:
    """An application whose sweeps report what they are told."""

    reports: list[SweepReport]
    queues: list[DueQueue | None] = field(default_factory=list)

    def sweep(self, *, limit: int = 200, queue: DueQueue | None = None) -> SweepReport:
        assert limit
        self.queues.append(queue)
        return self.reports.pop(0)

    broken: Exception | None = None

    def stop_drills(self) -> Ticked:
        if self.broken:
            raise self.broken
        return Ticked(changed=(), failed={})

    def listen(self, *, has_time: Callable[[], bool]) -> Pulse:
        assert callable(has_time)
        if self.broken:
            raise self.broken
        return Pulse()

    def ring_reports(self, *, has_time: Callable[[], bool]) -> Rung:
        assert callable(has_time)
        if self.broken:
            raise self.broken
        return Rung()

    def expect_runs(self) -> None:
        return None

    def reporters_waiting(self) -> tuple[str, ...]:
        if self.broken:
            raise self.broken
        return ()

    def tell_releases(self, *, has_time: Callable[[], bool]) -> Told:
        assert callable(has_time)
        if self.broken:
            raise self.broken
        return Told()


class Notifier:
    """Takes redrives and says it sent all of them."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    def __call__(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        self.calls.append(len(payload["redrive"]))
        return {"sent": len(payload["redrive"]), "held": 0, "failed": 0, "unreadable": 0}


def report(
    *, due: int = 0, outbox: int = 0, more: bool = False, failed: dict[str, str] | None = None
) -> SweepReport:
    keys = tuple(OutboxKey(incident="INC-1", sk=f"OUT#{number:08d}") for number in range(outbox))
    return SweepReport(
        due=due,
        changed=tuple(f"INC-{number}" for number in range(due)),
        failed=failed or {},
        outbox_due=keys,
        more=more,
    )


def sweeper(world: World, notifier: Notifier, *reports: SweepReport) -> Sweeper:
    application = cast("Application", Scripted(list(reports)))
    return Sweeper(engine=application, notify=notifier, notes=world.watch, read=incidents_of)


def test_nothing_due_is_one_sweep_and_no_call(world: World) -> None:
    notifier = Notifier()
    answer = sweeper(world, notifier, report()).run(has_time=lambda: True)
    assert answer == {
        "sweeps": 1,
        "due": 0,
        "changed": [],
        "failed": {},
        "handed_on": 0,
        "redriven": {},
        "told": 0,
        "more": False,
    }
    assert notifier.calls == []
    assert world.meter.counts == {}


def test_it_goes_on_while_there_is_more(world: World) -> None:
    reports = [report(due=2, more=True), report(due=2, more=True), report(due=1)]
    answer = sweeper(world, Notifier(), *reports).run(has_time=lambda: True)
    assert (answer["sweeps"], answer["due"], answer["more"]) == (3, 5, False)
    assert len(answer["changed"]) == 5


class Queue:
    """Takes what is handed on, or refuses it."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.taken: list[str] = []
        self.refuses = refuses

    def send(self, incidents: Sequence[str]) -> None:
        if self.refuses:
            raise Unavailable("the queue did not answer")
        self.taken += incidents


def test_the_first_round_alone_hands_on(world: World) -> None:
    scripted, queue = Scripted([report(due=2, more=True), report(due=2)]), Queue()
    application = cast("Application", scripted)
    several = replace(sweeper(world, Notifier()), engine=application, queue=queue)
    several.run(has_time=lambda: True)
    assert scripted.queues == [queue, None]


def test_what_is_beyond_a_round_is_handed_on_and_worked_off_by_the_same_code(
    world: World,
) -> None:
    incidents = [opened(world, number) for number in range(5)]
    world.clock.advance(timedelta(minutes=16))
    queue = Queue()

    swept = world.application.sweep(limit=2, queue=queue)

    assert (swept.due, swept.handed_on) == (2, 3)
    assert {*swept.changed, *queue.taken} == set(incidents)
    messages = [message("m1", *queue.taken[:2]), message("m2", *queue.taken[2:])]
    assert world.sweeper.work_off(messages) == []
    assert world.sweeper.work_off(messages) == [], "a repeat does nothing"
    for incident in incidents:
        types = [entry.type for entry in world.store.entries(incident)]
        assert types.count("clock_breached") == 1
    world.pump()
    world.inbox.take_all()


def test_a_queue_that_refuses_leaves_the_work_to_the_sweep(world: World) -> None:
    incidents = [opened(world, number) for number in range(5)]
    world.clock.advance(timedelta(minutes=16))

    swept = world.application.sweep(limit=2, queue=Queue(refuses=True))

    assert (swept.due, swept.handed_on, swept.more) == (2, 0, True)
    sweeper = replace(world.sweeper, queue=Queue(refuses=True))
    assert sweeper.run(has_time=lambda: True)["more"] is False
    for incident in incidents:
        types = [entry.type for entry in world.store.entries(incident)]
        assert types.count("clock_breached") == 1
    world.pump()
    world.inbox.take_all()


def test_a_message_that_cannot_be_read_or_worked_off_comes_again_alone(world: World) -> None:
    incident = opened(world, 1)
    world.clock.advance(timedelta(minutes=16))
    records = [
        ("garbage", "no json"),
        ("list", '{"incidents": "INC-1"}'),
        message("gone", "INC-NOBODY"),
        message("good", incident),
    ]

    assert set(world.sweeper.work_off(records)) == {"garbage", "list", "gone"}
    assert "clock_breached" in [entry.type for entry in world.store.entries(incident)]
    world.pump()
    world.inbox.take_all()


def opened(world: World, number: int) -> str:
    """A critical incident of which nobody has heard yet."""
    command = make(
        OpenIncident,
        ANA,
        incident_id=f"INC-{number:026d}",
        title="it is down",
        severity=Severity.CRITICAL,
        category=Category.PRODUCTION,
    )
    return world.application.execute(command).incident.id


def message(name: str, *incidents: str) -> tuple[str, str]:
    return name, body_of(incidents)


def test_it_stops_in_time_and_says_that_it_is_behind(world: World) -> None:
    left = [True, True, False]
    reports = [report(due=1, more=True)] * 3
    answer = sweeper(world, Notifier(), *reports).run(has_time=lambda: left.pop(0))
    assert (answer["sweeps"], answer["more"]) == (2, True)
    assert "sweep.behind" in [line["message"] for line in world.logged]


def test_it_never_goes_on_for_ever(world: World) -> None:
    reports = [report(due=1, more=True)] * (ROUNDS + 5)
    answer = sweeper(world, Notifier(), *reports).run(has_time=lambda: True)
    assert answer["sweeps"] == ROUNDS


def test_unsent_messages_go_to_the_notifier_in_parts_between_sweeps(world: World) -> None:
    notifier = Notifier()
    reports = [report(outbox=REDRIVEN_AT_ONCE * 2 + 1, more=True), report(outbox=3)]
    answer = sweeper(world, notifier, *reports).run(has_time=lambda: True)
    assert notifier.calls == [REDRIVEN_AT_ONCE, REDRIVEN_AT_ONCE, 1, 3]
    assert answer["redriven"]["sent"] == REDRIVEN_AT_ONCE * 2 + 4


def test_a_notifier_that_fails_makes_the_sweep_fail(world: World) -> None:
    def broken(_payload: Mapping[str, Any]) -> dict[str, Any]:
        raise Unavailable("a function failed")

    rounds = [report(due=1, outbox=1, more=True), report(due=1, outbox=1)]
    scripted = Scripted(list(rounds))
    application = cast("Application", scripted)
    broken_sweeper = Sweeper(
        engine=application, notify=broken, notes=world.watch, read=incidents_of
    )
    with pytest.raises(Unavailable):
        broken_sweeper.run(has_time=lambda: True)
    assert scripted.reports == [], "clocks do not wait for messages"
    assert world.meter.counts["ItemsDue"] == 2


@pytest.mark.parametrize(
    "error", [Unavailable("no answer"), StoreRefused("a key too long"), ValueError("unreadable")]
)
def test_clocks_are_looked_at_and_told_of_whatever_fails_beside_them(
    world: World, error: Exception
) -> None:
    scripted = Scripted([report(due=2)], broken=error)
    beside = replace(sweeper(world, Notifier()), engine=cast("Application", scripted))
    answer = beside.run(has_time=lambda: True)
    assert (answer["due"], answer["told"]) == (2, 0)
    assert world.meter.counts == {"ItemsDue": 2, "UnexpectedErrors": 5}


def test_an_incident_that_fails_is_logged_counted_and_reported(world: World) -> None:
    failing = report(due=1, failed={"INC-9": "VersionConflict: lost"})
    answer = sweeper(world, Notifier(), failing).run(has_time=lambda: True)
    assert answer["failed"] == {"INC-9": "VersionConflict: lost"}
    assert world.meter.counts["UnexpectedErrors"] == 1
    (line,) = [line for line in world.logged if line["message"] == "record.failed"]
    assert line["incident"] == "INC-9"


def test_the_report_is_json(world: World) -> None:
    answer = sweeper(world, Notifier(), report(due=2, outbox=1)).run(has_time=lambda: True)
    assert json.loads(json.dumps(answer)) == answer
