"""A drill's score is complete and honest, also when the drill breaks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from tocsin.drills.checks import Check, Claim, shown
from tocsin.drills.scenario import Silent, Step, run
from tocsin.drills.show import Screen, document, summary
from tocsin.local.errors import DrillUnsound

if TYPE_CHECKING:
    from collections.abc import Iterator

ONE, TWO, THREE = (Claim(f"part.{name}", f"{name} holds") for name in ("one", "two", "three"))


def good() -> Iterator[Check]:
    yield ONE.equal(expected={"b", "a"}, observed={"a", "b"})


def breaks_between() -> Iterator[Check]:
    yield TWO.equal(expected=1, observed=1)
    raise RuntimeError("the cloud is gone")


def test_a_run_passes_only_when_every_check_was_made_and_held() -> None:
    assert run("x", [Step("a", (ONE,), good)], Silent()).passed
    assert not run("x", [], Silent()).passed


def test_a_step_that_breaks_fails_what_it_still_owed_and_the_next_is_taken() -> None:
    score = run(
        "x",
        [Step("first", (TWO, THREE), breaks_between), Step("second", (ONE,), good)],
        Silent(),
    )
    assert [check.passed for check in score.checks] == [True, False, True]
    assert score.red == {"part.three"}
    assert "the cloud is gone" in score.checks[1].observed


def test_a_step_that_forgets_a_check_fails_it() -> None:
    score = run("x", [Step("a", (ONE, TWO), good)], Silent())
    assert score.red == {"part.two"}


def test_a_check_nobody_owes_or_made_twice_makes_the_drill_unsound() -> None:
    def twice() -> Iterator[Check]:
        yield ONE.equal(expected=1, observed=1)
        yield ONE.equal(expected=1, observed=2)

    for steps in (
        [Step("a", (TWO,), good)],
        [Step("a", (ONE,), twice)],
        [Step("a", (ONE,), good), Step("b", (ONE,), good)],
    ):
        with pytest.raises(DrillUnsound):
            run("x", steps, Silent())


def test_the_screen_and_the_document_show_what_was_expected_and_what_was_seen() -> None:
    def red() -> Iterator[Check]:
        yield ONE.equal(expected={"commander-primary"}, observed=set())

    console = Console(record=True, width=160, force_terminal=False)
    with Screen(console) as screen:
        score = run("demo", [Step("pages go out", (ONE,), red)], screen)
    console.print(summary(score))
    text = console.export_text()
    for part in ("pages go out", "part.one", "commander-primary", "nothing"):
        assert part in text
    shown_as_json = json.loads(json.dumps(document(score)))
    assert shown_as_json["failed"] == ["part.one"]
    assert shown_as_json["passed"] is False


def test_equal_values_are_shown_equally_whatever_their_order() -> None:
    assert shown({"b", "a"}) == shown({"a", "b"}) == "a, b"
    assert shown({"b": 1, "a": {2, 1}}) == "a: 1, 2, b: 1"
    assert shown(frozenset()) == "nothing"
