"""Signals in: one command per key and batch, nothing dropped in silence, races joined."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.harness.fakes.application import CountingIds, HostileStore, ManualClock, Policies
from tests.harness.worlds.stories import local, signal
from tocsin.application.incidents.engine import Engine
from tocsin.application.incidents.receive import SignalsNotReceived
from tocsin.incidents import limits
from tocsin.incidents.vocabulary import Kind, State
from tocsin.ports.signals import Pointer

if TYPE_CHECKING:
    from tocsin.application.incidents.outcome import Outcome
    from tocsin.incidents.model.signals import Signal
    from tocsin.ports.incidents import Commit

T0 = local("09-08 10:00")
MINUTE = timedelta(minutes=1)
KEY = "v1:cloudwatch:api-5xx"


class World:
    def __init__(self) -> None:
        self.store = HostileStore()
        self.policies = Policies()
        self.clock = ManualClock(T0)
        self.ids = CountingIds()

    def receive(self, *signals: Signal) -> list[Outcome]:
        return Engine(
            store=self.store, policies=self.policies, clock=self.clock, ids=self.ids
        ).receive(signals)

    def open_ids(self) -> list[str]:
        return [line.id for line in self.store.board().items]


@pytest.fixture
def world() -> World:
    return World()


def test_a_firing_signal_opens_an_incident_that_owns_its_key(world: World) -> None:
    (outcome,) = world.receive(signal(T0))

    assert outcome.incident.state is State.OPEN
    assert world.store.pointer(KEY) == Pointer(key=KEY, incident=outcome.incident.id, open=True)
    assert outcome.incident.correlation_id == "corr-signal"


def test_i1_more_signals_of_the_key_join_the_open_incident(world: World) -> None:
    world.receive(signal(T0))
    world.clock.advance(MINUTE)

    (outcome,) = world.receive(signal(T0 + MINUTE))

    assert len(world.open_ids()) == 1
    assert [entry.type for entry in outcome.entries] == ["signals_merged"]


def test_a_batch_makes_one_command_per_key(world: World) -> None:
    batch = [signal(T0 + n * MINUTE, name=name) for n in range(3) for name in ("api-5xx", "queue")]

    outcomes = world.receive(*batch)

    assert len(outcomes) == 2
    assert world.store.commits == 2
    assert {outcome.incident.signals.popitem()[1].count for outcome in outcomes} == {3}  # type: ignore[attr-defined]


def test_a_signal_delivered_again_changes_nothing(world: World) -> None:
    world.receive(signal(T0))
    before = world.store.load(world.open_ids()[0])

    assert world.receive(signal(T0)) == []

    assert world.store.load(world.open_ids()[0]) == before


def test_a_signal_twice_in_one_batch_counts_once(world: World) -> None:
    (outcome,) = world.receive(signal(T0), signal(T0))

    assert outcome.incident.signals[KEY].count == 1


def test_a_clear_with_nothing_open_leaves_a_trace_and_opens_nothing(world: World) -> None:
    clear = signal(T0, firing=False)

    assert world.receive(clear) == []

    assert world.open_ids() == []
    assert world.store.unseen([clear]) == ()


def test_a_clear_joins_the_open_incident(world: World) -> None:
    world.receive(signal(T0))

    (outcome,) = world.receive(signal(T0 + MINUTE, firing=False))

    assert not outcome.incident.firing
    assert outcome.incident.open


def test_i1_the_loser_of_a_race_to_open_joins_the_winner(world: World) -> None:
    def rival(_commit: Commit) -> None:
        world.receive(signal(T0, id="rival"))

    world.store.before_commit = rival

    (outcome,) = world.receive(signal(T0, id="mine"))

    assert world.open_ids() == [outcome.incident.id]
    assert outcome.incident.signals[KEY].count == 2
    assert [entry.type for entry in outcome.entries] == ["signals_merged"]


def test_a_real_signal_never_joins_a_drill(world: World) -> None:
    (drill,) = world.receive(signal(T0, drill=True))
    (real,) = world.receive(signal(T0))

    assert drill.incident.kind is Kind.DRILL
    assert drill.incident.id.startswith("DRL-")
    assert real.incident.kind is Kind.REAL
    assert real.incident.id != drill.incident.id


def test_a_key_of_a_closed_incident_opens_a_new_one(world: World) -> None:
    world.store._pointers[KEY] = Pointer(key=KEY, incident="INC-OLD", open=False)

    (outcome,) = world.receive(signal(T0))

    assert outcome.incident.id != "INC-OLD"
    held = world.store.pointer(KEY)
    assert held is not None
    assert held.incident == outcome.incident.id


def test_a_storm_is_taken_in_pieces(world: World) -> None:
    storm = [signal(T0, id=f"s{n}") for n in range(limits.SIGNALS_PER_ENTRY + 7)]

    outcomes = world.receive(*storm)

    assert len(outcomes) == 2
    assert outcomes[-1].incident.signals[KEY].count == len(storm)


def test_i10_what_could_not_be_stored_is_reported_and_the_rest_is_received(world: World) -> None:
    world.store.lose_answers = 1
    lost, kept = signal(T0, name="api-5xx"), signal(T0, name="queue")

    with pytest.raises(SignalsNotReceived) as failure:
        world.receive(lost, kept)

    assert list(failure.value.failed) == [lost.id]
    assert len(failure.value.outcomes) == 1


def test_i10_a_signal_whose_answer_was_lost_is_joined_when_it_is_sent_again(world: World) -> None:
    world.store.lose_answers = 1
    with pytest.raises(SignalsNotReceived):
        world.receive(signal(T0))

    (outcome,) = world.receive(signal(T0))

    assert len(world.open_ids()) == 1
    assert outcome.incident.firing


def test_a_pointer_to_nobody_swallows_no_alarm(world: World) -> None:
    world.store._pointers[KEY] = Pointer(key=KEY, incident="INC-NOBODY", open=True)

    (outcome,) = world.receive(signal(T0))

    assert world.store.pointer(KEY) == Pointer(key=KEY, incident=outcome.incident.id, open=True)


def test_the_source_is_the_actor(world: World) -> None:
    (outcome,) = world.receive(replace(signal(T0), source="cloudwatch"))

    assert {entry.actor_ref for entry in outcome.entries} == {
        "source:cloudwatch",
        "rule:escalation",
    }
