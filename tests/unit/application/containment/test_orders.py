"""What crosses between the front door and the function that contains, and what that tells of."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.containing import ANA_IS, INPUTS, LISTED, Containing
from tocsin.application.containment.orders import Done, Order, What, raised, refusal
from tocsin.containment.guards import Rules
from tocsin.containment.rulebook import Edition, Rulebook
from tocsin.containment.runs import LEASE, RunState
from tocsin.errors import (
    ApprovalRequired,
    BadInput,
    Conflict,
    InvalidSettings,
    NotVerifiable,
    TocsinError,
    Unavailable,
)
from tocsin.incidents.timeline.codec import decode_fields, encode_fields
from tocsin.notes import Metric

if TYPE_CHECKING:
    from tocsin.application.containment.office import Office


def ruled(world: Containing) -> Office:
    """The world's own office, with what it has listed as containable."""
    office = world.world.office
    rules = Rules(containable=LISTED)
    at = world.world.wall.wall_now()
    edition = Edition(number=1, rules=rules, proposed_by="bo", agreed_by="cy", at=at, why="all")
    office.book.save(Rulebook(edition=edition, ver=1), edition=edition)
    return office


def sent(office: Office, **wanted: Any) -> Done:
    order = Order(person=ANA_IS.person, groups=ANA_IS.groups, **wanted)
    crossed = json.loads(json.dumps(encode_fields(order)))
    return decode_fields(Done, json.loads(json.dumps(office.answer(crossed))))


def planned(world: Containing, office: Office, action: str = "access-key-off") -> Done:
    return sent(
        office,
        what=What.PLAN,
        incident=world.incident,
        action=action,
        inputs=INPUTS[action],
        reason="it is used by a stranger",
        key="c1",
    )


def test_an_order_is_carried_out_by_the_rules_that_are_kept() -> None:
    world = Containing()
    nobody_ruled = planned(world, world.world.office)
    assert nobody_ruled.refused is not None
    assert nobody_ruled.refused.code == "not_allowed"

    office = ruled(world)
    run = planned(world, office).run
    assert run is not None
    assert run.state is RunState.PLANNED
    done = sent(office, what=What.RUN, incident=world.incident, run=run.id)
    assert done.run is not None
    assert done.run.state is RunState.EXECUTED
    assert office.runs.get(world.incident, run.id) == done.run


def test_a_dry_run_crosses_whole_and_leaves_nothing() -> None:
    world = Containing()
    office = ruled(world)
    done = sent(
        office,
        what=What.PREVIEW,
        incident=world.incident,
        action="access-key-off",
        inputs=INPUTS["access-key-off"],
        reason="it is used by a stranger",
        key="c1",
    )
    assert done.preview == world.desk.dry_run(ANA_IS, world.ask("access-key-off")).preview
    assert office.runs.of(world.incident) == ()


@pytest.mark.parametrize(
    "error",
    [
        BadInput("no key", field="key"),
        Conflict("it has changed", run="run-1"),
        ApprovalRequired("one more", run="run-1", agree="abc"),
        NotVerifiable("open: a password", missing="password"),
        Unavailable("AWS did not answer", tries=3, again=True),
    ],
)
def test_a_refusal_is_the_same_error_on_the_other_side(error: TocsinError) -> None:
    crossed = raised(refusal(error))
    assert type(crossed) is type(error)
    assert (crossed.detail, crossed.context) == (error.detail, error.context)


def test_what_is_wrong_with_us_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Containing()
    office = ruled(world)

    def broken(_incident: str, _run: str) -> None:
        raise InvalidSettings("no table")

    monkeypatch.setattr(office.runs, "get", broken)
    with pytest.raises(InvalidSettings):
        planned(world, office)


def test_what_stands_in_the_way_of_a_sweep_is_told_each_time() -> None:
    world = Containing()
    office = ruled(world)
    run = planned(world, office, "ip-block").run
    assert run is not None
    sent(office, what=What.RUN, incident=world.incident, run=run.id)
    assert office.sweep(has_time=lambda: True) == {"failed": {}}

    world.world.account.denied = True
    world.world.wall.advance(timedelta(hours=4))
    (stuck,) = office.sweep(has_time=lambda: True)["failed"].items()  # type: ignore[union-attr]
    assert stuck[0] == run.id
    assert world.world.meter.counts[Metric.CONTAINMENT_STUCK] == 1


def test_a_sweep_without_time_begins_nothing() -> None:
    world = Containing()
    office = ruled(world)
    run = planned(world, office, "ip-block").run
    assert run is not None
    sent(office, what=What.RUN, incident=world.incident, run=run.id)
    world.world.wall.advance(timedelta(hours=4) + LEASE)
    office.sweep(has_time=lambda: False)
    kept = office.runs.get(world.incident, run.id)
    assert kept is not None
    assert kept.state is RunState.EXECUTED
    office.sweep(has_time=lambda: True)
    kept = office.runs.get(world.incident, run.id)
    assert kept is not None
    assert kept.state is RunState.UNDONE
