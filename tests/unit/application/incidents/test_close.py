"""Closing through the application: a chain that is really verified, and duplicates in two steps."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.harness.fakes.application import CountingIds, HostileStore, ManualClock, Policies
from tests.harness.worlds.stories import ANA, BO, EVERYTHING, Story, local, make, signal
from tocsin.application.incidents.close import verified_head
from tocsin.application.incidents.engine import Engine
from tocsin.errors import GateUnmet, IllegalTransition, StoreUnavailable, UnknownIncident
from tocsin.incidents.commands.closing import Close, Reopen
from tocsin.incidents.commands.record import AddNote
from tocsin.incidents.commands.severity import ChangeSeverity
from tocsin.incidents.vocabulary import Resolution, Severity
from tocsin.ports.incidents import Commit
from tocsin.ports.signals import Pointer

T0 = local("09-08 10:00")
MINUTE = timedelta(minutes=1)
KEY = "v1:cloudwatch:api-5xx"


class World:
    def __init__(self) -> None:
        self.store = HostileStore()
        self.ports: dict[str, Any] = {
            "store": self.store,
            "policies": Policies(),
            "clock": ManualClock(T0),
            "ids": CountingIds(),
        }

    @property
    def clock(self) -> ManualClock:
        clock = self.ports["clock"]
        assert isinstance(clock, ManualClock)
        return clock

    def signal(self, name: str = "queue-age", **changes: Any) -> str:
        (outcome,) = Engine(**self.ports).receive([signal(self.clock.now, name=name, **changes)])
        return outcome.incident.id

    def low(self, name: str) -> str:
        """An open low incident that owns the key of an alarm."""
        incident = self.signal(name)
        lower = make(
            ChangeSeverity,
            BO,
            groups=EVERYTHING,
            incident_id=incident,
            severity=Severity.LOW,
            reason="nobody is affected",
        )
        Engine(**self.ports).execute(lower)
        return incident

    def close(self, incident: str, resolution: Resolution, **fields: Any) -> Any:
        values: dict[str, Any] = {
            "command_id": f"close-{incident}",
            "groups": EVERYTHING,
            "reason": "looked at it",
            "incident_id": incident,
            "resolution": resolution,
        }
        return Engine(**self.ports).execute(make(Close, BO, **(values | fields)))


@pytest.fixture
def world() -> World:
    return World()


def stored(story: Story, store: HostileStore) -> str:
    """Puts a whole story into the store, in one write."""
    store.commit(Commit(expected_version=0, incident=story.incident, entries=tuple(story.entries)))
    return story.incident.id


def ready() -> Story:
    story = Story().open("09-08 10:00", Severity.HIGH)
    story.acknowledge("09-08 10:02", BO)
    story.contain("09-08 10:06")
    story.repair("09-08 10:30")
    story.tell_everybody("09-08 12:00")
    return story


def test_a_met_gate_with_a_chain_that_verifies_closes(world: World) -> None:
    incident = stored(ready(), world.store)
    world.clock.now = local("09-10 12:00")

    outcome = world.close(incident, Resolution.RESOLVED)

    assert not outcome.incident.open
    assert world.store.board().items == ()


def test_i6_a_timeline_somebody_changed_keeps_it_open(world: World) -> None:
    incident = stored(ready(), world.store)
    timeline = world.store._entries[incident]
    timeline[3] = replace(timeline[3], content={**timeline[3].content, "text": "something else"})
    world.clock.now = local("09-10 12:00")

    with pytest.raises(GateUnmet) as refused:
        world.close(incident, Resolution.RESOLVED)

    assert refused.value.context["unmet"] == "timeline_intact"


def test_i6_a_timeline_with_its_tail_cut_off_keeps_it_open(world: World) -> None:
    incident = stored(ready(), world.store)
    world.store._entries[incident].pop()

    assert verified_head(incident, world.store) is None


def test_i6_a_head_a_caller_claims_is_not_believed(world: World) -> None:
    incident = stored(ready(), world.store)
    world.store._entries[incident].pop()
    loaded = world.store.load(incident)
    assert loaded is not None
    world.clock.now = local("09-10 12:00")

    with pytest.raises(GateUnmet):
        world.close(incident, Resolution.RESOLVED, verified_head=loaded.head)


def test_somebody_who_writes_meanwhile_only_makes_it_verify_again(world: World) -> None:
    incident = stored(ready(), world.store)
    world.clock.now = local("09-10 12:00")

    def rival(_commit: Commit) -> None:
        Engine(**world.ports).execute(make(AddNote, ANA, incident_id=incident, text="wait"))

    world.store.before_commit = rival

    assert not world.close(incident, Resolution.RESOLVED).incident.open


def test_i3_closing_again_is_a_repeat(world: World) -> None:
    incident = stored(ready(), world.store)
    world.clock.now = local("09-10 12:00")
    world.close(incident, Resolution.RESOLVED)

    assert world.close(incident, Resolution.RESOLVED).repeated


class TestDuplicates:
    def test_its_signals_and_beginning_move_to_the_target(self, world: World) -> None:
        early = world.low("queue-age")
        world.clock.advance(5 * MINUTE)
        target = world.low("api-5xx")

        world.close(early, Resolution.DUPLICATE, duplicate_of=target)

        kept = world.store.load(target)
        assert kept is not None
        assert kept.began_at == T0
        assert set(kept.signals) == {KEY, "v1:cloudwatch:queue-age"}

    def test_i1_its_key_belongs_to_the_target_from_the_same_write(self, world: World) -> None:
        source, target = world.low("queue-age"), world.low("api-5xx")
        key = "v1:cloudwatch:queue-age"

        world.close(source, Resolution.DUPLICATE, duplicate_of=target)

        assert world.store.pointer(key) == Pointer(key=key, incident=target, open=True)
        world.clock.advance(MINUTE)
        assert world.signal("queue-age") == target

    def test_a_lost_second_step_is_carried_out_by_the_repeat(self, world: World) -> None:
        source, target = world.low("queue-age"), world.low("api-5xx")
        world.store.lose_answers = 1
        with pytest.raises(StoreUnavailable):
            world.close(source, Resolution.DUPLICATE, duplicate_of=target)
        held = world.store.pointer("v1:cloudwatch:queue-age")
        assert held is not None
        assert (held.incident, held.open) == (target, True)

        assert world.close(source, Resolution.DUPLICATE, duplicate_of=target).repeated

        kept = world.store.load(target)
        assert kept is not None
        assert "v1:cloudwatch:queue-age" in kept.signals

    def test_the_target_has_to_exist_and_be_open(self, world: World) -> None:
        source, target = world.low("queue-age"), world.low("api-5xx")
        with pytest.raises(UnknownIncident):
            world.close(source, Resolution.DUPLICATE, duplicate_of="INC-NOBODY")
        world.close(target, Resolution.FALSE_POSITIVE)

        with pytest.raises(IllegalTransition):
            world.close(source, Resolution.DUPLICATE, duplicate_of=target)


class TestReopening:
    def test_a_closed_key_remembers_until_when_it_reopens(self, world: World) -> None:
        incident = world.low("api-5xx")

        world.close(incident, Resolution.FALSE_POSITIVE)

        assert world.store.pointer(KEY) == Pointer(
            key=KEY, incident=incident, open=False, reopen_until=T0 + timedelta(days=7)
        )

    def test_a_signal_within_seven_days_reopens_the_incident(self, world: World) -> None:
        incident = world.low("api-5xx")
        world.close(incident, Resolution.FALSE_POSITIVE)
        world.clock.advance(timedelta(days=7))

        assert world.signal("api-5xx") == incident

        pointer = world.store.pointer(KEY)
        assert pointer is not None
        assert pointer.open
        reopened = world.store.load(incident)
        assert reopened is not None
        assert reopened.cycle == 2

    def test_a_signal_later_opens_a_new_one_linked_to_the_old(self, world: World) -> None:
        incident = world.low("api-5xx")
        world.close(incident, Resolution.FALSE_POSITIVE)
        world.clock.advance(timedelta(days=7) + MINUTE)

        new = world.signal("api-5xx")

        assert new != incident
        assert world.store.entries(new)[0].content["previous"] == incident

    def test_a_clear_after_closing_reopens_nothing(self, world: World) -> None:
        incident = world.low("api-5xx")
        world.close(incident, Resolution.FALSE_POSITIVE)
        world.clock.advance(MINUTE)

        (heard,) = Engine(**world.ports).receive([signal(world.clock.now, firing=False)])
        assert not heard.incident.open
        assert [entry.type for entry in heard.entries] == ["clears_heard"]

    def test_a_person_reopens_and_the_key_is_open_again(self, world: World) -> None:
        incident = world.low("api-5xx")
        world.close(incident, Resolution.FALSE_POSITIVE)

        Engine(**world.ports).execute(make(Reopen, ANA, incident_id=incident, reason="it was real"))

        pointer = world.store.pointer(KEY)
        assert pointer is not None
        assert pointer.open
