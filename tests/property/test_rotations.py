"""Turns against a hand that turns pages of a wall calendar, in any zone and over any change."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from tocsin.incidents.vocabulary import Role
from tocsin.people.rotation import Rota, Rotation, handoff, on_call, shifts, turn
from tocsin.policy.compiled.policies import default

ROLE = Role.MITIGATION_OWNER
ROSTER = default().roster
ZONES = ("America/New_York", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "UTC")
MINUTES = st.integers(0, 3 * 366 * 24 * 60)
FIRST = datetime(2026, 1, 1, tzinfo=UTC)


@st.composite
def rotations(draw: st.DrawFn) -> Rotation:
    return Rotation(
        role=ROLE,
        zone=draw(st.sampled_from(ZONES)),
        starts_at=FIRST + timedelta(minutes=draw(st.integers(0, 60 * 24 * 400))),
        length_days=draw(st.integers(1, 15)),
        members=tuple(draw(st.permutations(["ana", "bo", "cy", ""]))[: draw(st.integers(1, 4))]),
    )


def by_hand(rotation: Rotation, at: datetime) -> int | None:
    """Turns the calendar day by day from the first hand-off; shares no arithmetic with it."""
    zone = ZoneInfo(rotation.zone)
    wall = rotation.starts_at.astimezone(zone).replace(tzinfo=None)
    turns, days = -1, 0
    while wall.replace(tzinfo=zone).timestamp() <= at.timestamp():
        if days % rotation.length_days == 0:
            turns += 1
        wall += timedelta(days=1)
        days += 1
    return turns if turns >= 0 else None


@given(rotations(), MINUTES)
def test_the_turn_is_the_one_a_calendar_turned_by_hand_shows(
    rotation: Rotation, minutes: int
) -> None:
    at = FIRST + timedelta(minutes=minutes)
    assert turn(rotation, at) == by_hand(rotation, at)


@given(rotations(), st.integers(0, 200))
def test_hand_offs_go_forward_on_the_same_wall_clock(rotation: Rotation, number: int) -> None:
    zone = ZoneInfo(rotation.zone)
    first, then = handoff(rotation, number), handoff(rotation, number + 1)
    assert first < then
    wall = {moment.astimezone(zone).time() for moment in (first, then)}
    skipped = {(moment.astimezone(zone).utcoffset()) for moment in (first, then)}
    assert len(wall) == 1 or len(skipped) == 2


@given(rotations(), MINUTES, st.integers(1, 60))
def test_shifts_cover_the_time_asked_for_without_holes_and_agree_with_who_is_on_call(
    rotation: Rotation, minutes: int, days: int
) -> None:
    start = FIRST + timedelta(minutes=minutes)
    end = start + timedelta(days=days)
    rota = Rota(rotation=rotation)
    found = list(shifts(rota, ROLE, ROSTER, start, end))
    assert found[0].starts_at <= start < found[0].ends_at, "the shift that runs began before"
    assert found[-1].ends_at == end
    for shift, following in itertools.pairwise(found):
        assert shift.ends_at == following.starts_at
        assert shift.on_call != following.on_call
    for shift in found:
        for moment in (shift.starts_at, shift.ends_at - timedelta(milliseconds=1)):
            assert on_call(rota, ROLE, ROSTER, moment) == shift.on_call
