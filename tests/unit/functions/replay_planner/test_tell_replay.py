"""The proof of a replay: kept once, told once, and found again from the incident."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from tocsin.adapters.billing.replay.memory import (
    MemoryRebuildAudit,
    MemoryReplayOutcomes,
    MemoryReplays,
)
from tocsin.adapters.evidence.memory import MemoryArchive
from tocsin.application.billing.replay.tell import ReplayTeller
from tocsin.billing.identity import Identity
from tocsin.billing.replay.cursor import Counts, Cursor, Kind, Stage, Window
from tocsin.errors import StoreUnavailable
from tocsin.incidents.model.content import Stored
from tocsin.ports.billing.replay import Missing, PageNote

if TYPE_CHECKING:
    from tests.harness.worlds.world import World
    from tocsin.application.incidents.outcome import Outcome
    from tocsin.incidents.commands.base import Command

NOW = 1_790_000_000


@dataclass
class Desk:
    """A teller that writes into a world's incident; `down` fails so many commands."""

    world: World
    down: int = 0

    def __post_init__(self) -> None:
        self.store, self.outcomes = MemoryReplays(), MemoryReplayOutcomes()
        self.archive, self.audit = MemoryArchive(), MemoryRebuildAudit()
        self.tell = ReplayTeller(
            store=self.store,
            outcomes=self.outcomes,
            audit=self.audit,
            archive=self.archive,
            execute=self.execute,
        )

    def execute(self, command: Command) -> Outcome:
        if self.down:
            self.down -= 1
            raise StoreUnavailable("no answer")
        return self.world.application.execute(command)

    def incident(self) -> str:
        _, body, _ = self.world.request(
            "POST",
            "/v1/incidents",
            {"title": "nobody can pay", "severity": "low", "category": "operational"},
            person="ana",
        )
        self.world.inbox.take_all()
        return str(body["id"])


def ended(incident: str | None) -> Cursor:
    return Cursor(
        id="RPL-1",
        identity=Identity("stripe", "acct_1", "live"),
        window=Window(NOW - 7_200, NOW - 3_600),
        started_at=NOW,
        started_by="ana",
        incident=incident,
        stage=Stage.COMPLETE,
        passes=2,
        page=2,
        first_pages=1,
        first=Counts(listed=9, present=5, missing=4, inserted=3, arrived=1, calls=2),
        last=Counts(listed=9, present=9, calls=1),
        checksum_before="b",
        checksum_after="a",
        checksum_last="a",
    )


@pytest.fixture
def desk(world: World) -> Desk:
    found = Desk(world)
    missing = Missing("evt_1", NOW - 7_000, "invoice.paid", "ws_1")
    found.store.note("RPL-1", PageNote(0, {"invoice.paid": 9}, (missing,)))
    found.store.note("RPL-1", PageNote(1, {"invoice.paid": 9}))
    found.outcomes.add("RPL-1", {"applied": 1, "stale": 1, "deferred": 1})
    return found


def test_the_incident_points_to_the_kept_report(desk: Desk, world: World) -> None:
    incident = desk.incident()
    assert desk.tell(ended(incident)) == ""

    (entry,) = [e for e in world.store.entries(incident) if e.type == "replay_recorded"]
    said = entry.content
    assert said["counts"] == {
        "listed": 9,
        "duplicate": 6,
        "inserted": 3,
        "unreadable": 0,
        "applied": 1,
        "stale": 1,
        "fetched": 1,
        "second_pass_inserted": 0,
        "missing": 4,
    }
    assert (said["proven"], said["kind"], said["account"]) == (True, "events", "acct_1#live")
    assert said["checksums"] == ["b", "a", "a"]
    kept = said["evidence"]
    assert isinstance(kept, dict)
    report = json.loads(desk.archive.read(Stored(**kept)))  # type: ignore[arg-type]
    assert report["types"] == {"invoice.paid": {"listed": 9, "missing": 1}}
    assert [each["id"] for each in report["missing"]] == ["evt_1"]
    assert (report["unchanged"], report["outcomes"]["stale"], report["fetched"]) == (True, 1, [])
    held = world.store.load(incident)
    assert held is not None
    assert held.replays["stripe#acct_1#live"].proven


