"""A flag that is needed only at times says when, in help, and is named where it was left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.harness.worlds.terminal import Terminal
from tests.harness.worlds.world import a_world

if TYPE_CHECKING:
    from collections.abc import Iterator

DI, SAM = "di:commander", "sam:security"
FLAGS = [
    ("close", "--reason", "needed unless it is `resolved`", ("false_positive",), DI),
    ("close", "--duplicate-of", "needed with `duplicate`", ("duplicate", "-r", "same"), DI),
    ("customers", "--reason", "needed where they are not told", ("--not-tell",), DI),
    ("impact", "--reason", "needed to lower the exposure", ("so", "--exposure", "none"), SAM),
    ("severity", "--reason", "needed to lower it", ("low", "--yes"), DI),
    ("handover", "--reason", "needed with `now`", ("mitigation_owner", "ana", "--now"), "bo"),
    ("answer", "--reason", "needed where you cannot come", ("--not-on-it",), "ana"),
    ("checklist", "--detail", "or why it does not apply", ("open-channel", "na"), "ana"),
    ("update", "--impact", "needed in the first update", ("u1", "internal", "x"), "ana"),
    ("update", "--residual", "needed in the final update", ("u1", "internal", "x"), "ana"),
]


@pytest.fixture
def terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Terminal]:
    with a_world() as world:
        yield Terminal(world, capsys, monkeypatch)
        world.inbox.take_all()


@pytest.mark.parametrize(("verb", "flag", "says"), [flags[:3] for flags in FLAGS])
def test_help_says_when_a_flag_is_needed(
    terminal: Terminal, verb: str, flag: str, says: str
) -> None:
    help_text = " ".join(terminal.text(verb, "--help").split())
    after = help_text.partition(flag)[2]
    assert says in after[:200]


@pytest.mark.parametrize(
    ("verb", "flag", "words", "who"),
    [
        (verb, flag, words, who)
        for verb, flag, _, words, who in FLAGS
        if verb in {"close", "customers"}
    ],
)
def test_the_error_names_the_flag_that_was_left_out(
    terminal: Terminal, verb: str, flag: str, words: tuple[str, ...], who: str
) -> None:
    incident = terminal.json("open", "It is slow", "--severity", "medium", "--as", "ana")["id"]
    code, _, err = terminal.run(verb, incident, *words, "--as", who)
    assert code == 3
    assert flag in err
