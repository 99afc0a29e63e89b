"""A sweep goes on while there is more to do, and ends before the next one starts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import pytest

from functions.sla_check.rounds import REDRIVEN_AT_ONCE, ROUNDS, Sweeper
from tocsin.application.outcome import SweepReport
from tocsin.errors import Unavailable
from tocsin.incidents.outbox import OutboxKey

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.harness.world import World
    from tocsin.runtime.application import Application


@dataclass
class Scripted:
    """An application whose sweeps report what they are told."""

    reports: list[SweepReport]

    def sweep(self, *, limit: int = 200) -> SweepReport:
        assert limit
        return self.reports.pop(0)


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
    return Sweeper(application=application, notify=notifier, watch=world.watch)


def test_nothing_due_is_one_sweep_and_no_call(world: World) -> None:
    notifier = Notifier()
    answer = sweeper(world, notifier, report()).run(has_time=lambda: True)
    assert answer == {
        "sweeps": 1,
        "due": 0,
        "changed": [],
        "failed": {},
        "redriven": {},
        "more": False,
    }
    assert notifier.calls == []
    assert world.meter.counts == {"Sweeps": 1, "ItemsDue": 0}


def test_it_goes_on_while_there_is_more(world: World) -> None:
    reports = [report(due=2, more=True), report(due=2, more=True), report(due=1)]
    answer = sweeper(world, Notifier(), *reports).run(has_time=lambda: True)
    assert (answer["sweeps"], answer["due"], answer["more"]) == (3, 5, False)
    assert len(answer["changed"]) == 5


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

    application = cast("Application", Scripted([report(outbox=1)]))
    broken_sweeper = Sweeper(application=application, notify=broken, watch=world.watch)
    with pytest.raises(Unavailable):
        broken_sweeper.run(has_time=lambda: True)


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
