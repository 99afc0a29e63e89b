"""Who is on call when: hand-offs on the wall clock, overrides that end, and gaps."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.harness.worlds.stories import local
from tocsin.incidents.runbook.calendar import load_zone
from tocsin.incidents.vocabulary import Role
from tocsin.people.rotation import (
    Duty,
    OnCall,
    Override,
    Rank,
    Rota,
    Rotation,
    duty_at,
    handoff,
    on_call,
    shifts,
    turn,
)
from tocsin.policy.compiled.policies import default

ROSTER = default().roster
ROLE = Role.INCIDENT_COMMANDER
START = local("2026-09-07 09:00")  # a Monday in New York


def rotation(*members: str, **changes: object) -> Rotation:
    base = Rotation(
        role=ROLE,
        zone="America/New_York",
        starts_at=START,
        length_days=7,
        members=members or ("ana", "bo", "cy"),
    )
    return replace(base, **changes)  # type: ignore[arg-type] # each test knows its fields


def override(person: str, start: str, end: str, **changes: object) -> Override:
    base = Override(
        id=person,
        role=ROLE,
        rank=Rank.PRIMARY,
        person=person,
        starts_at=local(start),
        ends_at=local(end),
    )
    return replace(base, **changes)  # type: ignore[arg-type] # each test knows its fields


def at(text: str, rota: Rota) -> OnCall:
    return on_call(rota, ROLE, ROSTER, local(text))


def test_before_the_first_hand_off_the_roster_stands() -> None:
    assert at("2026-09-07 08:59", Rota(rotation=rotation())) == OnCall(
        "commander-primary", "engineering-lead"
    )


def test_members_take_turns_and_the_next_one_is_the_backup() -> None:
    rota = Rota(rotation=rotation())
    assert at("2026-09-07 09:00", rota) == OnCall("ana", "bo", ("cy",))
    assert at("2026-09-14 08:59", rota) == OnCall("ana", "bo", ("cy",))
    assert at("2026-09-14 09:00", rota) == OnCall("bo", "cy", ("ana",))
    assert at("2026-09-21 09:00", rota) == OnCall("cy", "ana", ("bo",))
    assert at("2026-09-28 09:00", rota) == OnCall("ana", "bo", ("cy",))


def test_backups_take_turns_of_their_own_and_deputies_come_last() -> None:
    rota = Rota(rotation=rotation("ana", "bo", backups=("di", "eve"), deputies=("flo",)))
    assert at("2026-09-07 09:00", rota) == OnCall("ana", "di", ("eve", "bo", "flo"))
    assert at("2026-09-14 09:00", rota) == OnCall("bo", "eve", ("di", "ana", "flo"))


def test_one_member_alone_has_the_rosters_backup() -> None:
    assert at("2026-09-07 09:00", Rota(rotation=rotation("ana"))) == OnCall(
        "ana", "engineering-lead"
    )


def test_a_turn_nobody_takes_is_a_gap_with_a_backup() -> None:
    rota = Rota(rotation=rotation("ana", "", "cy"))
    assert at("2026-09-14 09:00", rota) == OnCall(None, "cy", ("ana",))


@pytest.mark.parametrize(
    ("zone", "before", "after"),
    [
        ("America/New_York", "2026-10-26 09:00", "2026-11-02 09:00"),  # clocks go back
        ("America/New_York", "2026-03-02 09:00", "2026-03-09 09:00"),  # clocks go forward
        ("Europe/Berlin", "2026-03-23 09:00", "2026-03-30 09:00"),
    ],
)
def test_a_hand_off_stays_on_the_wall_clock_when_clocks_change(
    zone: str, before: str, after: str
) -> None:
    rules = load_zone(zone)
    turned = rotation(zone=zone, starts_at=local(before, rules))
    assert handoff(turned, 1) == local(after, rules)
    hours = (handoff(turned, 1) - handoff(turned, 0)) / timedelta(hours=1)
    assert hours in {167, 169}


def test_a_hand_off_the_night_skips_happens_as_clocks_have_gone_forward() -> None:
    night = rotation(starts_at=local("2026-03-07 02:30"), length_days=1)
    assert handoff(night, 1) == local("2026-03-08 03:30")
    assert turn(night, local("2026-03-08 03:29")) == 0
    assert turn(night, local("2026-03-08 03:30")) == 1
    assert handoff(night, 2) == local("2026-03-09 02:30")


def test_a_hand_off_the_night_has_twice_happens_the_first_time() -> None:
    night = rotation(starts_at=local("2026-10-31 01:30"), length_days=1)
    first = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    assert handoff(night, 1) == first
    assert turn(night, first + timedelta(hours=1)) == 1


def test_an_override_goes_before_the_turn_until_it_ends() -> None:
    rota = Rota(
        rotation=rotation(), overrides=(override("di", "2026-09-08 20:00", "2026-09-09 02:00"),)
    )
    assert at("2026-09-08 19:59", rota).primary == "ana"
    assert at("2026-09-08 20:00", rota) == OnCall("di", "bo", ("cy",))
    assert at("2026-09-09 01:59", rota).primary == "di"
    assert at("2026-09-09 02:00", rota).primary == "ana"


def test_who_is_covered_for_is_asked_in_no_other_place() -> None:
    covered = override("bo", "2026-09-08 20:00", "2026-09-09 02:00")
    rota = Rota(rotation=rotation("ana", "bo", deputies=("ana",)), overrides=(covered,))
    assert at("2026-09-08 21:00", rota) == OnCall("bo", None)


def test_the_override_that_starts_last_wins() -> None:
    long = override("di", "2026-09-08 00:00", "2026-09-10 00:00")
    short = override("eve", "2026-09-08 20:00", "2026-09-09 02:00")
    rota = Rota(rotation=rotation(), overrides=(short, long))
    assert [at(f"2026-09-08 {hour}:00", rota).primary for hour in (19, 20)] == ["di", "eve"]
    assert at("2026-09-09 02:00", rota).primary == "di"


def test_a_backup_and_a_role_without_a_rotation_can_be_overridden_too() -> None:
    backup = override("di", "2026-09-08 20:00", "2026-09-09 02:00", rank=Rank.BACKUP)
    assert at("2026-09-08 21:00", Rota(rotation=rotation(), overrides=(backup,))) == OnCall(
        "ana", "di", ("bo", "cy")
    )
    first = override("eve", "2026-09-08 20:00", "2026-09-09 02:00")
    assert at("2026-09-08 21:00", Rota(overrides=(first,))) == OnCall("eve", "engineering-lead")


def test_the_calendar_has_a_stretch_for_every_change_and_none_between() -> None:
    rota = Rota(
        rotation=rotation(), overrides=(override("di", "2026-09-13 20:00", "2026-09-14 10:00"),)
    )
    found = [
        (shift.starts_at, shift.ends_at, shift.on_call.primary)
        for shift in shifts(rota, ROLE, ROSTER, START, local("2026-09-21 09:00"))
    ]
    assert found == [
        (START, local("2026-09-13 20:00"), "ana"),
        (local("2026-09-13 20:00"), local("2026-09-14 09:00"), "di"),
        (local("2026-09-14 09:00"), local("2026-09-14 10:00"), "di"),
        (local("2026-09-14 10:00"), local("2026-09-21 09:00"), "bo"),
    ]


def test_a_duty_puts_its_people_into_the_roster_and_leaves_out_who_is_missing() -> None:
    rotas = {ROLE: Rota(rotation=rotation("", "bo"))}
    duty = duty_at(ROSTER, rotas, START)
    assert isinstance(duty, Duty)
    roster = duty.over(ROSTER)
    assert ROLE not in roster.primary
    assert roster.backup[ROLE] == "bo"
    assert roster.primary[Role.SECURITY_OWNER] == "security-primary"
    assert (roster.engineering_lead, roster.paged) == (ROSTER.engineering_lead, ROSTER.paged)
