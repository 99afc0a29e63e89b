"""A snapshot may fill up; it may not stop an incident from being answered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.harness.worlds.stories import ANA, SWEEP, Story, make
from tocsin.errors import PayloadTooLarge
from tocsin.incidents import limits
from tocsin.incidents.commands.base import Command, Tick
from tocsin.incidents.commands.people import Acknowledge
from tocsin.incidents.commands.record import AddNote, SettleItem
from tocsin.incidents.events.closing import PAST_CYCLES
from tocsin.incidents.events.snapshot import snapshot_of, snapshot_text
from tocsin.incidents.model.incident import Incident, SignalState
from tocsin.incidents.model.parts import (
    Access,
    Action,
    ActionState,
    ChannelKind,
    Check,
    Containment,
    CycleResult,
    Impact,
    Item,
    ItemState,
    Observation,
    Verdict,
    Waiver,
)
from tocsin.incidents.rules.growth import check_growth
from tocsin.incidents.vocabulary import Attainment, Category, ClockName, Role, Severity

PERSON = "p" * limits.PERSON
NAME = "n" * limits.NAME
LINE = "x" * limits.LINE


def fullest() -> Incident:
    """Every bounded part at its bound, every text as long as it may be."""
    story = Story().open("09-08 10:00", Severity.CRITICAL, Category.OPERATIONAL, title=LINE)
    at = story.at("09-08 10:00")
    action = Action(text=LINE, state=ActionState.WITHDRAWN, by=PERSON, at=at)
    seen = Observation(verdict=Verdict.NOT_APPLICABLE, observed_at=at, by=PERSON)
    heard = SignalState(firing=True, since=at, last_at=at, changed_at=at, count=10**6)
    item = Item(state=ItemState.NOT_APPLICABLE, at=at, by=PERSON, late=False)
    waiver = Waiver(asked_by=PERSON, expires_at=at, approved_by=PERSON, noticed_at=at)
    ended = dict.fromkeys(ClockName, Attainment.LATE_ON_RAISE)
    names = (NAME,) * limits.NAMED_IN_IMPACT
    return replace(
        story.incident,
        responders=(PERSON,) * limits.RESPONDERS,
        roles=dict.fromkeys(Role, PERSON),
        signals={
            f"v1:cloudwatch:{n:03d}{'k' * limits.DEDUP_KEY}": heard
            for n in range(limits.KEYS_PER_INCIDENT)
        },
        containment=Containment(
            actions={f"{n:03d}{NAME[3:]}": action for n in range(limits.ACTIONS)},
            observations=dict.fromkeys(Check, seen),
        ),
        waivers={criterion.code: waiver for criterion in story.policy.criteria},
        checklist={each.id: item for each in story.policy.checklist},
        impact=Impact(summary=LINE, endpoints=names, services=names, data_categories=names),
        channels=dict.fromkeys(ChannelKind, LINE),
        access=Access(added=(PERSON,) * limits.ACCESS),
        past=tuple(
            CycleResult(cycle=n, started_at=at, closed_at=at, attainment=ended)
            for n in range(PAST_CYCLES)
        ),
    )


def test_the_fullest_incident_the_bounds_allow_is_still_stored() -> None:
    incident = fullest()

    assert snapshot_of(snapshot_text(incident)) == incident
    assert len(snapshot_text(incident)) > limits.SNAPSHOT_BYTES


def test_a_full_summary_takes_no_more_records() -> None:
    settle = make(SettleItem, ANA, item="open-channel", state=ItemState.DONE)

    with pytest.raises(PayloadTooLarge):
        check_growth(settle, fullest())


@pytest.mark.parametrize(
    "command",
    [make(Tick, SWEEP), make(Acknowledge, ANA), make(AddNote, ANA, text="still here")],
    ids=lambda command: type(command).__name__,
)
def test_a_full_summary_stops_nobody_from_answering(command: Command) -> None:
    check_growth(command, fullest())


def test_an_ordinary_record_is_far_from_the_limit() -> None:
    story = Story().open("09-08 10:00", Severity.CRITICAL, Category.OPERATIONAL)
    story.acknowledge("09-08 10:04")
    story.contain("09-08 11:00")
    story.repair("09-08 12:00")
    story.tell_everybody("09-08 13:00")

    assert len(snapshot_text(story.incident)) < limits.SNAPSHOT_BYTES // 4
