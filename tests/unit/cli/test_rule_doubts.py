"""Rules of a team's own that catch parts of words are warned of, and the shipped ones are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.worlds.terminal import Terminal

CASES = [
    ("*auth*", "author, authoring, authority", "auth"),
    ("*down*", "breakdown, countdown, cooldown", "down"),
    ("*LOAD*", "download, loading, payload", "load"),
    ("*-auth*", "", ""),
    ("*-down", "", ""),
    ("*latency*", "", ""),
    ("*payment*", "", ""),
    ("checkout-down", "", ""),
]


def rules(pattern: str) -> str:
    return (
        "version: mine-1\ntriage:\n  ours:\n    source: cloudwatch\n"
        f'    pattern: "{pattern}"\n    severity: critical\n    category: security\n'
    )


def test_a_rule_takes_a_pattern_or_words_and_not_both(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    both = 'pattern: "*"\n    words: [auth]'
    for given in (both, "service: api"):
        file.write_text(rules("x").replace('pattern: "x"', given))
        code, out, _ = terminal.run("runbook", "validate", str(file))
        assert code == 1
        assert "triage.ours: takes a pattern, or words" in out
    file.write_text(rules("x").replace('pattern: "x"', "words: [auth]"))
    assert terminal.json("runbook", "validate", str(file))["warnings"] == []


@pytest.mark.parametrize(("pattern", "caught", "word"), CASES)
def test_validate_warns_of_a_rule_that_catches_innocent_names(
    terminal: Terminal, tmp_path: Path, pattern: str, caught: str, word: str
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(rules(pattern))
    found: list[dict[str, Any]] = terminal.json("runbook", "validate", str(file))["warnings"]
    said = f"{pattern} also catches {caught}: write the whole name, or the word with its dash,"
    expected = [("triage.ours.pattern", f"{said} like *-{word}*")] if caught else []
    assert [(one["key"], one["message"]) for one in found] == expected


def test_the_shipped_rules_are_not_doubted_where_a_team_changes_something_else(
    terminal: Terminal, tmp_path: Path
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("version: mine-1\nupdate_reminder: 5 minutes\n")
    code, out, err = terminal.run("runbook", "validate", str(file), "--json")
    assert "triage" not in out + err, code
