"""The threat model: complete by entry and kind of threat, and every line names a test there is."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from infra.routes import ROUTES
from tests.harness import claims

ROOT = claims.ROOT
MODEL = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
STRIDE = "STRIDE"
CELLS = 4


def entries(text: str) -> dict[str, list[list[str]]]:
    """The lines of every section that has any, by its heading."""
    parts = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    found = {part.partition("\n")[0]: claims.rows(part) for part in parts}
    return {name: lines for name, lines in found.items() if lines}


def doubts(text: str) -> list[str]:
    """All that is wrong with a threat model."""
    wrong = [f"there is no test {each}" for each in claims.missing(text)]
    for entry, lines in entries(text).items():
        kinds: Counter[str] = Counter()
        for line in lines:
            if len(line) != CELLS or not all(line):
                wrong.append(f"{entry}: a line has not four cells: {line[:2]}")
                continue
            kinds[line[0]] += 1
            if not claims.named(line[3]):
                wrong.append(f"{entry}: {line[1]} names no test")
        wrong += [f"{entry}: nothing is said about {kind}" for kind in STRIDE if not kinds[kind]]
        wrong += [f"{entry}: {kind} is no kind" for kind in kinds if kind not in STRIDE]
    return wrong


def queues() -> set[str]:
    """Names of the queues that functions of ours are woken by or watch."""
    files = (ROOT / "infra" / "functions").glob("*.py")
    return {name for file in files for name in re.findall(r'"queue/([a-z-]+)"', file.read_text())}


def test_every_line_of_the_threat_model_names_a_test_that_exists() -> None:
    assert doubts(MODEL) == []
    assert len(entries(MODEL)) >= 12


def test_every_open_route_is_an_entry() -> None:
    open_routes = {route.key for route in ROUTES if route.open_because}

    assert {route for route in open_routes if f"`{route}`" not in MODEL} == set()


def test_every_queue_and_every_stream_is_named() -> None:
    assert {queue for queue in queues() if f"`{queue}`" not in MODEL} == set()
    assert "`billing_events`" in MODEL
    assert "`incidents`" in MODEL


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("test_no_flipped_bit_passes", "test_no_such_thing", "there is no test"),
        ("`tests/property/test_signatures.py::test_no_flipped_bit_passes`", "-", "names no test"),
        ("| E | A link is used for more", "| D | A link is used for more", ""),
        ("| R | Who took telephone numbers", "| X | Who took", "is no kind"),
        ("| R | Who took telephone numbers", "| D | Who took", "nothing is said about R"),
        ("| T | A byte is changed on the way. |", "| T |", "has not four cells"),
    ],
)
def test_a_line_without_its_test_or_its_kind_is_found(before: str, after: str, said: str) -> None:
    assert before in MODEL
    found = doubts(MODEL.replace(before, after))

    assert any(said in each for each in found) if said else found == []
