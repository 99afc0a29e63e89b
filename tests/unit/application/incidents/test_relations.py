"""One incident that is two, and two that are one: nothing is lost on the way, and twice is once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.fakes.application import CountingIds, HostileStore, ManualClock, Policies
from tests.harness.worlds.stories import ANA, BO, CY, RESPONDER, VIEWER, Story, local, make, signal
from tocsin.application.incidents.engine import Engine
from tocsin.errors import (
    BadInput,
    GroupRequired,
    IdempotencyKeyReused,
    IllegalTransition,
    SecondPersonRequired,
    StoreUnavailable,
    UnknownIncident,
)
from tocsin.incidents.commands import relations as k
from tocsin.incidents.commands.access import Restrict
from tocsin.incidents.commands.closing import AbsorbDuplicate
from tocsin.incidents.commands.record import AddLink, CorrectBeginning
from tocsin.incidents.events.fold import fold
from tocsin.incidents.model.parts import LinkPurpose
from tocsin.incidents.vocabulary import ClockName, Kind, Resolution, Severity

if TYPE_CHECKING:
    from tocsin.application.incidents.outcome import Outcome
    from tocsin.incidents.model.incident import Incident

T0 = local("09-08 10:00")
HOUR = timedelta(hours=1)
API, QUEUE = "v1:cloudwatch:api-5xx", "v1:cloudwatch:queue-age"


class World:
    def __init__(self) -> None:
        self.store = HostileStore()
        self.clock = ManualClock(T0)
        self.ports: dict[str, Any] = {
            "store": self.store,
            "policies": Policies(),
            "clock": self.clock,
            "ids": CountingIds(),
        }

    def signal(self, name: str, **changes: Any) -> Incident:
        (outcome,) = Engine(**self.ports).receive([signal(self.clock.now, name=name, **changes)])
        return outcome.incident

    def both(self) -> Incident:
        """One incident with the keys of two alarms."""
        first, second = self.signal("api-5xx"), self.signal("queue-age")
        self.merge(first.id, second.id, BO)
        self.merge(first.id, second.id, CY)
        return self.load(first.id)

    def load(self, incident: str) -> Incident:
        found = self.store.load(incident)
        assert found is not None
        assert fold(self.store.entries(incident)) == found
        return found

    def split(self, incident: str, **fields: Any) -> Outcome:
        values: dict[str, Any] = {
            "command_id": "split-1",
            "title": "the queue",
            "reason": "another cause",
            "keys": (QUEUE,),
            "groups": RESPONDER,
        }
        return Engine(**self.ports).execute(
            make(k.Split, ANA, incident_id=incident, **(values | fields))
        )

    def merge(self, into: str, other: str, who: Any = BO, **fields: Any) -> Outcome:
        wish = make(
            k.Merge,
            who,
            incident_id=into,
            other=other,
            reason="one cause",
            command_id=f"merge-{who.id}",
            **fields,
        )
        return Engine(**self.ports).execute(wish)


@pytest.fixture
def world() -> World:
    return World()


class TestSplit:
    def test_the_part_has_the_keys_and_the_t0_of_the_whole(self, world: World) -> None:
        whole = world.both()
        world.clock.advance(HOUR)

        part = world.load(world.split(whole.id, severity=Severity.MEDIUM).incident.id)

        assert part.opened_at == T0
        assert part.clocks[ClockName.CONTAIN].started_at == T0
        assert (part.title, part.severity, part.kind) == ("the queue", Severity.MEDIUM, Kind.REAL)
        assert set(part.signals) == {QUEUE}
        assert part.signals[QUEUE].firing
        assert set(world.load(whole.id).signals) == {API}
        opening = world.store.entries(part.id)[0]
        assert opening.content["previous"] == whole.id

    def test_the_next_signal_of_a_key_goes_to_the_part(self, world: World) -> None:
        whole = world.both()
        part = world.split(whole.id).incident.id
        world.clock.advance(HOUR)
        assert world.signal("queue-age").id == part
        assert world.signal("api-5xx").id == whole.id

    def test_it_may_take_no_key_at_all(self, world: World) -> None:
        whole = world.signal("api-5xx")
        part = world.split(whole.id, keys=()).incident
        assert world.load(part.id).signals == {}
        assert set(world.load(whole.id).signals) == {API}

    def test_i3_twice_is_once(self, world: World) -> None:
        whole = world.both()
        first = world.split(whole.id)
        before = [world.load(whole.id), world.load(first.incident.id)]
        again = world.split(whole.id)
        assert again.repeated
        assert again.incident.id == first.incident.id
        assert [world.load(whole.id), world.load(first.incident.id)] == before
        assert len(world.store.board(limit=99).items) == 2
        with pytest.raises(IdempotencyKeyReused):
            world.split(whole.id, keys=(API,))

    def test_it_is_one_write_and_a_lost_answer_is_found_again(self, world: World) -> None:
        whole = world.both()
        before = world.store.commits
        world.store.lose_answers = 1
        with pytest.raises(StoreUnavailable):
            world.split(whole.id)
        assert world.store.commits == before + 1

        part = world.load(world.split(whole.id).incident.id)

        assert set(part.signals) == {QUEUE}
        assert part.signals[QUEUE].firing
        assert len(world.store.board(limit=99).items) == 2

    def test_what_is_refused_opens_nothing(self, world: World) -> None:
        whole = world.signal("api-5xx")
        refusals: list[tuple[type[Exception], dict[str, Any]]] = [
            (BadInput, {"keys": (QUEUE,)}),
            (GroupRequired, {"keys": (), "groups": VIEWER}),
            (BadInput, {"keys": (), "command_id": ""}),
        ]
        for error, fields in refusals:
            with pytest.raises(error):
                world.split(whole.id, **fields)
        with pytest.raises(UnknownIncident):
            world.split("INC-NOBODY")
        assert len(world.store.board(limit=99).items) == 1

    def test_part_of_a_restricted_one_is_restricted(self, world: World) -> None:
        whole = world.signal("api-5xx")
        hide = make(
            Restrict,
            BO,
            incident_id=whole.id,
            command_id="hide",
            reason="who knows",
            groups=frozenset({"security"}),
        )
        Engine(**world.ports).execute(hide)
        assert world.split(whole.id, keys=()).incident.restricted


class TestMerge:
    def test_the_other_is_closed_as_a_duplicate_by_two_people(self, world: World) -> None:
        first, second = world.signal("api-5xx"), world.signal("queue-age")
        world.merge(first.id, second.id, BO)
        assert world.load(second.id).open
        with pytest.raises(SecondPersonRequired):
            Engine(**world.ports).execute(
                make(
                    k.Merge,
                    BO,
                    incident_id=first.id,
                    other=second.id,
                    reason="again",
                    command_id="merge-again",
                )
            )

        survivor = world.merge(first.id, second.id, CY).incident

        closed = world.load(second.id)
        assert (closed.resolution, closed.duplicate_of) == (Resolution.DUPLICATE, first.id)
        assert survivor.id == first.id
        assert set(survivor.signals) == {API, QUEUE}

    def test_evidence_and_the_earlier_beginning_move_along(self, world: World) -> None:
        first, second = world.signal("api-5xx"), world.signal("queue-age")
        for number, purpose in enumerate((LinkPurpose.EVIDENCE, LinkPurpose.FIX)):
            link = make(
                AddLink,
                ANA,
                incident_id=second.id,
                command_id=f"link-{number}",
                purpose=purpose,
                url=f"https://example.com/{purpose}",
                title=str(purpose),
            )
            Engine(**world.ports).execute(link)
        begun = make(
            CorrectBeginning,
            ANA,
            incident_id=second.id,
            command_id="begun",
            began_at=T0 - HOUR,
            reason="the logs say so",
        )
        Engine(**world.ports).execute(begun)
        for who in (BO, CY):
            world.merge(first.id, second.id, who)

        survivor = world.load(first.id)

        assert survivor.began_at == T0 - HOUR
        assert survivor.counts["links_evidence"] == 1
        (absorbed,) = [
            entry for entry in world.store.entries(first.id) if entry.type == "duplicate_absorbed"
        ]
        assert absorbed.content["evidence"] == [
            {"url": "https://example.com/evidence", "title": "evidence"}
        ]

    def test_into_a_closed_or_unknown_one_is_refused(self, world: World) -> None:
        first, gone = world.signal("api-5xx"), world.signal("queue-age")
        for who in (BO, CY):
            world.merge(first.id, gone.id, who)
        with pytest.raises(IllegalTransition):
            world.merge(gone.id, first.id)
        with pytest.raises(UnknownIncident):
            world.merge("INC-NOBODY", first.id)

    def test_a_firing_duplicate_stops_the_window_of_a_fixed_one(self) -> None:
        story = Story().open("09-08 10:00", Severity.HIGH)
        story.contain("09-08 11:00")
        story.repair("09-08 12:00")
        assert story.incident.window is not None
        loud = {"duplicate": "INC-2", "began_at": None, "keys": (API,), "firing": (API,)}
        story.do("09-08 13:00", make(AbsorbDuplicate, BO, **loud))
        assert story.incident.window is None
