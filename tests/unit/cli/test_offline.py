"""`tocsin runbook offline --from-stack`: numbers on the page that is printed, and nowhere else."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.harness.fakes.contacts import an_address
from tocsin.incidents.vocabulary import Role, WayKind
from tocsin.people.rotation import Rotation

if TYPE_CHECKING:
    from tests.harness.worlds.terminal import Terminal

LINE = ("runbook", "offline", "--from-stack")
CHIEF = ("--as", "chief:commander")
KEPT = Path(__file__).parents[3] / "docs" / "how-to" / "when-tocsin-is-down.md"


def test_confirmed_numbers_are_on_the_page_also_of_who_takes_turns_later(
    terminal: Terminal, tmp_path: Path
) -> None:
    world, page = terminal.world, tmp_path / "page.md"
    turns = Rotation(
        role=Role.INCIDENT_COMMANDER,
        zone="UTC",
        starts_at=world.clock.now,
        length_days=7,
        members=("ana", "bo"),
    )
    world.rotas.set_rotation(turns, before=None)
    world.reachable("mitigation-primary", "bo")
    mitigation, bo = (an_address(WayKind.SMS, "", number) for number in range(2))
    terminal.text(*LINE, "--out", str(page), *CHIEF)
    text = page.read_text()
    assert f"| `mitigation-primary` | on call | {mitigation} |" in text
    assert f"| Takes turns | `bo` | | {bo} |" in text
    assert "| Takes turns | `ana` | | |" in text  # asked, and has none
    assert stat.S_IMODE(page.stat().st_mode) == 0o600


@pytest.mark.parametrize("group", ["viewer", "responder"])
def test_nobody_else_gets_them(terminal: Terminal, tmp_path: Path, group: str) -> None:
    page = tmp_path / "page.md"
    refused = terminal.refused(*LINE, "--out", str(page), "--as", f"ana:{group}")
    assert refused == (4, "group_required")
    assert not page.exists()


def test_they_are_written_into_no_repository(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    page = tmp_path / "docs" / "page.md"
    page.parent.mkdir()
    assert terminal.refused(*LINE, "--out", str(page), *CHIEF) == (3, "bad_input")
    assert not page.exists()
    assert terminal.refused(*LINE, "--check", str(KEPT), *CHIEF) == (3, "bad_input")
    assert "contact.numbers_viewed" not in terminal.world.log.getvalue()  # and not even asked for


def test_the_page_that_is_kept_has_no_numbers() -> None:
    rows = [line for line in KEPT.read_text("utf-8").splitlines() if "| `" in line]
    assert len(rows) >= 8
    assert all(row.endswith("| |") for row in rows)
