"""Every command that a page shows exists, takes what is given to it, and does it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click
import pytest
import typer

from tests.harness.documented import ROOT, Documented, documented
from tocsin.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.worlds.terminal import Terminal

ALL = list(dict.fromkeys(documented()))


def test_the_pages_show_commands() -> None:
    assert len([one for one in ALL if one.shown]) > 30
    assert len(ALL) > 90


@pytest.mark.parametrize("one", ALL, ids=str)
def test_a_documented_command_is_one_that_can_be_typed(one: Documented) -> None:
    """What is only mentioned may lack what it needs; what is shown may not; neither is wrong."""
    command: Any = typer.main.get_command(main.app)
    words = [word for word in one.words if word != "--json"]
    context = click.Context(command, info_name="tocsin")
    if words[0].startswith("-"):  # of the program itself; some act while they are read
        assert words[0] in {name for each in command.params for name in each.opts}
        return
    while isinstance(command, click.Group) and words:
        _, command, words = command.resolve_command(context, list(words))
        assert command is not None
        context = click.Context(command, info_name=command.name, parent=context)
    try:
        command.make_context(command.name, list(words), parent=context.parent)
    except click.MissingParameter:
        assert not one.shown
    except click.NoSuchOption as error:
        pytest.fail(error.format_message())


NOT_HERE = {
    ("runbook", "compile"): "writes into the build and deploys it",
    ("--install-completion",): "writes into the shell's own files",
}


class Reader:
    """Types what a page shows, with the ids of what there is in the place of its placeholders."""

    def __init__(self, terminal: Terminal, page: str) -> None:
        self.terminal, self.page = terminal, page
        opened = terminal.json("open", "Search is slow", "--severity", "high")
        self.incident = str(opened["id"])

    def lines(self) -> list[Documented]:
        """Those that are whole and can be run in this process."""
        found = [one for one in ALL if one.page == self.page and (one.shown or len(one.words) > 2)]
        return [one for one in found if not any(one.words[: len(k)] == k for k in NOT_HERE)]

    def type(self, one: Documented) -> None:
        words = [self.incident if word == "INC-…" else word for word in one.words]
        if "ID" in words:
            words[words.index("ID")] = self._override()
        if "HASH" in words:
            words[words.index("HASH")] = self._hash()
        code, out, err = self.terminal.run(*words)
        assert code == EXITS.get(one.line, 0), f"{one}: {err}"
        if words[0] == "open":  # and the lines after it are about that one
            self.incident = re.findall(r"INC-[0-9A-Z]{26}", out)[0]

    def _override(self) -> str:
        listed = self.terminal.json("oncall", "override", "list", "incident_commander")
        return str(listed[0]["id"])

    def _hash(self) -> str:
        entries = self.terminal.json("timeline", self.incident)
        stored = [entry["content"].get("stored") for entry in entries]
        return next(str(one["sha256"]) for one in reversed(stored) if one)


EXITS = {"tocsin gate INC-… --check": 1}
"""What ends otherwise than with 0, as its page says: a check that fails says so."""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that pages speak of; whoever types is a commander and says yes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOCSIN_PERSON", "chief:commander")
    monkeypatch.setattr("typer.confirm", lambda *_, **__: True)
    page = (ROOT / "docs/how-to/change-the-runbook.md").read_text()
    (tmp_path / "acme.yaml").write_text(page.partition("```yaml\n")[2].partition("```")[0])
    (tmp_path / "gateway.log").write_text("502 after 502\n" * 2_000)
    return tmp_path


@pytest.mark.parametrize("page", ["command-line", "on-call", "change-the-runbook"])
def test_the_commands_of_a_page_do_what_it_says_one_after_the_other(
    page: str, terminal: Terminal, here: Path
) -> None:
    reader = Reader(terminal, f"docs/how-to/{page}.md")
    if page == "change-the-runbook":  # which speaks of three versions
        for number in (1, 2):
            made = here / f"{number}.yaml"
            minutes = f"{20 + number} minutes"
            made.write_text(
                f"version: a-{number}\nseverities: {{critical: {{contain: {minutes}}}}}\n"
            )
            terminal.text("runbook", "publish", made.name, "--why", "as we go")
    lines = reader.lines()
    assert len(lines) > 7
    for one in lines:
        reader.type(one)
