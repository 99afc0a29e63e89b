"""One command through load, decide and commit: repeats, races, refusals and what they leave."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.fakes.application import CountingIds, HostileStore, ManualClock, Policies
from tests.harness.worlds.stories import ANA, BO, COMMANDER, local, make
from tocsin.application.incidents.engine import Engine
from tocsin.application.incidents.execute import ATTEMPTS
from tocsin.errors import (
    GroupRequired,
    IdempotencyKeyReused,
    IllegalTransition,
    StaleIfMatch,
    StoreUnavailable,
    UnknownIncident,
    VersionConflict,
)
from tocsin.incidents.commands.base import Command, Tick
from tocsin.incidents.commands.opening import OpenIncident
from tocsin.incidents.commands.record import AddNote
from tocsin.incidents.commands.severity import ChangeSeverity
from tocsin.incidents.events.fold import fold
from tocsin.incidents.timeline.entry import first_broken_link
from tocsin.incidents.vocabulary import Category, ClockName, Severity
from tocsin.policy.compiled.policies import default

if TYPE_CHECKING:
    from tocsin.application.incidents.outcome import Outcome
    from tocsin.ports.incidents import Commit

T0 = local("09-08 10:00")
MINUTE = timedelta(minutes=1)


class World:
    """The ports, and commands through them."""

    def __init__(self) -> None:
        self.store = HostileStore()
        self.policies = Policies()
        self.clock = ManualClock(T0)
        self.ids = CountingIds()

    def run(self, command: Command) -> Outcome:
        return Engine(
            store=self.store, policies=self.policies, clock=self.clock, ids=self.ids
        ).execute(command)

    def opening(self, key: str = "open-1", **changes: Any) -> OpenIncident:
        values: dict[str, Any] = {
            "title": "checkout is down",
            "severity": Severity.CRITICAL,
            "category": Category.PRODUCTION,
            "command_id": key,
            "incident_id": self.ids.incident_id(drill=False),
        }
        return make(OpenIncident, ANA, **(values | changes))

    def opened(self) -> str:
        return self.run(self.opening()).incident.id


@pytest.fixture
def world() -> World:
    return World()


def note(incident: str, key: str = "note-1", text: str = "looking", **changes: Any) -> AddNote:
    return make(AddNote, ANA, incident_id=incident, command_id=key, text=text, **changes)


def test_an_opened_incident_is_stored_with_its_timeline_messages_and_due_time(
    world: World,
) -> None:
    outcome = world.run(world.opening())

    stored = world.store.load(outcome.incident.id)
    assert stored == outcome.incident == fold(world.store.entries(outcome.incident.id))
    assert [entry.type for entry in outcome.entries] == ["opened", "paged"]
    assert world.store.all_outbox() == outcome.outbox
    assert len(outcome.outbox) == 3
    due = world.store.due(at=T0 + 5 * MINUTE, limit=9)
    assert due.incidents == (outcome.incident.id,)


def test_i3_a_repeated_command_changes_nothing(world: World) -> None:
    incident = world.opened()
    first = world.run(note(incident))

    again = world.run(note(incident))

    assert again.repeated
    assert again.entries == ()
    assert again.incident == first.incident == world.store.load(incident)


def test_i3_a_repeated_creation_answers_with_the_first_incident(world: World) -> None:
    first = world.run(world.opening())

    again = world.run(world.opening())

    assert again.repeated
    assert again.incident.id == first.incident.id
    assert len(world.store.board().items) == 1


def test_i3_a_repeat_that_would_be_refused_now_is_still_a_repeat(world: World) -> None:
    incident = world.opened()
    lower = make(
        ChangeSeverity,
        BO,
        groups=COMMANDER,
        incident_id=incident,
        command_id="lower",
        severity=Severity.HIGH,
        reason="fewer users",
        if_match=2,
    )
    world.run(lower)
    world.run(note(incident))

    assert world.run(lower).repeated


def test_i3_a_repeat_after_a_lost_answer_is_recognised(world: World) -> None:
    incident = world.opened()
    world.store.lose_answers = 1
    with pytest.raises(StoreUnavailable):
        world.run(note(incident))

    again = world.run(note(incident))

    assert again.repeated
    assert len(world.store.entries(incident)) == 3


def test_the_same_key_with_another_body_is_refused(world: World) -> None:
    incident = world.opened()
    world.run(note(incident))

    with pytest.raises(IdempotencyKeyReused):
        world.run(note(incident, text="something else"))
    with pytest.raises(IdempotencyKeyReused):
        world.run(world.opening(title="another title"))


def test_another_principal_may_use_the_same_key(world: World) -> None:
    incident = world.opened()
    world.run(note(incident))

    theirs = world.run(replace(note(incident, text="mine"), actor=BO))

    assert not theirs.repeated
    assert len(theirs.entries) == 1


def test_a_lost_race_is_decided_again_on_what_the_winner_left(world: World) -> None:
    incident = world.opened()

    def rival(_commit: Commit) -> None:
        world.run(note(incident, "rival"))

    world.store.before_commit = rival

    outcome = world.run(note(incident, "mine"))

    assert outcome.attempts == 2
    assert [entry.seq for entry in world.store.entries(incident)] == [1, 2, 3, 4]


def test_races_are_lost_a_bounded_number_of_times(world: World) -> None:
    incident = world.opened()
    world.store.conflicts = 10_000
    before = world.store.commits

    with pytest.raises(VersionConflict):
        world.run(note(incident))

    assert world.store.commits - before == ATTEMPTS


def test_ten_responders_with_fifty_notes_each_leave_five_hundred_entries(world: World) -> None:
    incident = world.opened()
    first = len(world.store.entries(incident))

    def write(name: int) -> None:
        for index in range(50):
            if index % 10 == 0:
                world.store.conflicts += 1
            world.run(note(incident, f"{name}-{index}"))

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(write, range(10)))

    timeline = world.store.entries(incident)
    assert len(timeline) == first + 500
    assert [entry.seq for entry in timeline] == list(range(1, first + 501))
    assert first_broken_link(timeline) is None
    assert fold(timeline) == world.store.load(incident)


def test_a_refused_command_changes_nothing(world: World) -> None:
    incident = world.opened()
    before = world.store.load(incident)

    with pytest.raises(GroupRequired):
        world.run(note(incident, groups=frozenset()))
    with pytest.raises(StaleIfMatch):
        world.run(note(incident, if_match=1))
    with pytest.raises(IllegalTransition):
        world.run(replace(world.opening("open-2"), incident_id=incident))

    assert world.store.load(incident) == before


def test_a_command_for_nobody_is_refused(world: World) -> None:
    with pytest.raises(UnknownIncident):
        world.run(note("INC-NOBODY"))


def test_a_command_that_changes_nothing_writes_nothing(world: World) -> None:
    incident = world.opened()
    before = world.store.commits

    outcome = world.run(make(Tick, ANA, incident_id=incident))

    assert outcome.entries == ()
    assert not outcome.repeated
    assert world.store.commits == before


def test_an_incident_is_judged_by_the_policy_it_was_opened_under(world: World) -> None:
    incident = world.opened()
    newer = replace(default(), version="newer")
    world.policies.known.insert(0, newer)

    world.clock.advance(20 * MINUTE)
    outcome = world.run(note(incident))

    assert outcome.incident.policy_version == default().version
    assert world.run(world.opening("open-2")).incident.policy_version == "newer"


def test_time_that_passed_is_recorded_before_the_command(world: World) -> None:
    incident = world.opened()
    world.clock.advance(16 * MINUTE)

    outcome = world.run(note(incident))

    assert [entry.type for entry in outcome.entries] == ["clock_breached", "note_added"]
    missed = outcome.incident.clocks[ClockName.ACKNOWLEDGE].missed_at
    assert missed == T0 + 15 * MINUTE
