"""Every command that a page shows exists, takes what is given to it, and does it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.core import TyperGroup

from tests.harness.documented import ROOT, Documented, documented
from tocsin.cli import main

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.harness.worlds.terminal import Terminal

ALL = list(dict.fromkeys(documented()))


def test_the_pages_show_commands() -> None:
    assert len([one for one in ALL if one.shown]) > 30
    assert len(ALL) > 90


def unlike_the_program(words: Sequence[str]) -> str:
    """What is wrong with a command line, as the program itself says it; empty: nothing is."""
    command: Any = typer.main.get_command(main.app)
    rest = ["3" if word == "NUMBER" else word for word in words if word != "--json"]
    if rest[0].startswith("-"):  # of the program itself; some act while they are read
        known = {name for each in command.params for name in each.opts}
        return "" if rest[0] in known else f"no such option: {rest[0]}"
    # As the program makes it: commands keep the first names that help was asked for by.
    context = command.context_class(command, info_name="tocsin", **command.context_settings)
    try:
        while isinstance(command, TyperGroup) and rest and not rest[0].startswith("-"):
            _, command, rest = command.resolve_command(context, rest)
            context = command.context_class(command, info_name=command.name, parent=context)
        command.make_context(command.name, rest, parent=context.parent)
    except Exception as error:  # noqa: BLE001 - whatever it is, its kind and its words are compared
        return f"{type(error).__name__}: {error}"
    return ""


@pytest.mark.parametrize("one", ALL, ids=str)
def test_a_documented_command_is_one_that_can_be_typed(one: Documented) -> None:
    """What is only mentioned may lack what it needs; what is shown may not; neither is wrong."""
    wrong = unlike_the_program(one.words)
    mentioned = not one.shown and wrong.startswith(("MissingParameter", "NoArgsIsHelpError"))
    assert not wrong or mentioned


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("ack", "MissingParameter"),
        ("acknowlege INC-1", "No such command"),
        ("billing reconcile heal R-1 --all", "No such option: --all"),
        ("severity INC-1 terrible", "'terrible' is not one of"),
        ("billing reconsile start", "No such command"),
        ("--instal-completion", "no such option"),
        ("ack INC-1 now", "unexpected extra argument"),
    ],
)
def test_what_the_program_does_not_know_is_seen(line: str, says: str) -> None:
    assert says in unlike_the_program(line.split())


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
            self.incident = re.findall(r"INC-\d+", out)[0]

    def _override(self) -> str:
        listed = self.terminal.json("oncall", "override", "list", "incident_commander")
        return str(listed[0]["id"])

    def _hash(self) -> str:
        entries = self.terminal.json("timeline", self.incident)
        stored = [entry["content"].get("stored") for entry in entries]
        return next(str(one["sha256"]) for one in reversed(stored) if one)


EXITS = {
    "tocsin gate INC-… --check": 1,
    "tocsin freeze check --service api --name c0ffee": 1,
    'tocsin severity INC-… high --reason "one path works again"': 8,
}
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


@pytest.mark.parametrize("page", ["command-line", "on-call", "change-the-runbook", "i-was-paged"])
def test_the_commands_of_a_page_do_what_it_says_one_after_the_other(
    page: str, terminal: Terminal, here: Path
) -> None:
    reader = Reader(terminal, f"docs/how-to/{page}.md")
    terminal.world.reachable("ana", "bo", "cy", "di", "eve")
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
