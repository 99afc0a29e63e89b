"""`tocsin runbook publish` and `versions` as they are typed and read, with their exit codes."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.harness.transcripts import Transcript
from tests.harness.worlds.runbooks import promising
from tocsin.policy.compiled.policies import default, from_json, to_json

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.worlds.terminal import Terminal

COMMANDER = ("--as", "chief:commander")
DIGEST = re.compile(r"(?<=sha256 )[0-9a-f]{64}|default-\d+\+[0-9a-f]{12}|(?<=\+)[0-9a-f]{12}")
WHY = ("--why", "answer faster")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the team's own, with a runbook in it."""
    monkeypatch.chdir(tmp_path)
    override = "version: acme-1\nseverities: {critical: {contain: 30 minutes}}\n"
    (tmp_path / "acme.yaml").write_text(override)
    (tmp_path / "acme.json").write_bytes(to_json(promising("acme-1", minutes=30)))
    return tmp_path


def test_a_commander_publishes_and_everybody_reads_what_changed(
    terminal: Terminal, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = Transcript(terminal.capsys)
    assert typed.type("runbook", "versions") == 0
    assert typed.type("runbook", "versions", "0") == 0
    typed.say("a responder may look and not publish; who says no has changed nothing")
    publish = ("runbook", "publish", "acme.json", *WHY)
    assert typed.type(*publish, "--yes") == 4
    monkeypatch.setattr("typer.confirm", lambda *_, **__: False)
    assert typed.type(*publish, *COMMANDER) == 1
    monkeypatch.setattr("typer.confirm", lambda *_, **__: True)
    assert typed.type(*publish, *COMMANDER) == 0
    typed.say("the same again, and a reason that says nothing")
    assert typed.type(*publish, "--yes", *COMMANDER) == 3
    assert typed.type("runbook", "publish", "acme.json", "--why", " ", "--yes", *COMMANDER) == 3
    (here / "faster.json").write_bytes(to_json(promising("acme-2", minutes=20)))
    assert typed.type("runbook", "publish", "faster.json", *WHY, "--yes", *COMMANDER) == 0
    assert typed.type("runbook", "versions") == 0
    assert typed.type("runbook", "versions", "1") == 0
    assert typed.type("runbook", "versions", "2", "--out", "two.json") == 0
    assert typed.type("runbook", "versions", "3") == 5
    assert typed.type("runbook", "versions", "--out", "two.json") == 3
    # Digests and the shipped version's label follow the shipped runbook, which is not the subject.
    typed.lines[:] = [DIGEST.sub("<digest>", line) for line in typed.lines]
    assert typed.matches("runbook-versions")

    written = from_json((here / "two.json").read_bytes())
    assert replace(written, change=None) == promising("acme-2", minutes=20)
    assert written.change is not None
    assert (written.change.author, written.change.reason) == ("chief", "answer faster")


def test_a_runbook_that_does_not_validate_is_refused_with_its_line_and_key(
    terminal: Terminal, here: Path
) -> None:
    (here / "bad.yaml").write_text("limits:\n  flap: soon\n")
    code, _, err = terminal.run("runbook", "publish", "bad.yaml", *WHY, "--yes", *COMMANDER)
    assert code == 3
    assert "bad.yaml:2:3: limits.flap: " in err
    assert terminal.json("runbook", "versions")["newest"] == 0
    assert terminal.world.published.current() == default()


def test_with_json_nobody_is_asked_and_the_documents_are_the_apis_own(
    terminal: Terminal, here: Path
) -> None:
    line = ("runbook", "publish", str(here / "acme.json"), *WHY, *COMMANDER)
    assert terminal.refused(*line) == (3, "bad_input")
    yaml = ("runbook", "publish", str(here / "acme.yaml"), *WHY, *COMMANDER)
    made = terminal.json(*yaml, "--yes", "--key", "k-1")
    assert (made["number"], made["published_by"]) == (1, "chief")
    assert terminal.json(*line, "--yes", "--key", "k-1") == made
    assert terminal.json("runbook", "versions")["policies"] == [made]
    assert terminal.json("runbook", "versions", "1")["version"] == made


def test_whoever_looked_at_an_older_version_is_told_with_the_code_of_a_conflict(
    terminal: Terminal, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "other.json").write_bytes(to_json(promising("other-1", minutes=15)))
    rival = ("runbook", "publish", "other.json", "--why", "mine", "--yes", "--as", "di:commander")

    def meanwhile(*_: object, **__: object) -> bool:
        terminal.text(*rival)
        return True

    monkeypatch.setattr("typer.confirm", meanwhile)
    code, _, err = terminal.run("runbook", "publish", "acme.json", *WHY, *COMMANDER)
    assert code == 6
    assert "stale_if_match: version 1 is the newest by now, not 0" in err
    (only,) = terminal.json("runbook", "versions")["policies"]
    assert only["published_by"] == "di"
