"""Whose turns a change of a rotation changes is shown, and they are told (semantics 13), typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.harness.worlds.told import DI, Told
from tocsin.incidents.vocabulary import WayKind

if TYPE_CHECKING:
    from tests.harness.worlds.terminal import Terminal

ROLE = "incident_commander"
WEEKLY = ("--starts", "2026-09-07T09:00", "--zone", "America/New_York", "--days", "7")


def rotation(terminal: Terminal, *members: str, more: tuple[str, ...] = ()) -> str:
    named = [word for member in members for word in ("--member", member)]
    return terminal.text("oncall", "rotation", "set", ROLE, *named, *WEEKLY, *more, "--as", DI)


@pytest.fixture
def two(terminal: Terminal) -> Terminal:
    """Ana and bo week by week since Monday; ana's turn runs."""
    Told(terminal).begin("09-08 10:00")
    terminal.world.reachable("ana", "bo", "cy", kinds=(WayKind.SMS, WayKind.MAIL))
    rotation(terminal, "ana", "bo")
    terminal.world.inbox.all.clear()
    return terminal


def told(terminal: Terminal) -> dict[str, str]:
    return {one.to: one.message.text for one in terminal.world.inbox.all}


def test_a_preview_shows_before_and_after_and_changes_nothing(two: Terminal) -> None:
    shown = rotation(two, "ana", "bo", "cy", more=("--preview",))
    lines = [line.split() for line in shown.splitlines() if "2026" in line or "2027" in line]
    first = ["Mon", "2026-09-21", "09:00", "EDT", "Mon", "2026-09-28", "09:00", "EDT", "ana", "cy"]
    assert lines[0] == first, "ana's turn that runs and bo's next stay"
    assert len(lines) > 10
    assert all(len(line) <= 80 for line in shown.splitlines())
    assert told(two) == {}
    now = two.json("oncall", "rotation", "show", ROLE)["rotation"]
    assert now["members"] == ["ana", "bo"]


def test_who_gets_a_turn_or_loses_one_is_told_by_mail(two: Terminal) -> None:
    shown = rotation(two, "ana", "bo", "cy").splitlines()
    assert shown[1].split()[-2:] == ["ana", "cy"]
    assert shown[-1].startswith("incident_commander: ana, bo, cy, every 7 days from ")
    heard = told(two)
    assert set(heard) == {"ana", "bo", "cy"}
    assert {one.channel for one in two.world.inbox.all} == {"mail"}
    assert heard["cy"].startswith("di changed who is on call as incident commander.")
    stretch = "Mon 2026-09-21 09:00 EDT (13:00 UTC) to Mon 2026-09-28 09:00 EDT (13:00 UTC)"
    assert f"{stretch}: you, not ana" in heard["cy"]
    assert f"{stretch}: cy, not you" in heard["ana"]


def test_taking_a_member_out_leaves_the_turn_that_runs_and_says_whose_are_others(
    two: Terminal,
) -> None:
    shown = rotation(two, "bo")
    assert "Mon 2026-09-14 09:00 EDT" not in shown.splitlines()[1], "bo's own week stays bo's"
    now = two.json("oncall", "--at", "2026-09-10T12:00:00Z")["roles"][0]
    assert now["primary"] == "ana"
    assert "bo, not you" in told(two)["ana"]
    assert "you, not ana" in told(two)["bo"]


def test_at_once_changes_the_turn_that_runs_and_shows_it(two: Terminal) -> None:
    shown = rotation(two, "bo", "ana", more=("--now",))
    assert "Tue 2026-09-08 10:00 EDT" in shown, "from now on"
    assert two.json("oncall", "--at", "2026-09-10T12:00:00Z")["roles"][0]["primary"] == "bo"
    assert "you, not ana" in told(two)["bo"]


def test_what_changes_nothing_says_so_and_tells_nobody(two: Terminal) -> None:
    assert "nobody's turn of the next 180 days changes" in rotation(two, "ana", "bo")
    assert told(two) == {}


def test_whoever_has_no_way_keeps_nobody_from_being_told(two: Terminal) -> None:
    two.world.reachable("zoe")
    rotation(two, "ana", "bo", "zoe")
    two.json("contact", "remove", "all", "--person", "zoe", "--as", DI)
    two.world.inbox.all.clear()
    rotation(two, "ana", "bo")
    assert set(told(two)) == {"ana", "bo"}


def test_only_a_commander_previews(two: Terminal) -> None:
    words = ("oncall", "rotation", "set", ROLE, "--member", "bo", *WEEKLY, "--preview")
    assert two.refused(*words, "--as", "bo")[1] == "group_required"
