"""What a shell offers at a tab: numbers of open incidents, and people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tocsin.cli import main
from tocsin.cli.terminal import api
from tocsin.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.harness.worlds.terminal import Terminal

    type Offered = Callable[..., list[str]]


@pytest.fixture
def offered(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Offered:
    """What bash is answered behind some words of a line, as it asks: by variables."""
    for title in ("first", "second"):
        terminal.json("open", title, "--severity", "low")
    terminal.json("open", "third", "--severity", "low", "--kind", "drill")

    def asked(*words: str, typed: str = "") -> list[str]:
        line = ["tocsin", *words, typed]
        monkeypatch.setenv("_TOCSIN_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", " ".join(line))
        monkeypatch.setenv("COMP_CWORD", str(len(line) - 1))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main.run([])
        monkeypatch.delenv("_TOCSIN_COMPLETE")
        shown = capsys.readouterr()
        assert (ended.value.code, shown.err) == (0, "")
        return shown.out.split()

    return asked


@pytest.mark.parametrize("words", [("ack",), ("contain", "plan"), ("show",), ("merge", "1")])
def test_open_incidents_are_offered_wherever_one_is_named(
    offered: Offered, words: tuple[str, ...]
) -> None:
    assert set(offered(*words)) == {"INC-1", "INC-2", "DRILL-1"}


def test_what_is_typed_narrows_them_in_any_case_and_with_a_bare_number(offered: Offered) -> None:
    assert set(offered("ack", typed="inc-")) == {"inc-1", "inc-2"}
    assert offered("ack", typed="2") == ["2"]
    assert offered("ack", typed="nothing") == []


def test_people_are_offered_where_a_person_is_named(offered: Offered) -> None:
    found = offered("page", "1")
    assert {"commander-primary", "engineering-lead"} <= set(found)
    assert offered("page", "1", typed="commander") == ["commander-primary"]


def test_commands_are_offered_too(offered: Offered) -> None:
    assert offered(typed="ackn") == ["acknowledge"]
    assert "plan" in offered("contain")


def test_a_deployment_that_does_not_answer_offers_nothing_and_says_nothing(
    offered: Offered, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object) -> None:
        raise Unavailable("no answer")

    monkeypatch.setattr(api, "_local", down)
    assert offered("ack") == []
