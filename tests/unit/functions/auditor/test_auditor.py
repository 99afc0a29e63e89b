"""The auditor, and what somebody did to the sweep: silence rings within its time.

The alarm is CloudWatch's: three minutes in a row without a heartbeat, no data counting as none.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.fakes.time import START
from tocsin.adapters.incidents.keys import due_sk
from tocsin.adapters.incidents.memory_boards import MemoryAudit
from tocsin.application.incidents.audit import Auditor, is_its_minute
from tocsin.application.incidents.heartbeat import Heartbeat
from tocsin.application.people.contacts import missed
from tocsin.errors import SendFailed, StoreUnavailable
from tocsin.incidents.vocabulary import Role
from tocsin.people.rotation import Override, Rank, Rotation
from tocsin.policy.compiled.policies import PackagedPolicies
from tocsin.ports.runbooks import PolicyVersion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.harness.worlds.world import World
    from tocsin.incidents.model.incident import Incident
    from tocsin.people.ways import Unreachable

PERIODS = 3
"""Of one minute; `tests/infra` holds the template to the same number."""


@dataclass
class Watched:
    """A world with its auditor: every minute a sweep, if it runs, then an audit."""

    world: World
    sweeps: bool = True
    heartbeats: list[datetime] = field(default_factory=list)
    pings: int = 0
    reachable: bool = True

    def __post_init__(self) -> None:
        world = self.world
        auditor = Auditor(
            store=world.store,
            marks=MemoryAudit(world.store),
            policies=world.application.policies,
            clock=world.clock,
            due_second=due_sk,
        )
        self.heartbeat = Heartbeat(
            auditor=auditor,
            clock=world.clock,
            notes=world.watch,
            ping=self._ping,
            read_policy=world.application.policies.current,
        )

    def _ping(self) -> bool:
        self.pings += 1
        return self.reachable

    def audit(self) -> dict[str, Any]:
        report = self.heartbeat.run(has_time=lambda: True)
        if report["clean"]:
            self.heartbeats.append(self.world.clock.now)
        return report

    def minutes(self, count: int) -> list[str]:
        """Lets minutes pass; the problems found meanwhile, each once."""
        found: dict[str, None] = {}
        for _ in range(count):
            self.world.jump(1, sweep=self.sweeps)
            found.update(dict.fromkeys(one["problem"] for one in self.audit()["findings"]))
        return list(found)

    def rings_at(self) -> datetime:
        """When the alarm rings if nothing gets better: after the periods without a heartbeat."""
        return self.heartbeats[-1] + PERIODS * timedelta(minutes=1)


@pytest.fixture
def watched(world: World) -> Watched:
    return Watched(world)


def alarmed(watched: Watched) -> Incident:
    incident = watched.world.alarm()
    assert incident is not None
    assert watched.audit()["clean"]
    return incident


def test_nothing_at_all_is_clean_and_is_told_outside(watched: Watched) -> None:
    assert watched.audit() == {"clean": True, "looked_at": 0, "folded": 0, "findings": []}
    assert watched.pings == 1
    assert watched.world.meter.counts["AuditsClean"] == 1


def test_a_night_of_paging_is_clean_every_minute(watched: Watched) -> None:
    incident = alarmed(watched)
    assert watched.minutes(50) == []
    watched.world.acknowledge(incident, "commander-primary")
    assert watched.minutes(60) == []
    watched.world.inbox.take_all()
    assert len(watched.heartbeats) == 111


def test_i7_a_sweep_that_is_disabled_rings_within_six_minutes_of_the_first_thing_due(
    watched: Watched,
) -> None:
    alarmed(watched)
    watched.sweeps = False
    assert watched.minutes(12) == ["overdue"]
    first_due = START + timedelta(minutes=5)
    assert watched.rings_at() - first_due <= timedelta(minutes=6)
    watched.world.inbox.take_all()


def test_i7_a_due_mark_that_is_lost_rings_although_the_sweep_finds_nothing_wrong(
    watched: Watched,
) -> None:
    incident = alarmed(watched)
    watched.world.store._due.pop(incident.id)
    watched.world.inbox.take_all()
    assert watched.minutes(1) == ["due_mark"]
    assert watched.rings_at() - START <= timedelta(minutes=3)
    assert watched.minutes(8) == ["due_mark", "overdue"]
    assert watched.world.inbox.take_all() == []


def test_a_due_mark_moved_away_rings_too(watched: Watched) -> None:
    incident = alarmed(watched)
    watched.world.store._due[incident.id] += 3600
    assert watched.minutes(1) == ["due_mark"]
    watched.world.inbox.take_all()


def test_i10_a_message_that_does_not_leave_rings_after_its_age(watched: Watched) -> None:
    watched.world.refusals["person:"] = SendFailed("busy")
    assert watched.world.alarm() is not None
    assert watched.audit()["clean"]
    assert watched.minutes(5) == []
    assert watched.minutes(1) == ["unsent"]
    assert watched.rings_at() - START <= timedelta(minutes=8)
    watched.world.refusals.clear()
    watched.minutes(20)
    watched.world.inbox.take_all()
    assert watched.audit()["clean"]


def test_i10_a_message_the_index_forgot_is_found_by_its_incident(watched: Watched) -> None:
    watched.world.stream_runs = False
    incident = alarmed(watched)
    outbox = watched.world.store._outbox
    for key, item in list(outbox.items()):
        outbox[key] = replace(item, due_at=item.due_at + timedelta(days=365))
    watched.world.lose_stream()
    found = watched.minutes(6)
    assert "unsent" in found
    (one, *_) = [each for each in watched.audit()["findings"] if each["problem"] == "unsent"]
    assert one["incident"] == incident.id
    assert "commander-primary" not in one["detail"]
    watched.world.inbox.take_all()


def test_i4_a_snapshot_that_is_not_its_timeline_is_found_within_a_day(watched: Watched) -> None:
    incident = alarmed(watched)
    watched.world.acknowledge(incident, "commander-primary")
    texts = watched.world.store._snapshots
    texts[incident.id] = texts[incident.id].replace("commander-primary", "somebody-else")
    until = next(
        minute
        for minute in range(1, 24 * 60 + 1)
        if is_its_minute(incident.id, START + timedelta(minutes=minute))
    )
    watched.world.jump(until)
    assert "fold" in [one["problem"] for one in watched.audit()["findings"]]
    watched.world.inbox.take_all()


def test_every_incident_has_its_minute_and_closed_ones_are_folded_too(watched: Watched) -> None:
    incident = alarmed(watched)
    status, body, _ = watched.world.request(
        "POST",
        f"/v1/incidents/{incident.id}/close",
        {"resolution": "false_positive", "reason": "a test of the alarm"},
        person="commander-primary",
        group="commander",
    )
    assert status in (200, 202), body
    status, body, _ = watched.world.request(
        "POST",
        f"/v1/incidents/{incident.id}/close",
        {"resolution": "false_positive", "reason": "a test of the alarm"},
        person="engineering-lead",
        group="commander",
    )
    assert (status, body["state"]) == (200, "closed")
    watched.world.inbox.take_all()
    folded = 0
    for _ in range(24 * 60):
        watched.world.clock.advance(timedelta(minutes=1))
        folded += watched.audit()["folded"]
    assert folded == 1


def test_a_timeline_with_a_changed_entry_is_found(watched: Watched) -> None:
    incident = alarmed(watched)
    entries = watched.world.store._entries[incident.id]
    entries[1] = replace(entries[1], content={"text": "nothing happened"})
    watched.world.acknowledge(incident, "commander-primary")
    for _ in range(24 * 60):
        watched.world.clock.advance(timedelta(minutes=1))
        if is_its_minute(incident.id, watched.world.clock.now):
            break
    assert "fold" in [one["problem"] for one in watched.audit()["findings"]]
    watched.world.inbox.take_all()


def test_what_cannot_be_read_sends_no_heartbeat(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(**_: object) -> None:
        raise StoreUnavailable("no answer")

    monkeypatch.setattr(watched.world.store, "board", unavailable)
    with pytest.raises(StoreUnavailable):
        watched.audit()
    assert (watched.heartbeats, watched.pings) == ([], 0)


def test_what_there_was_no_time_for_sends_no_heartbeat(watched: Watched) -> None:
    alarmed(watched)
    pings = watched.pings
    report = watched.heartbeat.run(has_time=lambda: False)
    assert [one["problem"] for one in report["findings"]] == ["unfinished"]
    assert watched.pings == pings
    watched.world.inbox.take_all()


def test_a_monitor_that_is_not_reached_is_logged_and_stops_nothing(watched: Watched) -> None:
    watched.reachable = False
    assert watched.audit()["clean"]
    assert "dead_man.unreached" in [line["message"] for line in watched.world.logged]


def test_who_could_be_missed_is_looked_at_once_an_hour_told_all_the_time_and_stops_no_heartbeat(
    watched: Watched,
) -> None:
    world = watched.world
    looks = []

    def look() -> Sequence[Unreachable]:
        looks.append(world.clock.now)
        return missed(
            PackagedPolicies().current(), world.contacts, world.rotas, now=world.clock.now
        )

    watched.heartbeat = replace(watched.heartbeat, unreachable=look)
    watched.minutes(59)
    assert len(looks) == 1
    assert world.meter.counts["PeopleUnreachable"] == 8 * 59, "an alarm on it holds"
    watched.minutes(1)
    assert len(looks) == 2
    assert len(watched.heartbeats) == 60
    world.reachable()
    watched.minutes(60)
    assert len(looks) == 3
    # It was still so until it was looked at again.
    assert world.meter.counts["PeopleUnreachable"] == 8 * (60 + 59)
    assert "primary" not in world.log.getvalue()


def test_everybody_of_a_rotation_and_an_override_is_looked_at_before_their_turn(
    watched: Watched,
) -> None:
    world, commander = watched.world, Role.INCIDENT_COMMANDER
    now = world.clock.now
    turns = Rotation(
        role=commander,
        zone="Europe/Berlin",
        starts_at=now,
        length_days=7,
        members=("ana", "", "bo"),
        backups=("cy",),
        deputies=("di",),
    )
    cover = Override(
        id="1",
        role=commander,
        rank=Rank.PRIMARY,
        person="eve",
        starts_at=now + timedelta(days=2),
        ends_at=now + timedelta(days=3),
    )
    policy = PackagedPolicies().current()

    def names() -> set[str]:
        found = missed(policy, world.contacts, world.rotas, now=world.clock.now)
        return {each.person for each in found}

    roster = names()
    world.rotas.set_rotation(turns, before=None)
    world.rotas.set_override(cover)
    people = {"ana", "bo", "cy", "di", "eve"}
    assert names() - roster == people
    assert roster - names() == {"commander-primary"}  # nobody asks them any more
    world.reachable("bo", "eve")
    assert names() & people == {"ana", "cy", "di"}
    world.clock.advance(timedelta(days=4))
    world.rotas.set_rotation(replace(turns, members=("ana",)), before=turns)
    assert names() & people == {"ana", "cy", "di"}  # eve's time is over, and bo takes no turns


def test_a_published_runbook_that_cannot_be_read_is_counted_every_minute_and_silences_nothing(
    watched: Watched,
) -> None:
    world = watched.world
    version = PolicyVersion(
        number=1,
        version="acme-1+0123456789ab",
        document=b"nothing",
        sha256="0" * 64,
        published_by="chief",
        published_at=START,
        why="try it",
        previous="",
        changed=(),
        differences=0,
    )
    world.versions.publish(version, None)
    assert watched.minutes(5) == []
    assert world.meter.counts["PoliciesUnread"] == 5
    assert len(watched.heartbeats) == 5


def until_its_minute(watched: Watched, incident: Incident) -> dict[str, Any]:
    """The audit of the minute in which the incident is folded."""
    for _ in range(24 * 60):
        watched.world.clock.advance(timedelta(minutes=1))
        if is_its_minute(incident.id, watched.world.clock.now):
            return watched.audit()
    raise AssertionError("a day has every minute")


def test_a_pointer_to_a_closed_incident_is_found_within_a_day_mended_and_rings(
    watched: Watched,
) -> None:
    world = watched.world
    incident = alarmed(watched)
    for person in ("commander-primary", "engineering-lead"):
        status, body, _ = world.request(
            "POST",
            f"/v1/incidents/{incident.id}/close",
            {"resolution": "false_positive", "reason": "a test of the alarm"},
            person=person,
            group="commander",
        )
        assert status in (200, 202), body
    (key,) = incident.signals
    pointer = world.store.pointer(key)
    assert pointer is not None
    assert not pointer.open
    world.store._pointers[key] = replace(pointer, open=True, reopen_until=None)
    report = until_its_minute(watched, incident)
    assert [one["problem"] for one in report["findings"]] == ["pointer"]
    assert world.meter.counts["AuditFindings"] == 1
    assert world.store.pointer(key) == pointer
    assert until_its_minute(watched, incident)["clean"]
    world.inbox.take_all()


def test_an_incident_whose_tick_is_refused_is_told_apart_and_hides_no_other(
    watched: Watched,
) -> None:
    world = watched.world
    incident = alarmed(watched)
    text = world.store._snapshots[incident.id]
    title = "x" * 400_000
    world.store._snapshots[incident.id] = text.replace(incident.title, title, 1)
    found = watched.minutes(9)
    assert found == ["overdue", "refused"]
    assert watched.rings_at() - START <= timedelta(minutes=11)
    world.store._snapshots[incident.id] = text
    watched.minutes(1)
    assert watched.audit()["clean"]
    world.inbox.take_all()


def test_one_that_cannot_even_be_looked_at_hides_no_other(watched: Watched) -> None:
    world = watched.world
    incident = alarmed(watched)
    text = world.store._snapshots[incident.id]
    world.store._snapshots[incident.id] = text.replace('"acknowledge":{', '"contain":{', 1)
    problems = {one["problem"] for one in watched.audit()["findings"]}
    assert problems == {"refused"}
    world.inbox.take_all()
