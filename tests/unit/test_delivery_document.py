"""The written promise of delivery: every sentence names a test that exists."""

from __future__ import annotations

from tests.harness import claims

PAGE = (claims.ROOT / "docs" / "delivery.md").read_text(encoding="utf-8")
PROMISES = PAGE.partition("\n## ")[0]
"""The first part; the codes of links further down are no promises."""

HERE = "tests/unit/test_delivery_document.py"


def doubts(text: str) -> list[str]:
    """Sentences without a test, and tests there are not."""
    unnamed = [row[0] for row in claims.rows(text) if not claims.named(row[-1])]
    return [*unnamed, *claims.missing(text)]


def test_every_sentence_of_the_promise_names_a_test_that_exists() -> None:
    assert doubts(PROMISES) == []
    assert len(claims.rows(PROMISES)) >= 20


def test_a_sentence_without_a_test_and_a_test_there_is_not_are_found() -> None:
    head = "| the promise | shown by |\n|---|---|\n"
    good = f"`{HERE}::test_every_sentence_of_the_promise_names_a_test_that_exists`"

    assert doubts(f"{head}| Nothing is lost. | {good} |\n") == []
    assert doubts(f"{head}| Nothing is lost. | we looked |\n") == ["Nothing is lost."]
    assert doubts(f"{head}| Nothing is lost. | `tests/no_such.py::test_it` |\n") == [
        "tests/no_such.py::test_it"
    ]
