"""Calendars that will mislead say so: `runbook validate`, `doctor` and the clocks themselves.

Countries and their subdivisions are those of the `holidays` library, zones those of tzdata.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.fakes.application import Policies
from tests.harness.worlds.terminal import Terminal
from tests.harness.worlds.told import ANA
from tests.harness.worlds.world import World
from tests.unit.policy.builders import overridden
from tocsin.policy.compiled.policies import from_json, to_json

if TYPE_CHECKING:
    from pathlib import Path

HOLIDAYS = "business_time.public_holidays"
SUBDIVISION = (
    "holidays of DE differ by subdivision (BB, BE, BW, BY, …): "
    "name it, or `none` for the country's alone"
)
EST = "EST has no summer time: name the team's place, like America/New_York"
PANAMA = "America/Panama has no summer time, and America/New_York has: name the place in US"
UNKNOWN = (
    "not all holidays of IN are known after 2035: "
    "later ones count as work days unless `closed_dates` names them"
)

CASES = {
    "a country whose parts differ": (
        "{zone: Europe/Berlin, public_holidays: {country: DE}}",
        [(f"{HOLIDAYS}.subdivision", SUBDIVISION)],
    ),
    "its part is named": (
        "{zone: Europe/Berlin, public_holidays: {country: DE, subdivision: BE}}",
        [],
    ),
    "the whole is meant": (
        "{zone: Europe/Berlin, public_holidays: {country: DE, subdivision: none}}",
        [],
    ),
    "a country without parts that differ": (
        "{zone: Europe/Warsaw, public_holidays: {country: PL}}",
        [],
    ),
    "a table that has ended": (
        "{public_holidays: {last_year: 2025}}",
        [
            (
                f"{HOLIDAYS}.last_year",
                "the table of holidays ends with 2025: later ones count as work days",
            )
        ],
    ),
    "one that ends though a later day is closed by hand": (
        "{public_holidays: {last_year: 2025}, closed_dates: {2099-12-24: shutdown}}",
        [
            (
                f"{HOLIDAYS}.last_year",
                "the table of holidays ends with 2025: later ones count as work days",
            )
        ],
    ),
    "a table that has not begun": (
        "{public_holidays: {first_year: 2098, last_year: 2099}}",
        [
            (
                f"{HOLIDAYS}.first_year",
                "the table of holidays begins with 2098: until then they count as work days",
            )
        ],
    ),
    "no holiday at all": (
        "{public_holidays: null}",
        [(HOLIDAYS, "no holiday is known: every day of the week counts as it stands")],
    ),
    "a zone that is no place": ("{zone: EST}", [("business_time.zone", EST)]),
    "an offset": (
        "{zone: Etc/GMT+5}",
        [("business_time.zone", EST.replace("EST", "Etc/GMT+5"))],
    ),
    "a place without summer time in another country": (
        "{zone: America/Panama}",
        [
            (
                "business_time.zone",
                "America/Panama has no summer time, and America/New_York has: name the place in US",
            )
        ],
    ),
    "a place without summer time": ("{zone: America/Phoenix}", []),
    "a country without summer time": (
        "{zone: Asia/Kolkata, public_holidays: {country: IN, subdivision: KA, last_year: 2035}}",
        [],
    ),
    "a country of which no more is known": (
        "{zone: Asia/Kolkata, public_holidays: {country: IN, subdivision: KA}}",
        [
            (
                f"{HOLIDAYS}.last_year",
                UNKNOWN,
            )
        ],
    ),
}


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(World(), capsys, monkeypatch)


@pytest.mark.parametrize("case", CASES)
def test_validate_and_doctor_both_say_what_will_mislead(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text, expected = CASES[case]
    file = tmp_path / "mine.yaml"
    file.write_text(f"version: mine-1\nbusiness_time: {text}\n")
    deployed = from_json(to_json(overridden(f"business_time: {text}\n")))
    world = World(policies=Policies([deployed]))
    world.reachable()
    terminal = Terminal(world, capsys, monkeypatch)
    found = terminal.json("runbook", "validate", str(file))
    assert [(one["key"], one["message"]) for one in found["warnings"]] == expected
    shown = terminal.text("runbook", "validate", str(file))
    assert ("warning: " in shown) == bool(expected), "what may mislead is valid nevertheless"
    code, out, err = terminal.run("doctor", "--json")
    things: list[dict[str, Any]] = json.loads(out)
    calendar = [(one["about"], one["what"]) for one in things if one["check"] == "calendar"]
    assert calendar == expected, err
    assert code == (1 if expected else 0)


def test_a_warning_stands_where_its_key_stands(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("version: mine-1\nbusiness_time:\n  zone: EST\n")
    shown = terminal.text("runbook", "validate", str(file))
    assert f"warning: {file}:3:3: business_time.zone: {EST}\n" in shown


def test_who_publishes_is_warned_before_being_asked(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("version: mine-1\nbusiness_time:\n  zone: EST\n")
    words = ("--why", "we moved", "--as", "di:commander")
    shown = terminal.run("runbook", "publish", str(file), *words)[1]
    assert f"warning: business_time.zone: {EST}" in shown


def test_a_deadline_beyond_the_table_of_holidays_says_so(terminal: Terminal) -> None:
    """The shipped table ends with 2036: Friday 2037-01-02 would follow a closed New Year's Day."""
    world = terminal.world
    world.clock.now = world.wall.now = datetime(2036, 12, 29, 15, tzinfo=UTC)
    words = ("--severity", "medium", "--service", "checkout", "--as", ANA)
    incident = terminal.json("open", "checkout is slow", *words)["id"]
    found = terminal.json("clocks", incident)
    dues = {one["clock"]: one["due_at"][:10] for one in found["clocks"]}
    assert dues == {"acknowledge": "2036-12-30", "contain": "2037-01-01", "fix": "2037-01-12"}
    assert (found["beyond_holidays"], found["holidays_until"]) == (["contain", "fix"], 2036)
    shown = terminal.text("clocks", incident)
    said = "the calendar knows holidays until 2036; later ones count as work days"
    assert f"contain: {said}" in shown
    assert f"acknowledge: {said}" not in shown


def test_wall_clock_targets_ask_no_calendar(terminal: Terminal) -> None:
    world = terminal.world
    world.clock.now = world.wall.now = datetime(2036, 12, 31, 15, tzinfo=UTC)
    words = ("--severity", "critical", "--service", "checkout", "--as", ANA)
    incident = terminal.json("open", "checkout is down", *words)["id"]
    assert terminal.json("clocks", incident)["beyond_holidays"] == []