def test_it_is_told_once_however_often_a_driver_dies(desk: Desk, world: World) -> None:
    cursor = ended(desk.incident())
    desk.down = 1
    with pytest.raises(StoreUnavailable):
        desk.tell(cursor)
    for _ in range(3):
        desk.outcomes.add("RPL-1", {"applied": 1})  # counts may be later ones by then
        assert desk.tell(cursor) == ""
    entries = world.store.entries(str(cursor.incident))
    assert [entry.type for entry in entries].count("replay_recorded") == 1


@pytest.mark.parametrize(
    ("stage", "why"), [(Stage.STALLED, "HTTP 503"), (Stage.CANCELLED, "ana: wrong window")]
)
def test_one_that_stops_early_is_on_the_record_with_what_it_had_counted(
    desk: Desk, world: World, stage: Stage, why: str
) -> None:
    incident = desk.incident()
    stopped = replace(ended(incident), stage=stage, problem=why, stalls=1, passes=0)
    assert (desk.tell(stopped), desk.tell(stopped)) == ("", "")

    (entry,) = [e for e in world.store.entries(incident) if e.type == "replay_recorded"]
    said = entry.content
    assert (said["standing"], said["why"], said["proven"]) == (stage.value, why, False)
    assert isinstance(said["counts"], dict)
    assert (said["counts"]["listed"], said["counts"]["inserted"]) == (9, 3)
    (kept,) = desk.archive.contents.values()
    assert (json.loads(kept)["stage"], json.loads(kept)["problem"]) == (stage.value, why)

    assert desk.tell(replace(ended(incident), stalls=1)) == ""
    held = world.store.load(incident)
    assert held is not None
    assert held.replays["stripe#acct_1#live"].proven, "it went on, and the newest counts"


def test_each_time_it_stalls_is_an_entry_of_its_own(desk: Desk, world: World) -> None:
    incident = desk.incident()
    for stalls in (1, 2):
        desk.tell(replace(ended(incident), stage=Stage.STALLED, problem="HTTP 503", stalls=stalls))
    entries = [e for e in world.store.entries(incident) if e.type == "replay_recorded"]
    assert len(entries) == 2


def test_without_an_incident_nothing_is_kept_and_an_unknown_one_is_said(desk: Desk) -> None:
    assert desk.tell(ended(None)) == ""
    assert desk.archive.contents == {}
    problem = desk.tell(ended("INC-none"))
    assert problem.startswith("not on the record of INC-none: ")


def test_a_rebuild_tells_what_it_fetched_and_what_stays_lost(desk: Desk, world: World) -> None:
    incident = desk.incident()
    desk.audit.begin("RPL-1", "sub_1", before=None, at=NOW)
    desk.audit.end("RPL-1", "sub_1", after={"ver": 1}, outcome="fetched", at=NOW + 1)
    cursor = replace(
        ended(incident),
        kind=Kind.OBJECTS,
        first=Counts(listed=3, present=2, missing=1, fetched=1, changed=1, calls=5),
        lost={"invoice.paid": (4, 1)},
        steps={"dashboard-replay": ("bo", NOW)},
    )
    assert desk.tell(cursor) == ""
    (kept,) = desk.archive.contents.values()
    report = json.loads(kept)
    assert report["fetched"][0] | {"begun_at": 0} == {
        "object": "sub_1",
        "via": "fetched",
        "before": None,
        "after": {"ver": 1},
        "outcome": "fetched",
        "begun_at": 0,
        "ended_at": NOW + 1,
    }
    lost = {each["kind"]: each["lost"] for each in report["lost"]}
    assert (lost["invoice.paid"], lost["subscription.paused"]) == (3, None)
    assert report["steps"] == {"dashboard-replay": ["bo", NOW]}
    held = world.store.load(incident)
    assert held is not None
    assert held.replays["stripe#acct_1#live"].fetched == 2, "asked by it, and by the projector"
