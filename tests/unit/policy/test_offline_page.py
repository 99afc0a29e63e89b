"""The page for when Tocsin is down says what the policy says, and is the one in the repository."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.architecture.sources import ROOT
from tocsin.cli import main
from tocsin.incidents.vocabulary import Role
from tocsin.policy.compiled.policies import default
from tocsin.policy.render.offline import render_offline

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

PAGE = ROOT / "docs/how-to/when-tocsin-is-down.md"


def test_the_page_in_the_repository_is_the_one_the_policy_gives() -> None:
    assert PAGE.read_text(encoding="utf-8") == render_offline(default())


def test_everybody_who_could_be_paged_is_on_it_with_a_place_for_their_number() -> None:
    roster = default().roster
    text = render_offline(default())
    for person in (*roster.primary.values(), *roster.backup.values(), roster.engineering_lead):
        assert f"`{person}`" in text


def test_another_policy_gives_another_page() -> None:
    policy = default()
    roster = replace(
        policy.roster,
        primary={**policy.roster.primary, Role.SECURITY_OWNER: "ana"},
        deputies={Role.SECURITY_OWNER: ("bo",)},
    )
    text = render_offline(replace(policy, roster=roster), {"ana": "+1 555 0100"})
    assert "| Security Owner | `ana` | on call | +1 555 0100 |" in text
    assert "| | `bo` | deputy | |" in text


def test_a_stale_page_is_found_and_numbers_come_from_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    phones, page = tmp_path / "phones.json", tmp_path / "page.md"
    phones.write_text(json.dumps({"commander-primary": "+1 555 0100"}))
    assert main.run(["runbook", "offline", "--phones", str(phones), "--out", str(page)]) == 0
    assert "`commander-primary` | on call | +1 555 0100 |" in page.read_text()
    assert main.run(["runbook", "offline", "--check", str(page)]) == 1
    assert main.run(["runbook", "offline", "--check", str(PAGE)]) == 0
    phones.write_text("[1]")
    assert main.run(["runbook", "offline", "--phones", str(phones)]) == 3
    assert "must be like" in capsys.readouterr().err
