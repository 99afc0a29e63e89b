"""Evidence from a file or a pipe, and content read back as it was given."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.worlds.terminal import Terminal

ANA = "ana"
LOG = "502 after 502\n" * 2_000


@pytest.fixture
def incident(terminal: Terminal) -> str:
    opened = terminal.json("open", "checkout is down", "--severity", "high", "--as", ANA)
    return str(opened["id"])


def test_a_file_goes_on_the_record_and_comes_back_byte_for_byte(
    terminal: Terminal, incident: str, tmp_path: Path
) -> None:
    file = tmp_path / "answers.csv"
    file.write_text(LOG)
    terminal.json("evidence", incident, "the answers", "--file", str(file), "--as", ANA)
    entry = terminal.json("timeline", incident, "--as", ANA)[-1]
    assert entry["content"]["title"] == "the answers"
    stored = entry["content"]["stored"]
    assert stored["media_type"] == "text/csv"
    assert stored["sha256"] in terminal.text("timeline", incident, "--as", ANA).replace("\n", "")
    assert terminal.text("content", incident, stored["sha256"], "--as", ANA) == LOG
    assert terminal.json("content", incident, stored["sha256"], "--as", ANA)["size"] == len(LOG)


def test_what_is_piped_in_goes_on_the_record(
    terminal: Terminal, incident: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LOG.encode())))
    terminal.json("evidence", incident, "the log", "--file", "-", "--as", ANA)
    entry = terminal.json("timeline", incident, "--as", ANA)[-1]
    assert entry["content"]["stored"]["size"] == len(LOG)


def test_what_is_no_text_or_no_file_or_both_is_refused(
    terminal: Terminal, incident: str, tmp_path: Path
) -> None:
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"\x89PNG\xff")
    for words in (
        ("--file", str(picture)),
        ("--file", str(tmp_path / "none.txt")),
        ("words", "--file", str(picture)),
        (),
    ):
        _, code = terminal.refused("evidence", incident, "it", *words, "--as", ANA)
        assert code == "bad_input"
    entries = terminal.json("timeline", incident, "--as", ANA)
    assert "evidence_recorded" not in {one["type"] for one in entries}
