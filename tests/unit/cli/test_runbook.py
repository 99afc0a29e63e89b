"""`tocsin runbook` as people and CI run it: output, files and exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tocsin.cli.main import run
from tocsin.policy.compiled.policies import DEFAULT_FILE, PackagedPolicies, default, from_json

if TYPE_CHECKING:
    from collections.abc import Callable

DOCUMENT = Path(__file__).parents[3] / "docs" / "runbook.md"
WHO = ("--by", "alex", "--reason", "answer faster", "--at", "2026-09-08T10:00-04:00")

type Runbook = Callable[..., str]


@pytest.fixture
def runbook(tmp_path: Path) -> Runbook:
    def write(text: str, name: str = "mine.yaml") -> str:
        file = tmp_path / name
        file.write_text(text)
        return str(file)

    return write


def tocsin(*words: object) -> int:
    return run(["runbook", *map(str, words)])


def document(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_validate_says_the_version_of_a_valid_runbook(
    runbook: Runbook, capsys: pytest.CaptureFixture[str]
) -> None:
    file = runbook("version: mine-1\nlimits: {flap: 5 minutes}\n")
    assert tocsin("validate", file) == 0
    shown = capsys.readouterr().out
    assert "valid: mine-1+" in shown
    assert "differs from the shipped runbook in 1 key\n" in shown
    assert tocsin("validate", file, "--json") == 0
    assert document(capsys)["differs_in"] == 1


def test_validate_lists_every_problem_with_its_place_and_exits_1(
    runbook: Runbook, capsys: pytest.CaptureFixture[str]
) -> None:
    file = runbook("limits:\n  flap: soon\nnonsense: 1\n")
    assert tocsin("validate", file) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[:2] for line in lines] == [
        [f"{file}:2:3", "limits.flap"],
        [f"{file}:3:1", "nonsense"],
    ]
    assert tocsin("validate", file, "--json") == 1
    listed = document(capsys)
    assert listed["valid"] is False
    assert [(one["line"], one["key"]) for one in listed["problems"]] == [
        (2, "limits.flap"),
        (3, "nonsense"),
    ]


@pytest.mark.parametrize("command", ["compile", "render", "diff"])
def test_other_commands_exit_3_for_a_runbook_that_does_not_validate(
    runbook: Runbook, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert tocsin(command, runbook("nonsense: 1\n")) == 3
    assert "1:1: nonsense: no such key" in capsys.readouterr().err


def test_compile_records_who_changed_what_when_and_why(runbook: Runbook, tmp_path: Path) -> None:
    out = tmp_path / "compiled.json"
    file = runbook("severities: {critical: {acknowledge: 10 minutes}}\n")
    assert tocsin("compile", file, "--out", out, *WHO) == 0
    change = from_json(out.read_bytes()).change
    assert change is not None
    assert (change.author, change.reason) == ("alex", "answer faster")
    assert change.changed_at == "2026-09-08T14:00:00.000Z"
    assert change.previous == default().version
    assert [(key.key, key.old, key.new) for key in change.keys] == [
        ("severities.critical.acknowledge", "15 minutes", "10 minutes")
    ]


def test_compile_keeps_the_policy_it_replaces_for_incidents_still_open(
    runbook: Runbook, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "compiled.json"
    assert tocsin("compile", runbook("version: mine-1\n"), "--out", out, *WHO) == 0
    first = from_json(out.read_bytes())
    file = runbook("version: mine-2\nlimits: {flap: 5 minutes}\n")
    assert tocsin("compile", file, "--out", out, *WHO) == 0
    second = from_json(out.read_bytes())
    assert second.change is not None
    assert second.change.previous == first.version
    kept = tmp_path / "earlier" / f"{first.version}.json"
    assert from_json(kept.read_bytes()) == first
    capsys.readouterr()
    assert tocsin("compile", file, "--out", out, *WHO, "--json") == 0
    assert document(capsys)["kept"] is None, "the same version again replaces nothing"


@pytest.mark.parametrize("missing", [("--by", "alex"), ("--reason", "why"), (), ("--by", " ")])
def test_a_runbook_of_ones_own_is_not_compiled_anonymously_or_without_reason(
    runbook: Runbook, tmp_path: Path, missing: tuple[str, ...]
) -> None:
    out = tmp_path / "compiled.json"
    assert tocsin("compile", runbook("version: mine-1\n"), "--out", out, *missing) == 3
    assert not out.exists()


def test_compile_without_out_prints_the_policy(capsys: pytest.CaptureFixture[str]) -> None:
    assert tocsin("compile") == 0
    assert from_json(capsys.readouterr().out.encode()) == default()


def test_deploy_makes_a_runbook_the_one_new_incidents_get(
    runbook: Runbook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = tmp_path / DEFAULT_FILE.name
    shipped.write_bytes(DEFAULT_FILE.read_bytes())
    monkeypatch.setattr("tocsin.cli.runbook.commands.DEFAULT_FILE", shipped)
    assert PackagedPolicies(tmp_path).current() == default()
    assert tocsin("compile", runbook("version: mine-1\n"), "--deploy", *WHO) == 0
    first = PackagedPolicies(tmp_path).current()
    assert first.version.startswith("mine-1+")
    file = runbook("version: mine-2\nlimits: {flap: 5 minutes}\n")
    assert tocsin("compile", file, "--deploy", *WHO) == 0
    after = PackagedPolicies(tmp_path)
    assert after.current().version.startswith("mine-2+")
    assert after.version(first.version) == first
    assert after.version(default().version) == default()
    assert tocsin("compile", file, "--deploy", "--out", tmp_path / "x.json", *WHO) == 3


def test_an_invalid_change_of_an_existing_policy_leaves_it_alone(
    runbook: Runbook, tmp_path: Path
) -> None:
    out = tmp_path / "compiled.json"
    assert tocsin("compile", runbook("version: mine-1\n"), "--out", out, *WHO) == 0
    before = out.read_bytes()
    assert tocsin("compile", runbook("version: 'no spaces'\n"), "--out", out, *WHO) == 3
    assert out.read_bytes() == before
    out.write_bytes(before.replace(b"mine-1", b"mine-9"))
    file = runbook("version: mine-2\n")
    assert tocsin("compile", file, "--out", out, *WHO) == 0, "the label is not digested"
    out.write_bytes(before.replace(b"15 minutes", b"16 minutes"))
    assert tocsin("compile", file, "--out", out, *WHO) == 3, "edited by hand"


def test_render_check_tells_a_fresh_document_from_a_stale_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stale = tmp_path / "runbook.md"
    stale.write_text(DOCUMENT.read_text().replace("15 minutes", "16 minutes", 1))
    assert tocsin("render", "--check", DOCUMENT) == 0
    assert tocsin("render", "--check", stale) == 1
    assert "stale" in capsys.readouterr().err
    assert tocsin("render", "--check", tmp_path / "absent.md") == 3


def test_render_writes_a_teams_own_runbook(
    runbook: Runbook, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mine.md"
    file = runbook("triggers: {mine: A bar | in a text.}\nlimits: {waiver_days: 3}\n")
    assert tocsin("render", file, "--out", out) == 0
    assert "- A bar | in a text.\n" in out.read_text()
    assert "waived for 3 days" in out.read_text()
    capsys.readouterr()
    assert tocsin("render", file) == 0
    assert capsys.readouterr().out == out.read_text()


def test_diff_shows_versions_old_and_new(
    runbook: Runbook, capsys: pytest.CaptureFixture[str]
) -> None:
    file = runbook("version: mine-1\nseverities: {critical: {acknowledge: 10 minutes}}\n")
    assert tocsin("diff", file) == 0
    shown = capsys.readouterr().out
    assert f"old: {default().version}" in shown
    assert "new: mine-1+" in shown
    assert "15 minutes" in shown
    assert "10 minutes" in shown
    assert tocsin("diff", file, "--json") == 0
    assert document(capsys)["changes"] == [
        {"key": "severities.critical.acknowledge", "old": "15 minutes", "new": "10 minutes"}
    ]


def test_diff_exit_code_is_asked_for(runbook: Runbook) -> None:
    changed, same = runbook("limits: {flap: 5 minutes}\n"), runbook("", "same.yaml")
    assert tocsin("diff", changed, "--exit-code") == 1
    assert tocsin("diff", changed) == 0
    assert tocsin("diff", same, "--exit-code") == 0
    assert tocsin("diff", changed, changed, "--exit-code") == 0


def test_diff_reads_compiled_policies_and_says_who_made_the_newer(
    runbook: Runbook, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "compiled.json"
    assert tocsin("compile", runbook("limits: {flap: 5 minutes}\n"), "--out", out, *WHO) == 0
    capsys.readouterr()
    assert tocsin("diff", out) == 0
    shown = capsys.readouterr().out
    assert "made by alex at 2026-09-08T14:00:00.000Z: answer faster" in shown
    assert tocsin("diff", tmp_path / "absent.json") == 3
