"""What the documents point at exists: files, make targets, commands.

Generated pages are compared with their source elsewhere; this holds the hand-written ones.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.architecture.sources import ROOT
from tocsin.cli import main

if TYPE_CHECKING:
    from pathlib import Path

PAGES = sorted(
    path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
_MAKE = re.compile(r"\bmake ([a-z0-9-]+)")
_TOCSIN = re.compile(r"(?:^|[\s`/])tocsin((?: [a-z]+(?:-[a-z]+)*)+)")


def links(text: str) -> list[str]:
    """Relative targets, without their anchors."""
    found = (link.partition("#")[0] for link in _LINK.findall(text))
    return [link for link in found if link and "://" not in link and not link.startswith("mailto:")]


def code(text: str) -> str:
    return "\n".join(_CODE.findall(text))


def make_targets(text: str) -> set[str]:
    return set(_MAKE.findall(code(text)))


def commands(text: str) -> set[str]:
    return {words.strip() for words in _TOCSIN.findall(code(text))}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    path = ROOT / page
    broken = [link for link in links(path.read_text()) if not (path.parent / link).exists()]

    assert broken == []


def test_every_make_target_that_is_named_exists() -> None:
    known = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    # The page of commands is their own help, whose sentences say "make" too.
    pages = [page for page in PAGES if page != "docs/commands.md"]
    named = {target for page in pages for target in make_targets((ROOT / page).read_text())}

    assert named - known == set()
    assert {"demo", "test"} <= make_targets((ROOT / "README.md").read_text())


def test_every_command_that_is_named_exists(capsys: pytest.CaptureFixture[str]) -> None:
    pages = [page for page in PAGES if page != "docs/commands.md"]
    named = {command for page in pages for command in commands((ROOT / page).read_text())}

    unknown = [words for words in sorted(named) if main.run([*words.split(), "--help"]) != 0]

    assert unknown == []
    assert {"local up", "local down", "local inbox"} <= named


def test_a_wrong_link_target_or_command_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "[a](no-such.md) and [b](https://example.invalid) `make nonsense` `uv run tocsin fly up`"

    assert links(text) == ["no-such.md"]
    assert not (tmp_path / links(text)[0]).exists()
    assert make_targets(text) == {"nonsense"}
    assert commands(text) == {"fly up"}
    assert main.run(["fly", "up", "--help"]) == main.USAGE


def test_every_decision_is_listed_with_its_own_title() -> None:
    listing = (ROOT / "docs" / "adr" / "README.md").read_text()

    for page in sorted(ROOT.glob("docs/adr/0*.md")):
        number, _, title = page.read_text().splitlines()[0].removeprefix("# ").partition(": ")
        assert page.name.startswith(f"{number}-")
        assert f"[{number}]({page.name}) | {title} |" in listing
