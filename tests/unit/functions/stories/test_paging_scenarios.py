"""Nights on call, told minute by minute: who is reached when, and that nobody else is.

Each story compares the whole inbox: time on a New York clock, channel, person and subject of
every message. One that is missing, late, doubled or sent to somebody else fails it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING

from tests.harness.worlds.inbox import NEW_YORK
from tests.harness.worlds.stories import local
from tests.harness.worlds.world import World, a_world
from tocsin.errors import SendFailed, StoreUnavailable
from tocsin.incidents.vocabulary import Role, WayKind
from tocsin.people.rotation import Override, Rank, Rotation

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

    from tocsin.incidents.model.incident import Incident

COMMANDER, MITIGATION = Role.INCIDENT_COMMANDER, Role.MITIGATION_OWNER
LEAD = "engineering-lead"
PRIMARY = ("commander-primary", "mitigation-primary")
BACKUP = (LEAD, "senior-engineer")
EVERYBODY = (
    *PRIMARY,
    "communications-primary",
    "security-primary",
    *BACKUP,
    "product-manager",
    "security-reviewer",
)


def received(world: World) -> list[str]:
    """Everything that arrived since the last look, in words.

    The incident's id is left out, and as what and how often its reader is asked.
    """
    return sorted(
        f"{one.at.astimezone(NEW_YORK):%H:%M} {one.channel} {one.to}: "
        + re.sub(r"(INC|DRL)-\w+ ((BACKUP|LEAD|ALL|\d+x)(, |: ))*", "", one.message.subject)
        for one in world.inbox.take_all()
    )


def paged(
    at: str,
    people: Iterable[str],
    by: str,
    what: str = "CRITICAL] api-outage",
    *,
    channel: str = "page",
    late: bool = False,
) -> list[str]:
    until = f"OVERDUE since {by}" if late else f"ACK by {by}"
    return [f"{at} {channel} {person}: [{what} - {until}" for person in people]


def opened(at: str, what: str = "CRITICAL] api-outage") -> list[str]:
    return [f"{at} stakeholders audience:stakeholders: [{what} - opened"]


def expect(world: World, *messages: list[str]) -> None:
    assert "\n".join(received(world)) == "\n".join(sorted(chain.from_iterable(messages)))


def alarmed(world: World, name: str = "api-outage") -> Incident:
    incident = world.alarm(name)
    assert incident is not None
    return incident


def turns(world: World, role: Role, *members: str, starts: str, days: int = 1) -> Rotation:
    made = Rotation(
        role=role,
        zone="America/New_York",
        starts_at=local(starts),
        length_days=days,
        members=members,
    )
    world.rotas.set_rotation(made, before=None)
    return made


def covers(world: World, role: Role, person: str, start: str, end: str) -> None:
    world.rotas.set_override(
        Override(
            id=person,
            role=role,
            rank=Rank.PRIMARY,
            person=person,
            starts_at=local(start),
            ends_at=local(end),
        )
    )


def test_a_late_sweep_pages_once_and_the_ladder_goes_on_where_it_would_be(world: World) -> None:
    alarmed(world)
    world.jump(12)
    expect(
        world,
        paged("10:00", PRIMARY, "10:15 EDT"),
        opened("10:00"),
        paged("10:12", (*PRIMARY, *BACKUP), "10:15 EDT"),
    )
    world.advance(3)
    expect(world, paged("10:15", EVERYBODY, "10:15 EDT", late=True))


def test_the_primary_is_silent_and_the_backup_has_it(world: World) -> None:
    incident = alarmed(world)
    world.advance(6)
    world.acknowledge(incident, "senior-engineer")
    world.advance(20)
    expect(
        world,
        paged("10:00", PRIMARY, "10:15 EDT"),
        opened("10:00"),
        paged("10:05", (*PRIMARY, *BACKUP), "10:15 EDT"),
    )


def test_both_are_silent_and_everybody_is_asked_until_somebody_answers(world: World) -> None:
    incident = alarmed(world)
    world.advance(47)
    world.acknowledge(incident, "product-manager")
    world.advance(29)
    again = [f"10:{minute}" for minute in (15, 20, 25, 30, 35, 40, 45)]
    expect(
        world,
        paged("10:00", PRIMARY, "10:15 EDT"),
        opened("10:00"),
        paged("10:05", (*PRIMARY, *BACKUP), "10:15 EDT"),
        paged("10:10", (*PRIMARY, *BACKUP), "10:15 EDT"),
        *(paged(at, EVERYBODY, "10:15 EDT", late=True) for at in again),
    )


def test_a_hand_over_at_night_moves_the_next_page_to_who_is_on_call_then() -> None:
    with a_world(local("2026-09-09 02:57")) as world:
        turns(world, COMMANDER, "ana", "bo", starts="2026-09-07 03:00")
        turns(world, MITIGATION, "cy", "di", starts="2026-09-07 03:00")
        alarmed(world)
        world.advance(6)
        expect(
            world,
            paged("02:57", ("bo", "di"), "03:12 EDT"),
            opened("02:57"),
            paged("03:02", ("ana", "cy", "bo", "di"), "03:12 EDT"),
        )


def test_an_override_that_ends_during_the_incident_is_over_for_the_next_page(world: World) -> None:
    covers(world, COMMANDER, "eve", "2026-09-08 09:00", "2026-09-08 10:07")
    incident = alarmed(world)
    world.advance(11)
    world.acknowledge(incident, "commander-primary")
    expect(
        world,
        paged("10:00", ("eve", "mitigation-primary"), "10:15 EDT"),
        opened("10:00"),
        paged("10:05", ("eve", "mitigation-primary", *BACKUP), "10:15 EDT"),
        paged("10:10", (*PRIMARY, *BACKUP), "10:15 EDT"),
    )


def test_an_override_made_during_the_incident_counts_from_the_next_page(world: World) -> None:
    alarmed(world)
    world.advance(3)
    covers(world, COMMANDER, "eve", "2026-09-08 10:03", "2026-09-08 12:00")
    world.advance(3)
    expect(
        world,
        paged("10:00", PRIMARY, "10:15 EDT"),
        opened("10:00"),
        paged("10:05", ("eve", "mitigation-primary", *BACKUP), "10:15 EDT"),
    )


def test_two_incidents_at_once_are_asked_for_and_answered_apart(world: World) -> None:
    first = alarmed(world)
    world.jump(1)
    alarmed(world, "db-outage")
    world.jump(1)
    world.acknowledge(first, "commander-primary")
    world.advance(5)
    other = "CRITICAL] db-outage"
    expect(
        world,
        paged("10:00", PRIMARY, "10:15 EDT"),
        opened("10:00"),
        paged("10:01", PRIMARY, "10:16 EDT", other),
        opened("10:01", other),
        paged("10:06", (*PRIMARY, *BACKUP), "10:16 EDT", other),
    )


def test_on_a_holiday_a_critical_pages_and_a_medium_waits_for_working_hours() -> None:
    with a_world(local("2026-09-07 11:00")) as world:  # Labor Day
        alarmed(world)
        medium = alarmed(world, "webhook-backlog")
        expect(
            world,
            paged("11:00", PRIMARY, "11:15 EDT"),
            opened("11:00"),
            paged("11:00", PRIMARY, "Tue 8 Sep 18:00 EDT", "MEDIUM] webhook-backlog"),
            opened("11:00", "MEDIUM] webhook-backlog"),
        )
        mailed = {
            one.message.attributes["urgency"]
            for one in world.inbox.all
            if "MEDIUM" in one.message.subject
        }
        assert mailed == {"mail"}
        world.acknowledge(_critical(world, medium), "commander-primary")
        world.jump(60 * 24)
        world.inbox.take_all()
        world.jump(7 * 60 + 1)
        late = [one for one in world.inbox.take_all() if "webhook-backlog" in one.message.subject]
        assert {one.to for one in late} == set(BACKUP)
        assert {one.message.attributes["urgency"] for one in late} == {"mail"}


def _critical(world: World, other: Incident) -> Incident:
    (found,) = [line.id for line in world.store.board().items if line.id != other.id]
    incident = world.store.load(found)
    assert incident is not None
    return incident


def test_in_the_night_clocks_go_back_minutes_stay_minutes() -> None:
    with a_world(local("2026-11-01 01:55")) as world:
        turns(world, COMMANDER, "ana", "bo", starts="2026-10-31 01:30")
        alarmed(world)
        world.advance(10)
        expect(
            world,
            paged("01:55", ("bo", "mitigation-primary"), "01:10 EST"),
            opened("01:55"),
            paged("01:00", ("bo", "ana", "mitigation-primary", "senior-engineer"), "01:10 EST"),
            paged(
                "01:05", ("bo", "ana", "mitigation-primary", "senior-engineer", LEAD), "01:10 EST"
            ),
        )


def test_a_raise_while_acknowledged_asks_again_and_stops_when_answered(world: World) -> None:
    incident = alarmed(world, "checkout-latency")
    world.jump(20)
    world.acknowledge(incident, "commander-primary")
    world.jump(10)
    status, body, _ = world.request(
        "POST",
        f"/v1/incidents/{incident.id}/severity",
        {"severity": "critical", "reason": "nobody can pay"},
        person="commander-primary",
    )
    assert status == 200, body
    world.advance(2)
    world.acknowledge(incident, "mitigation-primary")
    world.advance(20)
    high, critical = "HIGH] checkout-latency", "CRITICAL] checkout-latency"
    expect(
        world,
        paged("10:00", PRIMARY, "11:00 EDT", high),
        opened("10:00", high),
        paged("10:20", PRIMARY, "11:00 EDT", high),
        paged("10:30", PRIMARY, "10:45 EDT", critical.replace("]", "] RAISED:")),
    )


def test_acknowledged_and_forgotten_is_asked_for_again_after_a_minutes_grace(world: World) -> None:
    incident = alarmed(world)
    world.advance(2)
    world.acknowledge(incident, "commander-primary")
    received(world)
    world.advance(30)
    expect(world)
    world.advance(1)
    silent = "CRITICAL] NO WORD: api-outage"
    expect(world, paged("10:33", PRIMARY, "10:47 EDT", silent))
    world.acknowledge(incident, "commander-primary")
    world.advance(10)
    expect(world)


def test_an_answer_as_the_silence_runs_out_is_not_paged_over(world: World) -> None:
    incident = alarmed(world)
    world.acknowledge(incident, "commander-primary")
    received(world)
    world.clock.advance(timedelta(minutes=30, seconds=20))
    world.sweep()
    world.clock.advance(timedelta(seconds=20))
    world.acknowledge(incident, "commander-primary")
    world.advance(10)
    expect(world)


def test_while_the_provider_of_sms_fails_everybody_is_reached_by_their_next_way(
    world: World,
) -> None:
    world.reachable(kinds=(WayKind.SMS, WayKind.CHAT, WayKind.MAIL))
    world.refusals["sms:"] = SendFailed("the provider is down")
    incident = alarmed(world)
    world.advance(7)
    world.refusals.clear()
    world.advance(3)
    world.acknowledge(incident, "senior-engineer")
    world.advance(20)
    expect(
        world,
        paged("10:00", PRIMARY, "10:15 EDT", channel="chat"),
        opened("10:00"),
        paged("10:05", (*PRIMARY, *BACKUP), "10:15 EDT", channel="chat"),
        paged("10:10", (*PRIMARY, *BACKUP), "10:15 EDT", channel="sms"),
    )


def test_nobody_on_call_is_recorded_once_and_the_next_in_line_is_asked(world: World) -> None:
    made = turns(world, COMMANDER, "", "bo", "cy", starts="2026-09-08 03:00", days=7)
    world.rotas.set_rotation(replace(made, deputies=("di",)), before=made)
    incident = alarmed(world)
    world.advance(5)
    expect(
        world,
        paged("10:00", ("bo", "mitigation-primary"), "10:15 EDT"),
        opened("10:00"),
        paged("10:05", ("bo", "mitigation-primary", "senior-engineer"), "10:15 EDT"),
    )
    gaps = [one.content for one in world.timeline(incident) if one.type == "nobody_on_call"]
    assert [(gap["role"], gap["instead"]) for gap in gaps] == [("incident_commander", "bo")]


def test_where_rotations_cannot_be_read_the_last_known_people_are_paged(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: object, **__: object) -> None:
        raise StoreUnavailable("no answer")

    turns(world, COMMANDER, "ana", "bo", starts="2026-09-08 03:00", days=7)
    alarmed(world)
    monkeypatch.setattr(world.rotas, "rota", unavailable)
    world.advance(5)
    expect(
        world,
        paged("10:00", ("ana", "mitigation-primary"), "10:15 EDT"),
        opened("10:00"),
        paged("10:05", ("ana", "bo", "mitigation-primary", "senior-engineer"), "10:15 EDT"),
    )
    assert world.meter.counts["RotasUnread"] >= 1
